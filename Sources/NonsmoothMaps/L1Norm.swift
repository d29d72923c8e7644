public import LinAlg

/// `g(w, λ) = Σⱼ tⱼ |wⱼ|`: the lasso's penalty, with one strength or several, tⱼ = factorⱼ λ_{i(j)} (``SharedStrengths``). prox is soft thresholding.
///
/// D is the mask |uⱼ| > s tⱼ; at equality the ``KinkRule`` decides. B's column of a strength is −s D factor ∘ sign(u) on its coordinates. A
/// coordinate of factor 0 has D = 1 and no kink wherever it is.
public struct L1Norm<Element: Scalar>: ProximalMap {
  public let strengths: SharedStrengths

  public init(_ strengths: SharedStrengths = .single) { self.strengths = strengths }

  public var parameterCount: Int { strengths.count }
  public func admits(count p: Int) -> Bool { strengths.admits(count: p) }

  /// Strengths are finite and not negative.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    ParameterViolation.negative(in: λ, expected: "a strength of at least 0")
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    var sum: Element = 0
    for j in 0..<w.count { sum += strengths.strength(j, λ) * w[j].magnitude }
    return sum
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    if strengths.isSingle {
      SoftThreshold.apply(threshold: s * λ[0], to: &u)
    } else {
      threshold(&u, step: s, λ)
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func threshold(_ u: inout Vector<Element>, step s: Element, _ λ: Vector<Element>) {
    strengths.requireCoordinates(u.count)
    for j in 0..<u.count {
      let t = s * strengths.strength(j, λ)
      let x = u[j]
      // A NaN stays one.
      u[j] = x > t ? x - t : x < -t ? x + t : x.magnitude <= t ? 0 : x
    }
  }

  public func makeLinearization(count p: Int) -> L1Linearization<Element> { L1Linearization(count: p, strengths) }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: L1Linearization<Element>
  ) { L.fill(at: u, step: s, parameters: λ, kink: kink) }

  public func linearize(
    atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>, into L: L1Linearization<Element>
  ) -> Bool {
    // With a strength of zero a zero of w may lie within a piece; where the factor is zero it is known which.
    guard strengths.leastPenalized(λ) > 0 else { return false }
    L.fill(atSolution: w, step: s)
    return true
  }

  /// | |uⱼ| − s tⱼ |: the piece of uⱼ is left at ± the threshold, and where that is zero the sign of B is. Without a penalty there is no other piece.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func margins(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, into δ: inout Vector<Element>
  ) -> Bool {
    strengths.fill(&δ, from: λ, scale: s)
    for j in 0..<u.count { δ[j] = (u[j].magnitude - δ[j]).magnitude }
    for j in strengths.unpenalized { δ[j] = .infinity }
    return true
  }

  /// ‖w‖₂ ≤ ‖w‖₁ ≤ g(w)/(the least strength).
  public func normBound(excess: Element, parameters λ: Vector<Element>) -> Element? {
    let bound = excess / strengths.least(λ)
    return bound.isFinite ? bound : nil
  }

  /// The pattern of signs of the coordinates that are penalized.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    if strengths.unpenalized.isEmpty { return w.signPattern }
    var penalized = Vector(copying: w)
    for j in strengths.unpenalized { penalized[j] = 1 }
    return penalized.signPattern
  }
}

/// The derivative of soft thresholding: a mask and one column of signs times factors.
public final class L1Linearization<Element: Scalar>: MaskLinearization<Element> {
  let strengths: SharedStrengths
  /// −s D factor ∘ sign(u).
  private(set) var signs: Vector<Element>
  /// p entries where there are several strengths.
  private var thresholds: Vector<Element>

  init(count p: Int, _ strengths: SharedStrengths) {
    strengths.requireCoordinates(p)
    self.strengths = strengths
    signs = .zeros(p)
    thresholds = .zeros(strengths.isSingle ? 0 : p)
    super.init(count: p)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func fill(at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule) {
    if strengths.isSingle {
      let t = s * λ[0]
      let margin = SoftThreshold.margin(at: u, threshold: t)
      setDerivative(kinkDistance: margin, isMask: kink != .midpoint || margin != 0) {
        SoftThreshold.derivative(at: u, threshold: t, kink: kink, into: &$0)
      }
    } else {
      strengths.fill(&thresholds, from: λ, scale: s)
      // Nothing is at the kink of a coordinate that has none.
      for j in strengths.unpenalized { thresholds[j] = -.infinity }
      let margin = SoftThreshold.margin(at: u, thresholds: thresholds)
      setDerivative(kinkDistance: margin, isMask: kink != .midpoint || margin != 0) {
        SoftThreshold.derivative(at: u, thresholds: thresholds, kink: kink, into: &$0)
      }
    }
    signs.assignProduct(-s, derivative, signOf: u)
    strengths.scaleByFactors(&signs)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func fill(atSolution w: Vector<Element>, step s: Element) {
    setDerivative(kinkDistance: nil, isMask: true) {
      SoftThreshold.derivative(ofValue: w, into: &$0)
      for j in strengths.unpenalized { $0[j] = 1 }
    }
    signs.assignProduct(-s, derivative, signOf: w)
    strengths.scaleByFactors(&signs)
  }

  /// Every coordinate has one strength.
  public override var parametersFrobeniusNorm: Element? { signs.norm }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public override func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {
    strengths.addProduct(signs, μ, to: &x, scratch: &thresholds)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public override func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    strengths.collect(signs, v, scale: α, into: &g)
  }
}
