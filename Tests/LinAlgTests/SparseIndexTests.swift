import LinAlg
import Testing

/// A wrong index is found wherever it stands: in the first and the last line, at either side of the stretches that are looked at in one go, and where
/// several processors look.
@Suite struct SparseIndexTests {
  private static let (rows, lines, length) = (1000, 10_500, 100)
  private static var count: Int { lines * length }

  private static func matrix(_ indices: [Int32]) throws(SparseStructureError) -> SparseMatrix<Float> {
    try SparseMatrix(
      rows: rows, columns: lines, columnPointers: (0...lines).map { $0 * length }, rowIndices: indices,
      values: Array(repeating: 1, count: count))
  }

  /// Increasing within each line, and each line begins below where the one before it ended.
  private static let indices = (0..<count).map { Int32(10 * ($0 % length) + ($0 / length) % 10) }

  @Test func rightOnesAreTaken() throws {
    let X = try Self.matrix(Self.indices)
    #expect(X.nonzeroCount == Self.count && X.firstNonFinite == nil)
  }

  @Test(arguments: [0, 1, 100, 65_535, 65_536, 65_537, 525_000, 1_049_999])
  func wrongOnesAreNamed(_ place: Int) throws {
    var wrong = [Int32(-1), Int32(Self.rows)]
    if place % Self.length > 0 { wrong.append(Self.indices[place - 1]) }
    for index in wrong {
      var indices = Self.indices
      indices[place] = index
      #expect(throws: SparseStructureError.index(line: place / Self.length, position: place)) {
        _ = try Self.matrix(indices)
      }
    }
  }

  /// Lines without entries between others, whose places several lines then share.
  @Test func emptyLinesAreNoMistake() throws {
    let X = try SparseMatrix<Double>(
      rows: 5, columns: 6, columnPointers: [0, 0, 2, 2, 2, 4, 4], rowIndices: [3, 4, 0, 1], values: [1, 2, 3, 4])
    #expect(X.nonzeroCount == 4)
    #expect(throws: SparseStructureError.index(line: 4, position: 3)) {
      _ = try SparseMatrix<Double>(
        rows: 5, columns: 6, columnPointers: [0, 0, 2, 2, 2, 4, 4], rowIndices: [3, 4, 1, 1], values: [1, 2, 3, 4])
    }
  }
}
