public import LinAlg
internal import Synchronization

/// Σ weight · part + constant, for criteria of the same λ: the mean over the folds of a cross-validation or over several sets of held-out rows, the
/// two solves of ``RegressionModel/riskEstimate(features:targets:noise:seed:draws:)``.
public final class SumCriterion: Criterion {
  public let parts: [any Criterion]
  let weights: [Double]
  private let constant: Double

  /// - Precondition: at least one part, no two of which share anything that an evaluation changes; all of as many hyperparameters; finite weights, one
  ///   per part.
  public init(_ parts: [any Criterion], weights: [Double], constant: Double = 0) {
    precondition(
      !parts.isEmpty && parts.allSatisfy { $0.parameterCount == parts[0].parameterCount },
      "SumCriterion: \(parts.count) parts of \(parts.map(\.parameterCount)) hyperparameters")
    precondition(
      weights.count == parts.count && weights.allSatisfy(\.isFinite) && constant.isFinite,
      "SumCriterion: the weights \(weights) of \(parts.count) parts, the constant \(constant)")
    self.parts = parts
    self.weights = weights
    self.constant = constant
  }

  /// The mean.
  ///
  /// - Parameter weights: how much each part counts, for example its held-out rows; equally where nil.
  /// - Precondition: weights above 0, and what the initializer asks.
  public static func mean(of parts: [any Criterion], weights: [Double]? = nil) -> SumCriterion {
    let weights = weights ?? Array(repeating: 1, count: parts.count)
    precondition(weights.allSatisfy { $0 > 0 }, "SumCriterion: a mean with the weights \(weights)")
    let sum = weights.reduce(0, +)
    return SumCriterion(parts, weights: weights.map { $0 / sum })
  }

  public var parameterCount: Int { parts[0].parameterCount }

  public var warmStart: [WarmStart] {
    get { parts.flatMap(\.warmStart) }
    set {
      var rest = newValue[...]
      for part in parts {
        let count = part.warmStart.count
        part.warmStart = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
      }
    }
  }

  /// The first failure of a part is the sum's. Bounds of the parts add up to one of the sum. The parts are evaluated at the same time where there
  /// are processors.
  public func evaluate(at λ: Vector<Double>, bounding: Bool) -> CriterionValue {
    let values = Mutex([CriterionValue?](repeating: nil, count: parts.count))
    let shared = Shared(parts: parts, λ: λ)
    Parallel.run(parts.count) { k in
      let found = shared.parts[k].evaluate(at: shared.λ, bounding: bounding)
      values.withLock { $0[k] = found }
    }
    var sum = CriterionValue(
      value: constant, gradient: .zeros(parameterCount), gradientErrorBound: bounding ? 0 : nil, selected: 0)
    for (found, weight) in zip(values.withLock { $0 }, weights) {
      guard let found else { continue }
      sum.value += weight * found.value
      sum.gradient.add(weight, found.gradient)
      sum.gradientErrorBound = sum.gradientErrorBound.flatMap { bound in
        found.gradientErrorBound.map { bound + weight.magnitude * $0 }
      }
      sum.selected += found.selected
      if sum.failure == nil { sum.failure = found.failure }
    }
    return sum
  }

  /// Parts have nothing in common but data that they read: each is used by one task at a time.
  private struct Shared: @unchecked Sendable {
    let parts: [any Criterion]
    let λ: Vector<Double>
  }
}
