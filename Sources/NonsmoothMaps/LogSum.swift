public import LinAlg

/// `g(w, λ) = λ₀ Σ log(1 + |wⱼ|/λ₁)`: reweighted ℓ1. Not convex.
///
/// With ε = λ₁, prox is the larger root x of (x + ε)(x − |u|) + sλ₀ = 0, with the sign of u, beyond a threshold, and 0 below it. For sλ₀ ≤ ε² the
/// threshold is sλ₀/ε and the map is continuous; above, it jumps from 0
/// at a threshold that is found by bisection: there nothing is differentiated (``ProximalLinearization/isDefined``). D = 1/(1 − sλ₀/(x + ε)²) is above 1.
///
/// E. J. Candès, M. B. Wakin, S. P. Boyd: Enhancing sparsity by reweighted ℓ1 minimization. J. Fourier Anal. Appl. 14 (2008).
public struct LogSum<Element: Scalar>: EntrywiseMap {
  public init() {}
  public var parameterCount: Int { 2 }
  public var isConvex: Bool { false }

  /// A strength of at least 0, a width ε above 0.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    if let violation = ParameterViolation.negative(in: λ, expected: "a number of at least 0") { return violation }
    return λ[1] > 0 ? nil : ParameterViolation(index: 1, value: Double(λ[1]), expected: "a width above 0")
  }

  /// The slope is largest at the threshold.
  public func expansion(step s: Element, parameters λ: Vector<Element>) -> Element {
    let ratio = s * λ[0] / λ[1] / λ[1]
    return ratio < 1 ? 1 / (1 - ratio) : .infinity
  }

  public func term(_ w: Element, parameters λ: Vector<Element>) -> Element { λ[0] * .log(onePlus: w.magnitude / λ[1]) }

  public func scalarMap(step s: Element, parameters λ: Vector<Element>) -> Scalar { Scalar(s, λ[0], λ[1]) }

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
  ) { L.fill(scalarMap(step: s, parameters: λ), at: u, parameterCount: 2, kink: kink) }

  public struct Scalar: ScalarProximalMap {
    let step: Element
    /// sλ₀.
    let strength: Element
    let width: Element
    let threshold: Element
    let isContinuous: Bool

    init(_ s: Element, _ λ: Element, _ ε: Element) {
      step = s
      strength = s * λ
      width = ε
      // sλ/ε ≤ ε, written without the square.
      isContinuous = strength / ε <= ε
      var (low, high) = (2 * strength.squareRoot() - ε, strength / ε)
      if isContinuous {
        threshold = high
        return
      }
      // The larger root against 0: at `low` it is a saddle of the objective, at `high` 0 is none of its minima.
      while true {
        let u = low + (high - low) / 2
        if !(u > low && u < high) { break }
        let x = Self.root(u, strength, ε)
        if strength * .log(onePlus: x / ε) <= x * (u - x / 2) { high = u } else { low = u }
      }
      threshold = high
    }

    /// The larger root for u ≥ 0, or its real part.
    static func root(_ u: Element, _ strength: Element, _ ε: Element) -> Element {
      // (u − ε)/2 + √(((u + ε)/2)² − sλ), as a product of two factors under the root.
      let (middle, reach) = ((u + ε) / 2, strength.squareRoot())
      let r = max(0, middle - reach).squareRoot() * (middle + reach).squareRoot()
      let x = (u - ε) / 2 + r
      // Near 0 by the other root: their product is sλ − uε.
      let other = (u - ε) / 2 - r
      return u < ε && other < 0 ? max(0, (strength - u * ε) / other) : max(0, x)
    }

    public func callAsFunction(_ u: Element) -> Element {
      if u.isNaN { return u }
      let n = u.magnitude
      if n <= threshold && strength > 0 { return 0 }
      if !n.isFinite { return u }
      let x = Self.root(n, strength, width)
      return u < 0 ? -x : x
    }

    public func derivative(
      at u: Element, value x: Element, kink: KinkRule, parameters b: inout [Element]
    ) -> ScalarDerivative<Element> {
      (b[0], b[1]) = (0, 0)
      let (n, size) = (u.magnitude, x.magnitude)
      let distance = (n - threshold).magnitude
      if n == threshold && strength > 0 && !isContinuous {
        return ScalarDerivative(slope: 0, kinkDistance: 0, jumps: true)
      }
      if n < threshold || (n == threshold && strength > 0 && kink == .zero) {
        return ScalarDerivative(slope: 0, kinkDistance: distance)
      }
      // sλ/(x + ε)².
      let pull = strength / (size + width) / (size + width)
      // At sλ = ε² the slope at the threshold is infinite: that is no element.
      if !(pull < 1) { return ScalarDerivative(slope: 0, kinkDistance: 0, jumps: true) }
      let slope = (n == threshold && strength > 0 ? Element(kink.derivative) : 1) / (1 - pull)
      let sign: Element = u < 0 ? -1 : (u > 0 ? 1 : 0)
      b[0] = -sign * step / (size + width) * slope
      b[1] = sign * pull * slope
      return ScalarDerivative(slope: slope, kinkDistance: distance)
    }
  }
}
