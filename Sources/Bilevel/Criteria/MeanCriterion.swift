public import LinAlg

/// A weighted mean of criteria of the same λ: the folds of a cross-validation, several sets of held-out rows.
public final class MeanCriterion: Criterion {
  public let parts: [any Criterion]
  /// Sum to 1.
  private let weights: [Double]

  /// - Parameter weights: how much each part counts, for example its held-out rows; equally where nil.
  /// - Precondition: at least one part, all of as many hyperparameters; a weight above 0 each.
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

  /// The first failure of a part is the mean's. Bounds of the parts add up to one of the mean.
  public func evaluate(at λ: Vector<Double>, bounding: Bool) -> CriterionValue {
    var mean = CriterionValue(
      value: 0, gradient: .zeros(parameterCount), gradientErrorBound: bounding ? 0 : nil, selected: 0)
    for (part, weight) in zip(parts, weights) {
      let found = part.evaluate(at: λ, bounding: bounding)
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
}
