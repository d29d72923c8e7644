public import LinAlg

/// Rows of a LIBSVM file, plain text, as dense blocks of their features.
public struct LIBSVMRowBlocks: RowBlocks, Sendable {
  public let columns: Int
  /// The most rows of a block.
  public let height: Int
  private let firstIndex: Int
  private var pieces: TextPieces

  /// - Parameters:
  ///   - features: p; a file that has more is refused where it does.
  ///   - firstIndex: 1, or 0 for files that count from there.
  ///   - memory: bytes that a ``ReducedRows`` of them may take at its largest, beside a MiB of text and what is read of it.
  /// - Throws: ``DatasetError`` that names the file.
  public init(path: String, features: Int, firstIndex: Int = 1, memory: Int) throws(DatasetError) {
    let height = try ReducedRows<Double>.height(columns: features, memory: memory, path: path)
    try self.init(path: path, features: features, firstIndex: firstIndex, height: height)
  }

  package init(path: String, features: Int, firstIndex: Int, height: Int) throws(DatasetError) {
    precondition(features >= 1 && (0...1).contains(firstIndex), "LIBSVM: \(features) features from \(firstIndex)")
    pieces = try TextPieces(path, hasQuotes: false)
    (columns, self.height, self.firstIndex) = (features, height, firstIndex)
  }

  public mutating func next() throws -> RowBlock<Double>? {
    while let found = try Self.next(&pieces, limit: columns, firstIndex, height) {
      if found.targets.isEmpty { continue }
      var features = Matrix<Double>.zeros(found.targets.count, columns, layout: .rowMajor)
      let entries = features.mutableBase()
      var begin = 0
      for (row, end) in found.ends.enumerated() {
        for k in begin..<end { entries[row * columns + Int(found.indices[k])] = found.values[k] }
        begin = end
      }
      return RowBlock(features: features, targets: Vector(found.targets))
    }
    return nil
  }

  /// How many rows a file has, their targets and the largest index: a pass over it.
  ///
  /// - Throws: ``DatasetError`` that names the line.
  package static func survey(
    _ path: String, features: Int?, firstIndex: Int
  ) throws(DatasetError) -> (columns: Int, targets: Vector<Double>) {
    var pieces = try TextPieces(path, hasQuotes: false)
    var (columns, targets) = (features ?? 0, [Double]())
    let limit = features ?? NPYHeader.longestDimension - 1
    while let found = try next(&pieces, limit: limit, firstIndex, .max) {
      columns = max(columns, found.features)
      targets += found.targets
    }
    guard !targets.isEmpty, columns > 0 else {
      throw .invalid(path: path, reason: "holds no line 'target index:value …' with an entry; expected one per sample")
    }
    return (columns, Vector(targets))
  }

  private static func next(
    _ pieces: inout TextPieces, limit: Int, _ firstIndex: Int, _ height: Int
  ) throws(DatasetError) -> LIBSVMBlock? {
    guard let piece = try pieces.next(lines: height) else { return nil }
    let (found, line) = piece.bytes.withUnsafeBufferPointer { bytes in
      let found = LIBSVMBlock(bytes, 0..<bytes.count, limit: limit, firstIndex: firstIndex)
      return (found, found.flaw.map { flaw in bytes[..<flaw.offset].count { $0 == UInt8(ascii: "\n") } })
    }
    if let flaw = found.flaw, let line {
      throw .invalid(path: pieces.path, reason: "line \(piece.line + line): \(flaw.reason)")
    }
    return found
  }
}
