public import Datasets
import LinAlg

extension ReducedRows {
  /// Those of all ranks' rows, on every rank: one message, and none in a whole tuning after it. A rank without rows gives nil.
  ///
  /// - Throws: ``RankFailure`` where no rank has rows, or ranks differ in the number of columns.
  public static func joined(_ own: ReducedRows?, of world: borrowing World) throws -> ReducedRows {
    let counts = try world.allgather(own?.count ?? 0)
    let heights = try world.allgather(own?.factor.rows ?? 0)
    let widths = try world.allgather(own?.factor.columns ?? 0)
    guard let first = counts.firstIndex(where: { $0 > 0 }) else {
      throw RankFailure(rank: 0, reason: "no rank has a row", exitCode: 65)
    }
    if let other = counts.indices.first(where: { counts[$0] > 0 && widths[$0] != widths[first] }) {
      throw RankFailure(
        rank: other, reason: "\(widths[other] - 1) columns; expected \(widths[first] - 1), as rank \(first) has",
        exitCode: 65)
    }
    let begin = heights[..<world.rank].reduce(0, +)
    var all = Matrix<Element>.zeros(heights.reduce(0, +), widths[first], layout: .rowMajor)
    if let own {
      for i in 0..<own.factor.rows { for j in 0..<own.factor.columns { all[begin + i, j] = own.factor[i, j] } }
    }
    try world.gather(&all, counts: heights, to: nil)
    return ReducedRows(count: counts.reduce(0, +), factor: try QR(all).r)
  }
}
