import Datasets
import LinAlg
import TestSupport
import Testing

@Suite struct HeldOutDesignsTests {
  /// X = [[1, 0, 2], [0, 3, 0]] as compressed columns.
  private func write(
    _ directory: borrowing TemporaryDirectory, indices: [Int] = [0, 1, 0], pointers: [Int] = [0, 1, 2, 3]
  ) throws {
    for part in ["train", "val"] {
      try NPY.write(Vector<Double>([1, 3, 2]), to: directory.file("X_\(part).data.npy"))
      try NPY.write(indices, to: directory.file("X_\(part).indices.npy"))
      try NPY.write(pointers, to: directory.file("X_\(part).indptr.npy"))
      try NPY.write(Vector<Double>([5, 6]), to: directory.file("y_\(part).npy"))
    }
  }

  @Test func readsCompressedColumns() throws {
    let directory = try TemporaryDirectory()
    try write(directory)
    let data = try HeldOutDesigns<Double>(directory: directory.path)
    let X = try #require(data.trainFeatures as? SparseMatrix<Double>)
    #expect(X.dense() == Matrix([[1, 0, 2], [0, 3, 0]]))
    #expect(data.validationTargets == [5, 6])
  }

  @Test(arguments: [
    ([0, 2, 0], [0, 1, 2, 3], "X_train.indices.npy"), ([0, -1, 0], [0, 1, 2, 3], "X_train.indices.npy"),
    ([0, 1, 0], [0, 2, 1, 3], "X_train.indptr.npy"), ([0, 1, 0], [0, 1, 2, 4], "X_train.indptr.npy"),
    ([0, 1, 1 << 40], [0, 1, 2, 3], "X_train.indices.npy"), ([0, 1, 0], [0], "X_train.indptr.npy"),
  ])
  func namesTheArrayThatIsWrong(_ indices: [Int], _ pointers: [Int], _ file: String) throws {
    let directory = try TemporaryDirectory()
    try write(directory, indices: indices, pointers: pointers)
    let error = #expect(throws: DatasetError.self) { try HeldOutDesigns<Double>(directory: directory.path) }
    #expect(try #require(error).description.contains(file))
  }
}
