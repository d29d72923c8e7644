public import LinAlg

/// Reads the sparse text files of LIBSVM and SVMlight, plain or gzipped: a line per sample, `target index:value index:value …`.
///
/// Indices increase along a line and count from 1. Everything from `#` on is a comment, and lines with nothing else are passed over. `qid:N` behind
/// the target, on every line or on none, is the sample's group. Numbers are rounded correctly; blocks of lines are read by all processors.
public enum LIBSVM {
  /// The samples of a file.
  public struct Samples: Sendable {
    /// n × p; what a line leaves out is zero.
    public let features: SparseMatrix<Double>
    /// n entries.
    public let targets: Vector<Double>
    /// The `qid` of every line; nil where there are none.
    public let groups: [Int]?
  }

  /// Reads a file. Memory: the text, some 60 bytes per entry while it is read, 12 per entry afterwards.
  ///
  /// - Parameters:
  ///   - features: p; nil for the largest index. Another file of the same kind may end with another feature.
  ///   - firstIndex: 1, or 0 for files that count from there.
  /// - Throws: ``DatasetError`` that names the line, counted from 1, and the word in it.
  public static func samples(
    at path: String, features: Int? = nil, firstIndex: Int = 1
  ) throws(DatasetError) -> Samples {
    precondition(
      features ?? 1 >= 1 && (0...1).contains(firstIndex), "LIBSVM: \(features ?? 1) features from \(firstIndex)")
    let bytes = try TextFile.contents(of: path)
    let most = bytes.count { $0 == UInt8(ascii: ":") }
    try Memory.require(Memory.sum([(most, 60)]), for: "\(most) sparse entries", path: path)
    let limit = min(features ?? .max, NPYHeader.longestDimension - 1)
    let read = bytes.withUnsafeBufferPointer { bytes in
      Result { () throws(DatasetError) in try Self.blocks(of: bytes, path, limit, firstIndex) }
    }
    return try join(read.get(), path, features: features)
  }

  /// Blocks of whole lines, read at once.
  ///
  /// - Parameter linesBefore: how many are before these bytes, for the message.
  private static func blocks(
    of bytes: UnsafeBufferPointer<UInt8>, _ path: String, _ limit: Int, _ firstIndex: Int,
    linesBefore: () throws(DatasetError) -> Int = { () throws(DatasetError) in 0 }
  ) throws(DatasetError) -> [LIBSVMBlock] {
    var ranges: [Range<Int>] = []
    var start = 0
    while start < bytes.count {
      let end = bytes[min(bytes.count, start + 1 << 20)...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      ranges.append(start..<end)
      start = end + 1
    }
    let found = Collected(ranges.count)
    nonisolated(unsafe) let bytes = bytes
    let parts = ranges
    let bad = try FileBlocks.forEach(parts.count, scratch: {}) { (k, _) throws(DatasetError) in
      let block = LIBSVMBlock(bytes, parts[k], limit: limit, firstIndex: firstIndex)
      found[k] = block
      return block.flaw == nil ? nil : k
    }
    if let bad, let flaw = found[bad]?.flaw {
      let line = try 1 + linesBefore() + bytes[..<flaw.offset].count { $0 == UInt8(ascii: "\n") }
      throw .invalid(path: path, reason: "line \(line): \(flaw.reason)")
    }
    return (0..<ranges.count).map { found[$0]! }
  }

  private static func join(_ blocks: [LIBSVMBlock], _ path: String, features: Int?) throws(DatasetError) -> Samples {
    let rows = blocks.reduce(0) { $0 + $1.targets.count }
    guard rows > 0 else {
      throw .invalid(path: path, reason: "holds no line 'target index:value …'; expected one per sample")
    }
    let largest = blocks.reduce(0) { max($0, $1.features) }
    let columns = features ?? largest
    guard columns > 0 else {
      throw .invalid(path: path, reason: "holds targets and no entry 'index:value'; expected features")
    }
    try Memory.require(
      Memory.sum([(columns, 64), (rows, 64)]), for: "a sparse matrix of \(rows) × \(columns)", path: path)
    let targets = blocks.flatMap(\.targets)
    let groups = blocks.flatMap(\.groups)
    guard groups.isEmpty || groups.count == rows else {
      throw .invalid(path: path, reason: "\(groups.count) of \(rows) lines have a qid; expected all of them or none")
    }
    return Samples(
      features: matrix(blocks, columns: columns), targets: Vector(targets), groups: groups.isEmpty ? nil : groups)
  }

  /// n × p, of at least as many columns as there are features.
  private static func matrix(_ blocks: [LIBSVMBlock], columns: Int) -> SparseMatrix<Double> {
    var pointers = [0]
    var indices: [Int32] = []
    var values: [Double] = []
    let entries = blocks.reduce(0) { $0 + $1.values.count }
    let rows = blocks.reduce(0) { $0 + $1.targets.count }
    pointers.reserveCapacity(rows + 1)
    indices.reserveCapacity(entries)
    values.reserveCapacity(entries)
    for block in blocks {
      for end in block.ends { pointers.append(values.count + end) }
      indices += block.indices
      values += block.values
    }
    do throws(SparseStructureError) {
      return SparseMatrix(
        transposing: try SparseMatrix(
          rows: columns, columns: rows, columnPointers: pointers, rowIndices: indices, values: values))
    } catch { preconditionFailure("LIBSVM: \(error)") }  // every line was seen to increase
  }

  /// The lines of one of several readers of a file.
  package struct Share: Sendable {
    /// One for each of its lines.
    package let targets: Vector<Double>
    /// The largest index, and one more.
    package let features: Int
    fileprivate let blocks: [LIBSVMBlock]

    /// - Precondition: `columns` is at least ``features``.
    package func matrix(columns: Int) -> SparseMatrix<Double> { LIBSVM.matrix(blocks, columns: columns) }
  }

  /// The lines that begin in part k of `count` equal parts of a plain text file; there may be none.
  ///
  /// - Throws: as ``samples(at:features:firstIndex:)``.
  package static func share(
    _ k: Int, of count: Int, at path: String, features: Int?, firstIndex: Int
  ) throws(DatasetError) -> Share {
    let text = try OpenText(path)
    func begin(_ k: Int) throws(DatasetError) -> Int {
      try text.lineStart(from: text.size / count * k + text.size % count * k / count)
    }
    let range = try begin(k)..<begin(k + 1)
    try Memory.require(Memory.sum([(range.count, 16)]), for: "a part of \(range.count) bytes", path: path)
    let bytes = try text.bytes(range.count, at: range.lowerBound)
    let limit = min(features ?? .max, NPYHeader.longestDimension - 1)
    let read = bytes.withUnsafeBufferPointer { bytes in
      Result { () throws(DatasetError) in
        try blocks(of: bytes, path, limit, firstIndex) { () throws(DatasetError) in
          try text.breaks(before: range.lowerBound)
        }
      }
    }
    let found = try read.get()
    return Share(
      targets: Vector(found.flatMap(\.targets)), features: found.reduce(0) { max($0, $1.features) }, blocks: found)
  }

  /// Blocks as they come in.
  private final class Collected: @unchecked Sendable {
    private let blocks: UnsafeMutableBufferPointer<LIBSVMBlock?>

    init(_ count: Int) {
      blocks = .allocate(capacity: count)
      blocks.initialize(repeating: nil)
    }

    deinit {
      blocks.deinitialize()
      blocks.deallocate()
    }

    /// Every block is written by one processor, and read when all are done.
    subscript(k: Int) -> LIBSVMBlock? {
      get { blocks[k] }
      set { blocks[k] = newValue }
    }
  }
}
