import Datasets
import LinAlg
import TestSupport
import Testing

@Suite struct HeldOutDataTests {
  let directory = try! TemporaryDirectory()

  private func writeAll(columns: Int = 3, heldOutColumns: Int = 3, targets: Int = 4, heldOutTargets: Int = 2) throws {
    try NPY.write(
      Matrix<Double>(rows: 4, columns: columns, layout: .rowMajor) { Double(10 * $0 + $1) },
      to: directory.file("X_train.npy"))
    try NPY.write(Matrix<Double>(rows: 2, columns: heldOutColumns) { Double($0 - $1) }, to: directory.file("X_val.npy"))
    try NPY.write(Vector<Double>(count: targets) { Double($0) }, to: directory.file("y_train.npy"))
    try NPY.write(Vector<Double>(count: heldOutTargets) { Double(-$0) }, to: directory.file("y_val.npy"))
  }

  @Test func readsTheFourFiles() throws {
    try writeAll()
    let data = try HeldOutData<Float>(directory: directory.path)
    #expect(data.trainFeatures == Matrix(rows: 4, columns: 3) { Float(10 * $0 + $1) })
    #expect(data.trainFeatures.layout == .columnMajor && data.validationFeatures.layout == .columnMajor)
    #expect(data.trainTargets == [0, 1, 2, 3])
    #expect(data.validationFeatures == Matrix(rows: 2, columns: 3) { Float($0 - $1) })
    #expect(data.validationTargets == [0, -1])
  }

  @Test(arguments: ["X_train.npy", "y_train.npy", "X_val.npy", "y_val.npy"])
  func aMissingFileIsNamed(name: String) throws {
    try writeAll()
    let away = try TemporaryDirectory()
    for other in ["X_train.npy", "y_train.npy", "X_val.npy", "y_val.npy"] where other != name {
      _ = try away.write(directory.bytes(other), other)
    }
    #expect(throws: DatasetError.missing(path: away.file(name))) { try HeldOutData<Double>(directory: away.path) }
  }

  private func expectInvalid(_ name: String, _ says: String, _ location: SourceLocation = #_sourceLocation) {
    let error = #expect(throws: DatasetError.self, sourceLocation: location) {
      try HeldOutData<Double>(directory: directory.path)
    }
    guard case .invalid(let path, let reason)? = error else {
      Issue.record("\(String(describing: error))", sourceLocation: location)
      return
    }
    #expect(path == directory.file(name), sourceLocation: location)
    #expect(reason.contains(says), "\(reason)", sourceLocation: location)
  }

  @Test func shapesThatDoNotFitAreNamed() throws {
    try writeAll(targets: 5)
    expectInvalid("y_train.npy", "5 entries; expected 4")
    try writeAll(heldOutTargets: 1)
    expectInvalid("y_val.npy", "1 entries; expected 2")
    try writeAll(heldOutColumns: 2)
    expectInvalid("X_val.npy", "2 columns; expected 3")
    try writeAll(columns: 0, heldOutColumns: 0)
    expectInvalid("X_train.npy", "shape (4, 0)")
  }
}
