public import ImplicitDiff
public import LinAlg

/// An objective of the coefficients w = Xᵀ(σ ∘ α) as one of the dual variables α of a support vector machine.
public final class SupportVectorObjective<Base: OuterObjective>: OuterObjective {
  public typealias Element = Base.Element
  private let dual: SupportVectorDual<Element>
  public let base: Base
  private var weights: Vector<Element>
  private var slopes: Vector<Element>

  /// - Parameter base: a function of the p coefficients.
  public init(_ base: Base, of dual: SupportVectorDual<Element>) {
    self.base = base
    self.dual = dual
    weights = .zeros(dual.features.columns)
    slopes = weights
  }

  public func value(at α: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    dual.coefficients(α, into: &weights)
    return base.value(at: weights, parameters: λ)
  }

  public func gradient(
    at α: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset?,
    state stateGradient: inout Vector<Element>, parameters parameterGradient: inout Vector<Element>
  ) {
    dual.coefficients(α, into: &weights)
    base.gradient(at: weights, parameters: λ, support: nil, state: &slopes, parameters: &parameterGradient)
    dual.scores(slopes, into: &stateGradient)
  }
}

/// The mean hinge loss max(0, 1 − yᵢ xᵢ·w) of held-out rows with labels ±1. Where a margin is exactly 1 its slope counts as 0.
public final class HeldOutHinge<Element: Scalar>: OuterObjective {
  private let features: any DesignMatrix<Element>
  private let labels: Vector<Element>
  private var scores: Vector<Element>

  /// - Precondition: as many labels as rows, at least one row.
  public init(features X: any DesignMatrix<Element>, labels y: Vector<Element>) {
    precondition(X.rows == y.count && X.rows > 0, "HeldOutHinge: \(X.rows) rows with \(y.count) labels")
    features = X
    labels = y
    scores = .zeros(y.count)
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    features.multiply(w, alpha: 1, beta: 0, into: &scores)
    // A NaN stays one.
    return scores.indices.reduce(0) { sum, i in
      let margin = labels[i] * scores[i]
      return sum + (margin >= 1 ? 0 : 1 - margin)
    } / Element(labels.count)
  }

  public func gradient(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset?,
    state stateGradient: inout Vector<Element>, parameters parameterGradient: inout Vector<Element>
  ) {
    features.multiply(w, alpha: 1, beta: 0, into: &scores)
    for i in scores.indices { scores[i] = labels[i] * scores[i] >= 1 ? 0 : labels[i] }
    features.multiplyTransposed(scores, alpha: -1 / Element(labels.count), beta: 0, into: &stateGradient)
    parameterGradient.fill(0)
  }
}
