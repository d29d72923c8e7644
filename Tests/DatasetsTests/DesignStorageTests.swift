import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

/// How features are stored is read off the names in a folder, and off the arrays only where they can say it.
@Suite struct DesignStorageTests {
  let directory = try! TemporaryDirectory()

  private func touch(_ names: String...) throws { for name in names { _ = try directory.write([], name) } }

  private func expectRefusal(_ fragments: String..., at location: SourceLocation = #_sourceLocation) {
    let error = #expect(throws: DatasetError.self, sourceLocation: location) {
      try DesignStorage(directory: directory.path)
    }
    for fragment in fragments {
      #expect(
        error?.description.contains(fragment) == true, "\(error?.description ?? "")", sourceLocation: location)
    }
  }

  @Test func denseAndSparseTogetherAreRefused() throws {
    expectRefusal("X_train.npy: there is no such file")
    try touch("X_train.npy", "X_val.npy")
    #expect(try DesignStorage(directory: directory.path) == .dense)
    try touch("X_val.indptr.npy")
    expectRefusal("X_val.npy", "X_val.indptr.npy beside it", "expected one of them")
    try FileManager.default.removeItem(atPath: directory.file("X_val.npy"))
    expectRefusal("X_val.indptr.npy: is sparse, and X_train.npy is not", "as X_train is")
    try touch("X_train.data.npy")
    expectRefusal("X_train.npy", "X_train.data.npy beside it", "expected one of them")
    try FileManager.default.removeItem(atPath: directory.file("X_train.npy"))
    #expect(try DesignStorage(directory: directory.path) == .compressedColumns)
    try FileManager.default.removeItem(atPath: directory.file("X_val.indptr.npy"))
    try touch("X_val.npy")
    expectRefusal("X_val.npy: is dense, and X_train.data.npy is not")
  }

  /// A link to nothing counts as what it is meant to be.
  @Test func brokenLinksAreNotOverlooked() throws {
    try touch("X_train.data.npy", "X_val.data.npy")
    try FileManager.default.createSymbolicLink(
      atPath: directory.file("X_train.npy"), withDestinationPath: directory.file("nowhere.npy"))
    expectRefusal("X_train.npy", "X_train.data.npy beside it")
    try FileManager.default.removeItem(atPath: directory.file("X_train.data.npy"))
    try FileManager.default.removeItem(atPath: directory.file("X_val.data.npy"))
    let error = #expect(throws: DatasetError.self) { try HeldOutDesigns<Double>(directory: directory.path) }
    #expect(error?.description.contains("X_train.npy: is a link to what is not there") == true)
  }

  // MARK: - Compressed rows in the place of compressed columns

  /// [[0, 2, 0], [0, 0, 3], [0, 0, 0]] by columns, or its transpose by rows.
  private func writeSquare() throws -> String {
    let prefix = directory.file("X")
    try NPY.write(Vector<Double>([2, 3]), to: prefix + ".data.npy")
    try NPY.write([0, 1], to: prefix + ".indices.npy")
    try NPY.write([0, 0, 1, 2], to: prefix + ".indptr.npy")
    return prefix
  }

  private func writeFormat(_ descr: String, _ data: [UInt8], shape: String = "()") throws {
    _ = try directory.write(NPYBytes(descr: descr, shape: shape, data: data).bytes, "X.format.npy")
  }

  private func expectRefusal(
    _ prefix: String, rows: Int, _ fragments: String..., at location: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: DatasetError.self, sourceLocation: location) {
      try SparseMatrix<Double>(compressedColumnsAt: prefix, rows: rows)
    }
    for fragment in fragments {
      #expect(
        error?.description.contains(fragment) == true, "\(error?.description ?? "")", sourceLocation: location)
    }
  }

  @Test func squareMatricesSayWhatTheyAre() throws {
    let prefix = try writeSquare()
    expectRefusal(prefix, rows: 3, "X.indptr.npy", "compressed rows", "numpy.save(\"X.format.npy\", X.format)")
    // Not square: the same arrays can be nothing but columns.
    #expect(try SparseMatrix<Double>(compressedColumnsAt: prefix, rows: 2).dense() == Matrix([[0, 2, 0], [0, 0, 3]]))
    let square = Matrix<Double>([[0, 2, 0], [0, 0, 3], [0, 0, 0]])
    // As scipy.sparse.save_npz writes it, and as numpy.save does on either kind of machine.
    let wide: (Bool) -> [UInt8] = { big in "csc".utf8.flatMap { NPYBytes.bytes(of: UInt32($0), big: big) } }
    for (descr, data, shape) in [
      ("'|S3'", Array("csc".utf8), "()"), ("'<U3'", wide(false), "()"), ("'>U3'", wide(true), "()"),
      ("'<U3'", wide(false), "(1,)"),
    ] {
      try writeFormat(descr, data, shape: shape)
      #expect(try SparseMatrix<Double>(compressedColumnsAt: prefix, rows: 3).dense() == square)
    }
  }

  /// What says that it is something else is refused whatever its shape.
  @Test func otherFormatsAreRefused() throws {
    let prefix = try writeSquare()
    try writeFormat("'|S3'", Array("csr".utf8))
    for rows in [2, 3] { expectRefusal(prefix, rows: rows, "X.format.npy", "'csr'", "X.tocsc()") }
    try writeFormat("'<f8'", NPYBytes.bytes(of: 1.0.bitPattern))
    expectRefusal(prefix, rows: 3, "X.format.npy", "<f8", "short string")
    try writeFormat("'<U3'", Array("csc".utf8.prefix(2)))
    expectRefusal(prefix, rows: 3, "X.format.npy")
    try FileManager.default.removeItem(atPath: directory.file("X.format.npy"))
    try FileManager.default.createSymbolicLink(
      atPath: directory.file("X.format.npy"), withDestinationPath: directory.file("nowhere"))
    expectRefusal(prefix, rows: 3, "X.format.npy: is a link")
  }

  /// A matrix of compressed rows that is not square never passes: the pointers give it as many columns as it has rows, which
  /// asks for the format.
  @Test func compressedRowsThatAreNotSquareAreRefused() throws {
    // [[0, 2, 0], [0, 0, 3]] by rows.
    let prefix = directory.file("X")
    try NPY.write(Vector<Double>([2, 3]), to: prefix + ".data.npy")
    try NPY.write([1, 0], to: prefix + ".indices.npy")
    try NPY.write([0, 1, 2], to: prefix + ".indptr.npy")
    expectRefusal(prefix, rows: 2, "X.indptr.npy", "compressed rows")
  }
}
