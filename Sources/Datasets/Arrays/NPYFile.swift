internal import LinAlg

/// An open `.npy` file whose header has been read and whose size fits it; nothing is allocated for the entries yet.
final class NPYFile: Sendable {
  let file: InputFile
  let header: NPYHeader

  convenience init(_ path: String, rank: Int?) throws(DatasetError) { try self.init(InputFile(path), rank: rank) }

  /// - Parameter rank: the number of dimensions that are expected, nil for any.
  init(_ file: consuming InputFile, rank: Int?) throws(DatasetError) {
    let path = file.path
    let prefix = try file.bytes(min(12, file.size))
    let text = try NPYHeader.textRange(prefix: prefix, size: file.size, path: path)
    let header = try NPYHeader.parse(
      file.bytes(text.count, at: text.lowerBound), dataOffset: text.upperBound, path: path)
    if let rank, header.shape.count != rank {
      throw .invalid(
        path: path,
        reason: "has shape \(NPYHeader.tuple(header.shape)); expected \(rank) dimension\(rank == 1 ? "" : "s")")
    }
    let expected = header.count * header.type.size
    let found = file.size - header.dataOffset
    guard found == expected else {
      throw .invalid(
        path: path,
        reason: "\(found) bytes from byte \(header.dataOffset) on; shape \(NPYHeader.tuple(header.shape)) of "
          + "\(header.type) takes \(expected): \(found < expected ? "truncated" : "bytes too many")")
    }
    self.file = file
    self.header = header
  }

  var path: String { file.path }
  /// The numbers of rows and columns of a file of two dimensions.
  var rows: Int { header.shape[0] }
  var columns: Int { header.shape[1] }

  /// Refuses entries that memory does not hold. The size of the file is no limit: its holes take no disk.
  func requireMemory<Entry>(_: Entry.Type) throws(DatasetError) {
    let (bytes, overflow) = header.count.multipliedReportingOverflow(by: MemoryLayout<Entry>.size)
    try Memory.require(
      overflow ? .max : bytes, for: "shape \(NPYHeader.tuple(header.shape)) as \(Entry.self)", path: path)
  }

  /// - Parameter range: the rows that are read, nil for all.
  func matrix<Element: Scalar>(
    as: Element.Type = Element.self, rows range: Range<Int>? = nil, layout: Layout?, allowsNonFinite: Bool = false
  ) throws(DatasetError) -> Matrix<Element> {
    let own: Layout = header.isFortranOrder ? .columnMajor : .rowMajor
    let (range, isFortran) = (range ?? 0..<rows, header.isFortranOrder)
    let reader = NPYReader<Element>(
      self, lines: isFortran ? columns : range.count, length: isFortran ? range.count : columns,
      transposes: own != layout ?? own, start: isFortran ? range.lowerBound : range.lowerBound * columns,
      stride: isFortran ? rows : columns)
    var bad: Int?
    let matrix = try Matrix<Element>(rows: range.count, columns: columns, layout: layout ?? own) {
      (buffer) throws(DatasetError) in bad = try reader.fill(buffer)
    }
    if !allowsNonFinite, let bad {
      let (line, place) = bad.quotientAndRemainder(dividingBy: reader.stride)
      let (i, j) = isFortran ? (place, line) : (line, place)
      throw notFinite(i, j, matrix[i - range.lowerBound, j])
    }
    return matrix
  }

  /// - Parameter range: the entries that are read, nil for all.
  func vector<Element: Scalar>(
    as: Element.Type = Element.self, rows range: Range<Int>? = nil, allowsNonFinite: Bool = false
  ) throws(DatasetError) -> Vector<Element> {
    let range = range ?? 0..<header.count
    precondition(
      range.lowerBound >= 0 && range.upperBound <= header.count, "NPY: entries \(range) of \(header.count) in \(path)")
    var bad: Int?
    let reader = NPYReader<Element>(
      self, lines: 1, length: range.count, transposes: false, start: range.lowerBound)
    let vector = try Vector<Element>(count: range.count) { (buffer) throws(DatasetError) in
      bad = try reader.fill(buffer)
    }
    if !allowsNonFinite, let bad { throw notFinite(bad, vector[bad - range.lowerBound]) }
    return vector
  }

  /// The finite numbers of one dimension as an array.
  func array<Element: Scalar>(of: Element.Type = Element.self) throws(DatasetError) -> [Element] {
    var bad: Int?
    var failure: DatasetError?
    let array = [Element](unsafeUninitializedCapacity: header.count) { buffer, initialized in
      System.preferLargePages(UnsafeMutableRawBufferPointer(buffer))
      do throws(DatasetError) {
        bad = try line(of: Element.self).fill(UnsafeMutableBufferPointer(rebasing: buffer[..<header.count]))
        initialized = header.count
      } catch { failure = error }
    }
    if let failure { throw failure }
    if let bad { throw notFinite(bad, array[bad]) }
    return array
  }

  private func line<Element: Scalar>(of: Element.Type) -> NPYReader<Element> {
    NPYReader(self, lines: 1, length: header.count, transposes: false)
  }

  func notFinite<Element: Scalar>(_ place: Int, _ value: Element) -> DatasetError {
    .invalid(
      path: path,
      reason: "entry \(place) (counted from 0) is \(value) as \(Element.typeName); expected a finite number")
  }

  /// The integers of one dimension, each of which `Integer` holds. Large files are read by all processors.
  func integers<Integer: FixedWidthInteger & Sendable>(
    as: Integer.Type = Integer.self
  ) throws(DatasetError) -> [Integer] {
    guard header.type.isInteger else {
      throw .invalid(path: path, reason: "holds \(header.type); expected integers (uint8, int32 or int64)")
    }
    var tooLarge: Int?
    var failure: DatasetError?
    let result = [Integer](unsafeUninitializedCapacity: header.count) { buffer, initialized in
      do throws(DatasetError) {
        tooLarge = try fill(UnsafeMutableBufferPointer(rebasing: buffer[..<header.count]))
        initialized = header.count
      } catch { failure = error }
    }
    if let failure { throw failure }
    if let tooLarge {
      let bytes = try file.bytes(header.type.size, at: header.dataOffset + tooLarge * header.type.size)
      var value = 0
      bytes.withUnsafeBytes { forEachInteger($0) { value = $1 } }
      throw .invalid(path: path, reason: "entry \(tooLarge) is \(value), outside what an index can be")
    }
    return result
  }

  /// Fills `buffer`, all of it; the place of the first integer that is beyond `Integer`.
  private func fill<Integer: FixedWidthInteger & Sendable>(
    _ buffer: UnsafeMutableBufferPointer<Integer>
  ) throws(DatasetError) -> Int? {
    guard let start = buffer.baseAddress, !buffer.isEmpty else { return nil }
    System.preferLargePages(UnsafeMutableRawBufferPointer(buffer))
    nonisolated(unsafe) let target = start
    let count = buffer.count
    let size = header.type.size
    // Signed integers of the file's own size are read to where they stay.
    let isPlain =
      Integer.isSigned && size == MemoryLayout<Integer>.size && header.isBigEndian == NPYHeader.isBigEndianHost
    let width = 1 << 16
    return try FileBlocks.forEach(
      (count + width - 1) / width, scratch: { Bytes(isPlain ? 0 : width * size) }
    ) { (block, scratch) throws(DatasetError) in
      let first = block * width
      let entries = min(width, count - first)
      let out = target + first
      let bytes = UnsafeMutableRawBufferPointer(
        start: isPlain ? UnsafeMutableRawPointer(out) : scratch.pointer, count: entries * size)
      try file.read(into: bytes, at: header.dataOffset + first * size)
      if isPlain { return nil }
      var bad: Int?
      forEachInteger(UnsafeRawBufferPointer(bytes)) { i, value in
        let narrow = Integer(truncatingIfNeeded: value)
        out[i] = narrow
        if narrow != value, bad == nil { bad = first + i }
      }
      return bad
    }
  }

  /// The integers in `bytes`, of the file's type, each with its number.
  @inline(__always)
  private func forEachInteger(_ bytes: UnsafeRawBufferPointer, _ body: (Int, Int) -> Void) {
    switch (header.type, header.isBigEndian) {
    case (.uint8, _): for i in bytes.indices { body(i, Int(bytes[i])) }
    case (.int32, let big): forEach(bytes, UInt32.self, big) { body($0, Int(Int32(bitPattern: $1))) }
    case (_, let big): forEach(bytes, UInt64.self, big) { body($0, Int(Int64(bitPattern: $1))) }
    }
  }
}

/// Bytes that a processor reads to before it converts them.
private final class Bytes {
  let pointer: UnsafeMutableRawPointer
  init(_ count: Int) { pointer = .allocate(byteCount: max(1, count), alignment: 8) }
  deinit { pointer.deallocate() }
}

/// The integers in `bytes`, each with its number.
@inline(__always)
func forEach<Bits: FixedWidthInteger>(
  _ bytes: UnsafeRawBufferPointer, _: Bits.Type, _ isBigEndian: Bool, _ body: (Int, Bits) -> Void
) {
  let size = MemoryLayout<Bits>.size
  for i in 0..<(bytes.count / size) {
    let bits = bytes.loadUnaligned(fromByteOffset: i * size, as: Bits.self)
    body(i, isBigEndian ? Bits(bigEndian: bits) : Bits(littleEndian: bits))
  }
}
