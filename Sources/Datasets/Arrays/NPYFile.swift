internal import LinAlg

/// An open `.npy` file whose header has been read and whose size fits it; nothing is allocated for the entries yet.
final class NPYFile: Sendable {
  let file: InputFile
  let header: NPYHeader

  init(_ path: String, rank: Int) throws(DatasetError) {
    let file = try InputFile(path)
    let prefix = try file.bytes(min(12, file.size))
    let text = try NPYHeader.textRange(prefix: prefix, size: file.size, path: path)
    let header = try NPYHeader.parse(
      file.bytes(text.count, at: text.lowerBound), dataOffset: text.upperBound, path: path)
    guard header.shape.count == rank else {
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

  func matrix<Element: Scalar>(
    as: Element.Type = Element.self, layout: Layout?, allowsNonFinite: Bool = false
  ) throws(DatasetError) -> Matrix<Element> {
    let own: Layout = header.isFortranOrder ? .columnMajor : .rowMajor
    let lines = header.isFortranOrder ? columns : rows
    let reader = NPYReader<Element>(
      self, lines: lines, length: header.isFortranOrder ? rows : columns, transposes: own != layout ?? own)
    var bad: Int?
    let matrix = try Matrix<Element>(rows: rows, columns: columns, layout: layout ?? own) {
      (buffer) throws(DatasetError) in bad = try reader.fill(buffer)
    }
    if !allowsNonFinite, let bad {
      let (line, place) = bad.quotientAndRemainder(dividingBy: reader.length)
      let (i, j) = header.isFortranOrder ? (place, line) : (line, place)
      throw .invalid(
        path: path,
        reason:
          "row \(i), column \(j) (counted from 0) is \(matrix[i, j]) as \(Element.typeName); expected a finite number")
    }
    return matrix
  }

  func vector<Element: Scalar>(
    as: Element.Type = Element.self, allowsNonFinite: Bool = false
  ) throws(DatasetError) -> Vector<Element> {
    var bad: Int?
    let vector = try Vector<Element>(count: header.count) { (buffer) throws(DatasetError) in
      bad = try line(of: Element.self).fill(buffer)
    }
    if !allowsNonFinite, let bad { throw notFinite(bad, vector[bad]) }
    return vector
  }

  /// The finite numbers of one dimension as an array.
  func array<Element: Scalar>(of: Element.Type = Element.self) throws(DatasetError) -> [Element] {
    var bad: Int?
    var failure: DatasetError?
    let array = [Element](unsafeUninitializedCapacity: header.count) { buffer, initialized in
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

  private func notFinite<Element: Scalar>(_ place: Int, _ value: Element) -> DatasetError {
    .invalid(
      path: path,
      reason: "entry \(place) (counted from 0) is \(value) as \(Element.typeName); expected a finite number")
  }

  /// The integers of one dimension, each of which `Integer` holds.
  func integers<Integer: FixedWidthInteger>(as: Integer.Type = Integer.self) throws(DatasetError) -> [Integer] {
    guard header.type.isInteger else {
      throw .invalid(path: path, reason: "holds \(header.type); expected integers (uint8, int32 or int64)")
    }
    var result = [Integer](repeating: 0, count: header.count)
    var tooLarge: (place: Int, value: Int)?
    var failure: DatasetError?
    result.withUnsafeMutableBufferPointer { result in
      // Kept out of the loop's way: most of the time there is none.
      func put(_ i: Int, _ value: Int) {
        if let narrow = Integer(exactly: value) { result[i] = narrow } else if tooLarge == nil { tooLarge = (i, value) }
      }
      do throws(DatasetError) {
        try forEachChunk { bytes, first in
          switch (header.type, header.isBigEndian) {
          case (.uint8, _): for i in bytes.indices { put(first + i, Int(bytes[i])) }
          case (.int32, let big): forEach(bytes, UInt32.self, big) { put(first + $0, Int(Int32(bitPattern: $1))) }
          case (_, let big): forEach(bytes, UInt64.self, big) { put(first + $0, Int(Int64(bitPattern: $1))) }
          }
        }
      } catch { failure = error }
    }
    if let failure { throw failure }
    if let (place, value) = tooLarge {
      throw .invalid(path: path, reason: "entry \(place) is \(value), outside what an index can be")
    }
    return result
  }

  /// Hands the entries' bytes over in pieces, each with the number of its first entry.
  private func forEachChunk(_ body: (UnsafeRawBufferPointer, Int) -> Void) throws(DatasetError) {
    let size = header.type.size
    let entries = 8192
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: entries * size, alignment: 8)
    defer { chunk.deallocate() }
    var first = 0
    while first < header.count {
      let count = min(entries, header.count - first)
      let bytes = UnsafeMutableRawBufferPointer(rebasing: chunk[..<(count * size)])
      try file.read(into: bytes, at: header.dataOffset + first * size)
      body(UnsafeRawBufferPointer(bytes), first)
      first += count
    }
  }
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
