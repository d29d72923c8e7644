public import LinAlg

/// `g(w, λ) = λ Σ |wⱼ|^{1/2}`: the ℓ½ penalty. Not convex.
///
/// With c = sλ prox is 0 up to |u| = (3/2) c^{2/3} and jumps to c^{2/3} there, where nothing is differentiated
/// (``ProximalLinearization/isDefined``); beyond it is y² with the largest root y of
/// y³ − |u| y + c/2 = 0, with the sign of u. D = 1/(1 − c/(4 y³)), between 1 and 4/3; B = −(s/(2y)) sign(u) D.
///
/// Z. Xu, X. Chang, F. Xu, H. Zhang: L1/2 regularization: a thresholding representation theory and a fast solver. IEEE Trans. Neural Netw. Learn.
/// Syst. 23 (2012).
public struct HalfNorm<Element: Scalar>: EntrywiseMap {
  public init() {}
  public var parameterCount: Int { 1 }
  public var isConvex: Bool { false }
  public func expansion(step s: Element, parameters λ: Vector<Element>) -> Element { λ[0] == 0 ? 1 : .infinity }
  public func term(_ w: Element, parameters λ: Vector<Element>) -> Element { λ[0] * w.magnitude.squareRoot() }

  public func scalarMap(step s: Element, parameters λ: Vector<Element>) -> Scalar {
    Scalar(step: s, strength: s * λ[0], threshold: 1.5 * .pow(s * λ[0], 2 / Element(3)))
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    EntrywiseLoop.apply(scalarMap(step: s, parameters: λ), to: &u)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: EntrywiseLinearization<Element>
  ) { L.fill(scalarMap(step: s, parameters: λ), at: u, parameterCount: 1, kink: kink) }

  public struct Scalar: ScalarProximalMap {
    let step: Element
    /// c.
    let strength: Element
    let threshold: Element

    public func callAsFunction(_ u: Element) -> Element {
      let n = u.magnitude
      if n <= threshold && strength > 0 { return 0 }
      if strength == 0 || !n.isFinite { return u }
      // y = 2 √(n/3) cos(φ/3 ), cos φ = −(3√3/4) c/n^{3/2}, in [−1/√2, 0) beyond the threshold.
      let third = (n / 3).squareRoot()
      let cosine = max(-1, -strength / 4 / (third * third * third))
      let y = 2 * third * .cos(.acos(cosine) / 3)
      return u < 0 ? -y * y : y * y
    }

    public func derivative(
      at u: Element, value x: Element, kink: KinkRule, parameters b: inout [Element]
    ) -> ScalarDerivative<Element> {
      let n = u.magnitude
      b[0] = 0
      if strength == 0 {
        // That of growing strengths, which has no limit at 0.
        if u != 0 { b[0] = (u < 0 ? step : -step) / (2 * n.squareRoot()) }
        return ScalarDerivative(slope: 1, kinkDistance: n)
      }
      let distance = (n - threshold).magnitude
      if x == 0 { return ScalarDerivative(slope: 0, kinkDistance: distance, jumps: n == threshold) }
      let y = x.magnitude.squareRoot()
      let slope = 1 / (1 - strength / (4 * y * y * y))
      b[0] = (u < 0 ? step : -step) / (2 * y) * slope
      return ScalarDerivative(slope: slope, kinkDistance: distance)
    }
  }
}
