public import LinAlg

/// Sparse matrices in `.npy` files, the arrays of compressed columns (`scipy.sparse.csc_matrix`): PREFIX.data.npy,
/// PREFIX.indices.npy and PREFIX.indptr.npy.
extension SparseMatrix {
  /// Reads the three files.
  ///
  /// The arrays of compressed rows (`csr_matrix`) look the same. Those of a matrix of `rows` rows have `rows` + 1 pointers, as
  /// compressed columns have only where the matrix is square. So a square matrix has to say what it is, in
  /// PREFIX.format.npy (`numpy.save("PREFIX.format.npy", X.format)`, or format.npy out of what `scipy.sparse.save_npz` wrote);
  /// others may.
  ///
  /// - Parameter rows: the number of rows, which the arrays do not say: that of y.
  /// - Throws: `DatasetError` that names the file, for what `NPY` refuses, for arrays that are no compressed columns of so many
  ///   rows or could be compressed rows, and for numbers that are not finite.
  public init(compressedColumnsAt prefix: String, rows: Int) throws(DatasetError) {
    var mappings: [MappedArray]?
    try self.init(compressedColumnsAt: prefix, rows: rows, &mappings)
  }

  /// - Parameter mappings: takes the files that are left where they are; nil where everything is copied.
  init(compressedColumnsAt prefix: String, rows: Int, _ mappings: inout [MappedArray]?) throws(DatasetError) {
    let pointerFile = try NPYFile(prefix + ".indptr.npy", rank: 1)
    let indexFile = try NPYFile(prefix + ".indices.npy", rank: 1)
    let valueFile = try NPYFile(prefix + ".data.npy", rank: 1)
    let columns = pointerFile.header.count - 1
    guard rows > 0, columns >= 1 else {
      throw .invalid(
        path: pointerFile.path, reason: "\(columns + 1) pointers for \(rows) rows; expected rows and columns")
    }
    try StoredFormat.requireColumns(prefix: prefix, rows: rows, columns: columns)
    // Each array as it is read and as it is kept, and the transpose that is kept beside it.
    try Memory.require(
      Memory.sum([(valueFile.header.count, 2 * MemoryLayout<Element>.size + 16), (columns, 64), (rows, 64)]),
      for: "a sparse matrix of \(rows) × \(columns) with \(valueFile.header.count) entries", path: pointerFile.path)
    let pointers = try pointerFile.integers(as: Int.self)
    var (indexMapping, valueMapping): (MappedFile?, MappedFile?)
    let isMapped = mappings != nil
    let indices = isMapped ? try indexFile.indices(&indexMapping) : Stretch(try indexFile.integers(as: Int32.self))
    let values =
      isMapped ? try valueFile.values(of: Element.self, &valueMapping) : Stretch(try valueFile.array(of: Element.self))
    for (file, mapping) in [(indexFile, indexMapping), (valueFile, valueMapping)] {
      if let mapping { mappings?.append((file.path, mapping)) }
    }
    do throws(SparseStructureError) {
      try self.init(
        rows: rows, columns: columns, columnPointers: pointers, rowIndices: indices, values: values)
    } catch {
      let file =
        switch error {
        case .index: ".indices.npy"
        default: ".indptr.npy"
        }
      throw .invalid(path: prefix + file, reason: "not compressed columns of \(rows) rows: \(error)")
    }
  }
}

/// A file that is mapped, by its name.
typealias MappedArray = (path: String, file: MappedFile)

/// PREFIX.format.npy, a string: what sparse arrays are.
enum StoredFormat {
  static func requireColumns(prefix: String, rows: Int, columns: Int) throws(DatasetError) {
    let path = prefix + ".format.npy"
    if System.isOccupied(path) {
      let format = try text(in: InputFile(path))
      guard format == "csc" else {
        throw .invalid(
          path: path, reason: "holds '\(DatasetError.oneLine(format))'; expected 'csc': save the arrays of X.tocsc()")
      }
    } else if columns == rows {
      let name = path.split(separator: "/").last.map { String($0) } ?? path
      throw .invalid(
        path: prefix + ".indptr.npy",
        reason: "\(columns + 1) pointers for \(rows) rows: compressed columns of a square matrix, or compressed rows; "
          + "expected \(name) to say which: numpy.save(\"\(name)\", X.format)")
    }
  }

  /// The string in an array without dimensions, or of one entry.
  static func text(in file: consuming InputFile) throws(DatasetError) -> String {
    let path = file.path
    let prefix = try file.bytes(min(12, file.size))
    let range = try NPYHeader.textRange(prefix: prefix, size: file.size, path: path)
    var literal = NPYLiteral(try file.bytes(range.count, at: range.lowerBound), base: range.lowerBound, path: path)
    var descriptor = ""
    for case ("descr", .text(let found)) in try literal.dictionary() { descriptor = found }
    let rest = file.size - range.upperBound
    // Bytes, or characters of four bytes each, padded by zeros.
    let isWide = descriptor.dropFirst().first == "U"
    guard isWide || descriptor.dropFirst().first == "S", rest <= 1024, !isWide || rest % 4 == 0 else {
      throw .invalid(path: path, reason: "holds '\(DatasetError.oneLine(descriptor))'; expected a short string")
    }
    let bytes = try file.bytes(rest, at: range.upperBound)
    return String(decoding: bytes.filter { $0 != 0 }, as: UTF8.self)
  }
}
