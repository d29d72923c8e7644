import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

/// Large features that stay in their files are those that are copied out of them, and fail as those do.
@Suite struct MappedDesignsTests {
  private static let (n, p) = (300, 900)

  /// Above a MiB in either precision.
  private static func features<Entry: Scalar>(_ layout: Layout, as: Entry.Type) -> Matrix<Entry> {
    Matrix(rows: n, columns: p, layout: layout) { Entry(($0 * 31 + $1 * 17) % 1009 - 500) / 8 }
  }

  private static func write<Entry: Scalar>(_ X: Matrix<Entry>, _ directory: borrowing TemporaryDirectory) throws {
    for part in ["train", "val"] {
      try NPY.write(X, to: directory.file("X_\(part).npy"))
      try NPY.write(Vector<Entry>(count: X.rows) { Entry($0) }, to: directory.file("y_\(part).npy"))
    }
  }

  private static func read(
    _ directory: borrowing TemporaryDirectory, mapped: Bool
  ) throws(DatasetError) -> HeldOutDesigns<Double> {
    try HeldOutDesigns<Double>(directory: directory.path, mapped: mapped)
  }

  private static func check<Entry: Scalar>(_ layout: Layout, _: Entry.Type) throws {
    let directory = try TemporaryDirectory()
    try write(features(layout, as: Entry.self), directory)
    let data = try read(directory, mapped: true)
    let copied = try read(directory, mapped: false)
    #expect((data.trainFeatures is RowMajorDesign<Double>) == (layout == .rowMajor))
    #expect(data.trainTargets == copied.trainTargets && data.validationTargets == copied.validationTargets)
    // Numbers of the form k/8 below 63, in sums of 900: exact.
    let x = Vector<Double>(count: p) { Double($0 % 5) - 2 }
    for (a, b) in [
      (data.trainFeatures, copied.trainFeatures), (data.validationFeatures, copied.validationFeatures),
    ] {
      var (y, z) = (Vector<Double>.zeros(n), Vector<Double>.zeros(n))
      a.multiply(x, alpha: 1, beta: 0, into: &y)
      b.multiply(x, alpha: 1, beta: 0, into: &z)
      #expect(y == z && a.denseColumns == b.denseColumns)
    }
    try data.requireUnchanged()
  }

  @Test(arguments: [Layout.rowMajor, .columnMajor])
  func areThoseThatAreCopied(_ layout: Layout) throws {
    try Self.check(layout, Double.self)
    try Self.check(layout, Float.self)
  }

  private static func failures<Entry: Scalar>(_ layout: Layout, _ bad: Entry) throws -> [String] {
    let directory = try TemporaryDirectory()
    var X = features(layout, as: Entry.self)
    X[7, 850] = bad
    X[290, 3] = bad
    try write(X, directory)
    return [true, false].map { mapped in
      do throws(DatasetError) {
        _ = try read(directory, mapped: mapped)
        return "nothing"
      } catch { return error.description }
    }
  }

  @Test(arguments: [Layout.rowMajor, .columnMajor])
  func numbersThatAreNotFiniteAreNamedAlike(_ layout: Layout) throws {
    for said in [try Self.failures(layout, Double.nan), try Self.failures(layout, -Float.infinity)] {
      #expect(said[0] == said[1])
      #expect(said[0].contains(layout == .rowMajor ? "row 7, column 850" : "row 290, column 3"))
    }
  }

  @Test func aTruncatedFileIsRefusedAlike() throws {
    let directory = try TemporaryDirectory()
    try Self.write(Self.features(.rowMajor, as: Double.self), directory)
    let bytes = try directory.bytes("X_train.npy")
    _ = try directory.write(Array(bytes.dropLast(8)), "X_train.npy")
    let said = [true, false].map { mapped in
      do throws(DatasetError) {
        _ = try Self.read(directory, mapped: mapped)
        return "nothing"
      } catch { return error.description }
    }
    #expect(said[0] == said[1] && said[0].contains("truncated"))
  }

  /// What is written to a file while it is in use is found out; another file in its place does not matter.
  @Test func changesAreFoundOut() throws {
    let directory = try TemporaryDirectory()
    try Self.write(Self.features(.rowMajor, as: Double.self), directory)
    let data = try Self.read(directory, mapped: true)
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: directory.file("X_val.npy")))
    try file.seek(toOffset: 4096)
    // The times of a file are those of a clock that ticks some hundred times a second.
    Thread.sleep(forTimeInterval: 0.05)
    try file.write(contentsOf: Data(repeating: 0, count: 8))
    try file.close()
    let error = #expect(throws: DatasetError.self) { try data.requireUnchanged() }
    #expect(try #require(error).description.contains("X_val.npy"))
    let fresh = try Self.read(directory, mapped: true)
    try NPY.write(Self.features(.rowMajor, as: Double.self), to: directory.file("X_val.npy"))
    try fresh.requireUnchanged()
  }
}
