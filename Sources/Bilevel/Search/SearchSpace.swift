public import LinAlg
internal import RealModule

/// Where hyperparameters are looked for: a box of positive numbers, walked through in their logarithms.
public struct SearchSpace: Sendable, Equatable {
  /// What each is called, in messages and reports.
  public let names: [String]
  public let lower: Vector<Double>
  public let upper: Vector<Double>
  /// Where the search begins.
  public let start: Vector<Double>

  /// - Precondition: as many of each, and 0 < lower ≤ start ≤ upper < ∞.
  public init(names: [String], lower: Vector<Double>, upper: Vector<Double>, start: Vector<Double>) {
    let m = names.count
    precondition(
      lower.count == m && upper.count == m && start.count == m && m > 0,
      "SearchSpace: \(m) names, \(lower.count) lower and \(upper.count) upper bounds, \(start.count) starts")
    for k in 0..<m {
      precondition(
        lower[k] > 0 && lower[k] <= start[k] && start[k] <= upper[k] && upper[k].isFinite,
        "SearchSpace: \(names[k]) begins at \(start[k]), expected within \(lower[k]) ... \(upper[k])")
    }
    self.names = names
    self.lower = lower
    self.upper = upper
    self.start = start
  }

  /// m.
  public var count: Int { names.count }

  /// The same box, begun elsewhere; what lies outside is brought to its edge.
  public func beginning(at λ: Vector<Double>) -> SearchSpace {
    SearchSpace(
      names: names, lower: lower, upper: upper, start: Vector(count: count) { min(max(λ[$0], lower[$0]), upper[$0]) })
  }

  // MARK: - In logarithms

  var logLower: Vector<Double> { Vector(count: count) { .log(lower[$0]) } }
  var logUpper: Vector<Double> { Vector(count: count) { .log(upper[$0]) } }
  var logStart: Vector<Double> { Vector(count: count) { .log(start[$0]) } }

  /// λ at its logarithms θ; at a bound, the bound itself.
  func parameters(_ θ: Vector<Double>) -> Vector<Double> {
    let (low, high) = (logLower, logUpper)
    return Vector(count: count) {
      θ[$0] <= low[$0] ? lower[$0] : θ[$0] >= high[$0] ? upper[$0] : min(max(.exp(θ[$0]), lower[$0]), upper[$0])
    }
  }
}
