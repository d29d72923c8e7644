public import LinAlg

/// Reads and writes NumPy's `.npy` files.
///
/// Read are float32, float64, uint8, int32 and int64 in either byte order, in C or Fortran order, format versions 1.0,
/// 2.0 and 3.0. Structured types and pickled objects are refused. Every reader throws ``DatasetError/missing(path:)``
/// where there is no file and ``DatasetError/invalid(path:reason:)`` for whatever is wrong with one that is there;
/// nothing is allocated for the entries before their number has been checked against the size of the file.
public enum NPY {
  /// The array of two dimensions in the file at `path`.
  ///
  /// C order gives a row-major matrix, Fortran order a column-major one: the bytes go straight to where they stay. A
  /// file of another type than `Element` is converted, rounded to nearest.
  ///
  /// - Parameter allowsNonFinite: whether NaN and infinities pass; otherwise they throw, named by row and column.
  public static func matrix<Element: Scalar>(
    at path: String, as: Element.Type = Element.self, allowsNonFinite: Bool = false
  ) throws(DatasetError) -> Matrix<Element> {
    let source = try Source(path, rank: 2)
    let (rows, columns) = (source.header.shape[0], source.header.shape[1])
    let matrix = try Matrix<Element>(
      rows: rows, columns: columns, layout: source.header.isFortranOrder ? .columnMajor : .rowMajor
    ) { (buffer) throws(DatasetError) in try source.fill(buffer) }
    // An empty array may still claim 2³¹ columns: there is nothing to look through.
    if !allowsNonFinite, matrix.count > 0, let (i, j) = matrix.firstNonFinite {
      throw .invalid(
        path: path,
        reason:
          "row \(i), column \(j) (counted from 0) is \(matrix[i, j]) as \(Element.typeName); expected a finite number")
    }
    return matrix
  }

  /// The array of one dimension in the file at `path`, converted to `Element` where it is of another type.
  ///
  /// - Parameter allowsNonFinite: whether NaN and infinities pass; otherwise they throw, named by their index.
  public static func vector<Element: Scalar>(
    at path: String, as: Element.Type = Element.self, allowsNonFinite: Bool = false
  ) throws(DatasetError) -> Vector<Element> {
    let source = try Source(path, rank: 1)
    let vector = try Vector<Element>(count: source.header.shape[0]) { (buffer) throws(DatasetError) in
      try source.fill(buffer)
    }
    if !allowsNonFinite, let i = vector.firstNonFinite {
      throw .invalid(
        path: path,
        reason: "entry \(i) (counted from 0) is \(vector[i]) as \(Element.typeName); expected a finite number")
    }
    return vector
  }

  /// The integers of one dimension in the file at `path`: labels or indices.
  public static func indices(at path: String) throws(DatasetError) -> [Int] {
    let source = try Source(path, rank: 1)
    guard source.header.type.isInteger else {
      throw .invalid(path: path, reason: "holds \(source.header.type); expected integers (uint8, int32 or int64)")
    }
    var result = [Int](repeating: 0, count: source.header.count)
    try source.forEachChunk { bytes, first in
      switch (source.header.type, source.header.isBigEndian) {
      case (.uint8, _): for i in bytes.indices { result[first + i] = Int(bytes[i]) }
      case (.int32, let big): load(bytes, UInt32.self, big) { result[first + $0] = Int(Int32(bitPattern: $1)) }
      case (_, let big): load(bytes, UInt64.self, big) { result[first + $0] = Int(Int64(bitPattern: $1)) }
      }
    }
    return result
  }

  /// Writes a matrix in its own order, atomically; `numpy.load` reads it.
  ///
  /// - Throws: ``DatasetError/unwritable(path:reason:)``.
  public static func write<Element: Scalar>(_ matrix: Matrix<Element>, to path: String) throws(DatasetError) {
    let isFortranOrder = matrix.layout == .columnMajor
    let lines = isFortranOrder ? matrix.columns : matrix.rows
    let length = isFortranOrder ? matrix.rows : matrix.columns
    try AtomicFile.write(to: path) { (output) throws(DatasetError) in
      try output.append(
        NPYHeader.bytes(
          type: entryType(Element.self), isFortranOrder: isFortranOrder, shape: [matrix.rows, matrix.columns]))
      guard length > 0 else { return }
      if matrix.stride == length {
        try output.append(UnsafeRawBufferPointer(UnsafeBufferPointer(start: matrix.base, count: matrix.count)))
      } else {
        for k in 0..<lines {
          let line = UnsafeBufferPointer(start: matrix.base + k * matrix.stride, count: length)
          try output.append(UnsafeRawBufferPointer(line))
        }
      }
    }
    withExtendedLifetime(matrix) {}
  }

  /// Writes a vector, atomically; `numpy.load` reads it.
  ///
  /// - Throws: ``DatasetError/unwritable(path:reason:)``.
  public static func write<Element: Scalar>(_ vector: Vector<Element>, to path: String) throws(DatasetError) {
    try AtomicFile.write(to: path) { (output) throws(DatasetError) in
      try output.append(
        NPYHeader.bytes(type: entryType(Element.self), isFortranOrder: false, shape: [vector.count]))
      try output.append(UnsafeRawBufferPointer(UnsafeBufferPointer(start: vector.base, count: vector.count)))
    }
    withExtendedLifetime(vector) {}
  }

  /// Writes integers as int64, atomically; `numpy.load` reads them.
  ///
  /// - Throws: ``DatasetError/unwritable(path:reason:)``.
  public static func write(_ indices: [Int], to path: String) throws(DatasetError) {
    try AtomicFile.write(to: path) { (output) throws(DatasetError) in
      try output.append(NPYHeader.bytes(type: .int64, isFortranOrder: false, shape: [indices.count]))
      var failure: DatasetError?
      indices.map { Int64($0) }.withUnsafeBytes { bytes in
        do throws(DatasetError) { try output.append(bytes) } catch { failure = error }
      }
      if let failure { throw failure }
    }
  }

  private static func entryType<Element: Scalar>(_: Element.Type) -> NPYHeader.EntryType {
    MemoryLayout<Element>.size == 4 ? .float32 : .float64
  }
}

// MARK: - The bytes after the header

extension NPY {
  /// An open file whose header has been read and whose size fits it.
  fileprivate struct Source: ~Copyable {
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

    /// Reads every entry to its place in `buffer`, converting where the types differ.
    @specialized(where Element == Float)
    @specialized(where Element == Double)
    func fill<Element: Scalar>(_ buffer: UnsafeMutableBufferPointer<Element>) throws(DatasetError) {
      if header.type == NPY.entryType(Element.self), header.isBigEndian == NPYHeader.isBigEndianHost {
        return try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: header.dataOffset)
      }
      try forEachChunk { bytes, first in
        switch (header.type, header.isBigEndian) {
        case (.float32, let big):
          load(bytes, UInt32.self, big) { buffer.initializeElement(at: first + $0, to: Element(Float(bitPattern: $1))) }
        case (.float64, let big):
          load(bytes, UInt64.self, big) {
            buffer.initializeElement(at: first + $0, to: Element(Double(bitPattern: $1)))
          }
        case (.uint8, _):
          for i in bytes.indices { buffer.initializeElement(at: first + i, to: Element(bytes[i])) }
        case (.int32, let big):
          load(bytes, UInt32.self, big) {
            buffer.initializeElement(at: first + $0, to: Element(Int32(bitPattern: $1)))
          }
        case (.int64, let big):
          load(bytes, UInt64.self, big) {
            buffer.initializeElement(at: first + $0, to: Element(Int64(bitPattern: $1)))
          }
        }
      }
    }

    /// Hands the entries' bytes over in pieces, each with the number of its first entry.
    func forEachChunk(_ body: (UnsafeRawBufferPointer, Int) -> Void) throws(DatasetError) {
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
}

/// The integers in `bytes`, each with its number.
private func load<Bits: FixedWidthInteger>(
  _ bytes: UnsafeRawBufferPointer, _: Bits.Type, _ isBigEndian: Bool, _ body: (Int, Bits) -> Void
) {
  let size = MemoryLayout<Bits>.size
  for i in 0..<(bytes.count / size) {
    let bits = bytes.loadUnaligned(fromByteOffset: i * size, as: Bits.self)
    body(i, isBigEndian ? Bits(bigEndian: bits) : Bits(littleEndian: bits))
  }
}
