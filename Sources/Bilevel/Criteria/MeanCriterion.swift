public import LinAlg
internal import Synchronization

/// A weighted mean of criteria of the same λ: the folds of a cross-validation, several sets of held-out rows.
public final class MeanCriterion: Criterion {
  public let parts: [any Criterion]
  /// Sum to 1.
  private let weights: [Double]

  /// - Parameter weights: how much each part counts, for example its held-out rows; equally where nil.
  /// - Precondition: at least one part, no two of which share anything that an evaluation changes; all of as many hyperparameters; a weight above 0 each.
  public init(_ parts: [any Criterion], weights: [Double]? = nil) {
    let weights = weights ?? Array(repeating: 1, count: parts.count)
    precondition(
      !parts.isEmpty && parts.allSatisfy { $0.parameterCount == parts[0].parameterCount },
      "MeanCriterion: \(parts.count) parts of \(parts.map(\.parameterCount)) hyperparameters")
    precondition(
      weights.count == parts.count && weights.allSatisfy { $0 > 0 && $0.isFinite },
      "MeanCriterion: the weights \(weights) of \(parts.count) parts")
    self.parts = parts
    let sum = weights.reduce(0, +)
    self.weights = weights.map { $0 / sum }
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

  /// The first failure of a part is the mean's. Bounds of the parts add up to one of the mean. The parts are evaluated at the same time where there
  /// are processors.
  public func evaluate(at λ: Vector<Double>, bounding: Bool) -> CriterionValue {
    let values = Mutex([CriterionValue?](repeating: nil, count: parts.count))
    let shared = Shared(parts: parts, λ: λ)
    Parallel.run(parts.count) { k in
      let found = shared.parts[k].evaluate(at: shared.λ, bounding: bounding)
      values.withLock { $0[k] = found }
    }
    var mean = CriterionValue(
      value: 0, gradient: .zeros(parameterCount), gradientErrorBound: bounding ? 0 : nil, selected: 0)
    for (found, weight) in zip(values.withLock { $0 }, weights) {
      guard let found else { continue }
      mean.value += weight * found.value
      mean.gradient.add(weight, found.gradient)
      mean.gradientErrorBound = mean.gradientErrorBound.flatMap { sum in
        found.gradientErrorBound.map { sum + weight * $0 }
      }
      mean.selected += found.selected
      if mean.failure == nil { mean.failure = found.failure }
    }
    return mean
  }

  /// Parts have nothing in common but data that they read: each is used by one task at a time.
  private struct Shared: @unchecked Sendable {
    let parts: [any Criterion]
    let λ: Vector<Double>
  }
}
