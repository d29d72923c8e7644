import Datasets
import LinAlg
import TestSupport
import Testing

/// Reading into either order, by blocks and on several processors, gives the numbers of the file.
@Suite struct NPYLayoutTests {
  let directory = try! TemporaryDirectory()

  /// Shapes around the sizes of blocks: long lines, short lines, single ones, several blocks in each direction.
  @Test(arguments: [
    (1, 1), (1, 200_000), (200_000, 1), (3, 70_000), (9, 70_001), (70_001, 9), (1000, 700), (257, 1025), (513, 64),
  ])
  func everyLayoutIsRead(_ rows: Int, _ columns: Int) throws {
    let path = directory.file("x.npy")
    for stored in [Layout.rowMajor, .columnMajor] {
      let X = Matrix<Double>(rows: rows, columns: columns, layout: stored) { Double($0 * columns + $1) }
      try NPY.write(X, to: path)
      for wanted in [Layout.rowMajor, .columnMajor, nil] {
        let read = try NPY.matrix(at: path, as: Double.self, layout: wanted)
        #expect(read.layout == wanted ?? stored)
        #expect(read == X)
        // Whole numbers up to 2²⁴ are exact in Float.
        let converted = try NPY.matrix(at: path, as: Float.self, layout: wanted)
        #expect(converted == Matrix<Float>(converting: X))
      }
    }
  }

  /// The first in the order of the file, whichever block is looked through first.
  @Test(arguments: [Layout.rowMajor, .columnMajor], [Layout.rowMajor, .columnMajor])
  func theFirstThatIsNotFiniteIsNamed(_ stored: Layout, _ wanted: Layout) throws {
    let path = directory.file("x.npy")
    var X = Matrix<Double>(rows: 900, columns: 801, layout: stored) { Double($0 - $1) }
    for (i, j) in [(899, 800), (700, 3), (650, 777), (651, 776)] {
      X[i, j] = (i + j).isMultiple(of: 2) ? .nan : .infinity
    }
    try NPY.write(X, to: path)
    let error = #expect(throws: DatasetError.self) { try NPY.matrix(at: path, as: Double.self, layout: wanted) }
    let place = stored == .rowMajor ? "row 650, column 777" : "row 700, column 3"
    #expect(error?.description.contains(place) == true, "\(error?.description ?? "")")
    _ = try NPY.matrix(at: path, as: Double.self, layout: wanted, allowsNonFinite: true)
  }

  @Test func aLongVectorNamesItsFirst() throws {
    let path = directory.file("x.npy")
    var x = Vector<Double>(count: 1_000_000) { Double($0) }
    x[999_999] = .nan
    x[654_321] = -.infinity
    try NPY.write(x, to: path)
    let error = #expect(throws: DatasetError.self) { try NPY.vector(at: path, as: Double.self) }
    #expect(error?.description.contains("entry 654321") == true)
  }
}
