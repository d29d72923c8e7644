/// What a usable answer must be: columns of numbers at unit scale, each with the largest error allowed, the size below which the
/// allowance is no verdict, and the exponent by which the run's number is scaled.
struct Expectation {
  struct Entry {
    var truth: Double
    /// The part of the truth that a double loses.
    var truthLow: Double
    var allowance: Double
    /// The size of what the entry is made of; an allowance above it judges nothing.
    var natural: Double
    var exponent: Int
  }

  var columns: [[Entry]] = []
  /// Why nothing but finiteness is judged, where that is so.
  var unjudged: String?

  static func unjudged(_ why: String) -> Expectation { Expectation(unjudged: why) }

  enum Result {
    case right(worst: Double)
    case hopeless
    case wrong(error: Double, allowance: Double, entry: (row: Int, column: Int))
  }

  /// Compares the answer of a run.
  func compare(_ values: [[Double]], leastNormal: Double) -> Result {
    var worst = 0.0
    var judged = false
    var anything = false
    for (j, column) in columns.enumerated() {
      for (i, entry) in column.enumerated() {
        anything = true
        if entry.allowance > entry.natural || entry.allowance.isNaN { continue }
        judged = true
        let value = DoubleDouble(DoubleDouble.scale(values[j][i], by: -entry.exponent))
        var truth = DoubleDouble(entry.truth)
        truth += DoubleDouble(entry.truthLow)
        let error = (value - truth).magnitude.value
        // A number below the normal range has lost digits that no algorithm can keep.
        let allowance = entry.allowance + 16 * DoubleDouble.scale(leastNormal, by: -entry.exponent)
        if !(error <= allowance) { return .wrong(error: error, allowance: allowance, entry: (i, j)) }
        if allowance > 0 { worst = max(worst, error / allowance) }
      }
    }
    return judged || !anything ? .right(worst: worst) : .hopeless
  }
}
