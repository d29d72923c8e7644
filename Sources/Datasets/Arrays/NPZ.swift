public import LinAlg

/// The arrays of a NumPy archive (`numpy.savez`, `savez_compressed`), by their names; sparse matrices of `scipy.sparse.save_npz` too.
///
/// An array is read when it is asked for, checked against the checksum of the archive and otherwise as ``NPY`` reads files; errors name it as
/// `ARCHIVE.npz/NAME.npy`. Memory: the bytes of the array beside what is made of them.
public struct NPZ: Sendable {
  private let archive: ZipArchive
  private let place: [String: Int]

  public let path: String
  /// The names of the arrays, in the order of the archive, without their endings.
  public let names: [String]

  /// Reads the directory of an archive.
  ///
  /// - Throws: ``DatasetError`` where it is no zip archive, damaged, or holds what is no array.
  public init(path: String) throws(DatasetError) {
    self.path = path
    archive = try ZipArchive(path)
    var names: [String] = []
    for entry in archive.entries {
      guard entry.name.hasSuffix(".npy") else {
        throw .invalid(path: path, reason: "holds '\(DatasetError.oneLine(entry.name))'; expected arrays, NAME.npy")
      }
      names.append(String(entry.name.dropLast(4)))
    }
    self.names = names
    place = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
  }

  public func contains(_ name: String) -> Bool { place[name] != nil }

  /// An array of two dimensions, as ``NPY/matrix(at:as:layout:allowsNonFinite:)`` reads one; its numbers are finite.
  public func matrix<Element: Scalar>(
    _ name: String, as: Element.Type = Element.self, layout: Layout? = nil
  ) throws(DatasetError) -> Matrix<Element> {
    let file = try open(name, rank: 2)
    try file.requireMemory(Element.self)
    return try file.matrix(layout: layout)
  }

  /// An array of one dimension; its numbers are finite.
  public func vector<Element: Scalar>(
    _ name: String, as: Element.Type = Element.self
  ) throws(DatasetError) -> Vector<Element> {
    let file = try open(name, rank: 1)
    try file.requireMemory(Element.self)
    return try file.vector()
  }

  /// Whether the arrays are those of a sparse matrix: `data`, `indptr` and so on, each behind `prefix`.
  public func containsSparseMatrix(prefix: String = "") -> Bool {
    contains(prefix + "format") && contains(prefix + "shape")
  }

  /// A matrix as `scipy.sparse.save_npz` writes it, in compressed columns or rows.
  ///
  /// - Parameter prefix: what stands before `data`, `indices`, `indptr`, `shape` and `format`.
  /// - Throws: ``DatasetError`` for another format, for arrays that are no such matrix, and for numbers that are not finite.
  public func sparseMatrix<Element: Scalar>(
    prefix: String = "", as: Element.Type = Element.self
  ) throws(DatasetError) -> SparseMatrix<Element> {
    let format = try StoredFormat.text(in: content(prefix + "format"))
    guard format == "csc" || format == "csr" else {
      throw .invalid(
        path: file(prefix + "format"),
        reason: "holds '\(DatasetError.oneLine(format))'; expected 'csc' or 'csr': save X.tocsc()")
    }
    let shape = try open(prefix + "shape", rank: 1).integers(as: Int.self)
    guard shape.count == 2, shape.allSatisfy({ (1...NPYHeader.longestDimension).contains($0) }) else {
      throw .invalid(path: file(prefix + "shape"), reason: "holds \(shape); expected rows and columns")
    }
    let (lines, length) = format == "csc" ? (shape[1], shape[0]) : (shape[0], shape[1])
    let valueFile = try open(prefix + "data", rank: 1)
    try Memory.require(
      Memory.sum([(valueFile.header.count, 4 * MemoryLayout<Element>.size + 24), (lines, 64), (length, 64)]),
      for: "a sparse matrix of \(shape[0]) × \(shape[1]) with \(valueFile.header.count) entries", path: path)
    let pointers = try open(prefix + "indptr", rank: 1).integers(as: Int.self)
    let indices = try open(prefix + "indices", rank: 1).integers(as: Int32.self)
    let values = try valueFile.array(of: Element.self)
    do throws(SparseStructureError) {
      let matrix = try SparseMatrix(
        rows: length, columns: lines, columnPointers: pointers, rowIndices: indices, values: values)
      return format == "csc" ? matrix : SparseMatrix(transposing: matrix)
    } catch {
      let part: String
      let advice: String
      switch error {
      case .index: (part, advice) = ("indices", " (X.sum_duplicates() sorts them)")
      default: (part, advice) = ("indptr", "")
      }
      throw .invalid(path: file(prefix + part), reason: "not \(format) of \(shape[0]) × \(shape[1]): \(error)\(advice)")
    }
  }

  /// What an array is called in messages.
  func file(_ name: String) -> String { "\(path)/\(name).npy" }

  private func content(_ name: String) throws(DatasetError) -> InputFile {
    guard let k = place[name] else {
      let found = names.prefix(12).map { "'\(DatasetError.oneLine($0))'" }.joined(separator: ", ")
      throw .invalid(
        path: path, reason: "has no array '\(DatasetError.oneLine(name))'; found \(found.isEmpty ? "none" : found)")
    }
    return InputFile(try archive.content(of: archive.entries[k]), path: file(name))
  }

  func open(_ name: String, rank: Int) throws(DatasetError) -> NPYFile { try NPYFile(content(name), rank: rank) }
}
