public import ImplicitDiff
public import LinAlg

/// The mean cross-entropy of a multinomial model on held-out rows, or its negative: what an attacker who minimizes the
/// outer objective wants large. It does not depend on λ.
public final class HeldOutCrossEntropy<Element: Scalar>: OuterObjective {
  private let loss: MultinomialLoss<Element>
  private let sign: Element
  /// ‖column‖² of X, computed on first use.
  private lazy var squaredColumnNorms: Vector<Element> = loss.features.squaredColumnNorms

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

  /// The softmax's Jacobian is at most ½: ½ ‖X_F‖²_F/m, F the features that the support has in any class.
  public func gradientLipschitzConstant(on support: IndexSubset) -> Element? {
    let frobenius = frobeniusNorm(of: support)
    return frobenius * frobenius / (2 * Element(loss.sampleCount))
  }

  /// A bound on ‖X_F‖_F for the features F of the coordinates S, its own rounding counted in.
  private func frobeniusNorm(of S: IndexSubset) -> Element {
    let p = loss.featureCount
    var isUsed = Array(repeating: false, count: p)
    for k in 0..<S.count { isUsed[S[k] % p] = true }
    var sum: Element = 0
    for j in 0..<p where isUsed[j] { sum += squaredColumnNorms[j] }
    let m = Element(loss.sampleCount)
    let lost = m * Element(p) * .leastNormalMagnitude
    return ((sum + lost) * (1 + (m + Element(p) + 8) * .ulpOfOne)).squareRoot()
  }

  /// As for ``HeldOutLoss``: sums err by as many ulps of the sum of their terms' absolute values as they have terms. A score moves a row of
  /// probabilities by half of itself; they themselves come from c exponentials, a sum and a quotient, some c + 16 ulps of numbers that are at
  /// most 1; a row of residuals is at most √2 long.
  public func gradientRoundingErrors(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset
  ) -> (state: Element, parameters: Element)? {
    let ulp = Element.ulpOfOne
    let (m, p, c) = (Element(loss.sampleCount), loss.featureCount, Element(loss.classCount))
    let lost = m * .leastNormalMagnitude
    let scoreError = Element(p + 8) * ulp * frobeniusNorm(of: IndexSubset(nonzerosOf: w)) * w.norm + lost
    let residualError = scoreError / 2 + (c + 16) * ulp * m.squareRoot()
    let frobenius = frobeniusNorm(of: support)
    return (frobenius * ((m + 8) * ulp * (2 * m).squareRoot() + residualError) / m + lost, 0)
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
