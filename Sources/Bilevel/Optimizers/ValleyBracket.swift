/// What is left to gain of one hyperparameter between two points whose slopes lead towards each other: a kink's minimum has no small gradient to end at.
struct ValleyBracket {
  private typealias Point = (θ: Double, value: Double, slope: Double)
  private var left: Point?
  private var right: Point?

  /// Takes an evaluation in, at θ of one entry.
  mutating func add(θ: Double, _ record: TuningRecord) {
    guard let value = record.value, let slope = record.logGradient?.first, record.selected > 0 else { return }
    if slope < 0 {
      if θ > left?.θ ?? -.infinity { left = (θ, value, slope) }
    } else if θ < right?.θ ?? .infinity {
      right = (θ, value, slope)
    }
  }

  /// By how much the better end is above where the tangents at the ends cross, below which no function that is convex between them falls; nil where there
  /// are no such ends.
  var gain: Double? {
    guard let left, let right, left.θ < right.θ else { return nil }
    let width = right.θ - left.θ
    let crossing = (right.value - left.value - right.slope * width) / (left.slope - right.slope)
    let least = left.value + left.slope * crossing
    let gain = min(left.value, right.value) - least
    return crossing >= 0 && crossing <= width && gain.isFinite ? gain : nil
  }
}
