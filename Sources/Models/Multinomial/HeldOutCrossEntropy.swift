public import ImplicitDiff
public import LinAlg

/// The mean cross-entropy of a multinomial model on held-out rows, or its negative: what an attacker who minimizes the
/// outer objective wants large. It does not depend on λ.
public final class HeldOutCrossEntropy<Element: Scalar>: OuterObjective {
  private let loss: MultinomialLoss<Element>
  private let sign: Element

  /// Dense features; a column-major matrix is copied once.
  ///
  /// - Parameter negated: E = −mean cross-entropy.
  public convenience init(features: Matrix<Element>, labels: [Int], classCount: Int, negated: Bool = false) {
    self.init(MultinomialLoss(features: features, labels: labels, classCount: classCount), negated: negated)
  }

  /// Features of any design, dense or sparse.
  ///
  /// - Parameter negated: E = −mean cross-entropy.
  public convenience init(
    features: any DesignMatrix<Element>, labels: [Int], classCount: Int, negated: Bool = false
  ) {
    self.init(MultinomialLoss(features: features, labels: labels, classCount: classCount), negated: negated)
  }

  private init(_ loss: MultinomialLoss<Element>, negated: Bool) {
    self.loss = loss
    sign = negated ? -1 : 1
  }

  /// 0: the loss does not depend on λ.
  public var parameterGradientLipschitzConstant: Element? { 0 }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element { sign * loss.value(at: w) }

  public func gradient(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset?,
    state stateGradient: inout Vector<Element>, parameters parameterGradient: inout Vector<Element>
  ) {
    loss.gradient(at: w, into: &stateGradient)
    stateGradient.scale(by: sign)
    parameterGradient.fill(0)
  }

  /// The share of held-out rows that W classifies rightly.
  public func accuracy(at w: Vector<Element>) -> Double { loss.accuracy(at: w) }
}
