public import LinAlg

/// `g(w, λ) = λ Σ wⱼ log wⱼ` for w ≥ 0, infinite elsewhere.
///
/// With c = sλ prox is c ω, where ω + log ω = u/c − 1 − log c; D = ω/(1 + ω), B = −s (1 + log x) D. Smooth, no kinks; entries that underflow are 0.
///
/// ω by two steps of fourth order: P. W. Lawrence, R. M. Corless, D. J. Jeffrey: Algorithm 917: complex double-precision evaluation of the Wright ω
/// function. ACM Trans. Math.
/// Softw. 38 (2012).
public struct NegativeEntropy<Element: Scalar>: EntrywiseMap, PermutationInvariant {
  public init() {}
  public var parameterCount: Int { 1 }

  /// The strength must be positive: at 0 ``Box/nonNegative`` is the map.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    ParameterViolation.notPositive(λ[0], expected: "a strength above 0")
  }

  public func term(_ w: Element, parameters λ: Vector<Element>) -> Element {
    w.isNaN ? .nan : (w > 0 ? λ[0] * w * .log(w) : (w == 0 ? 0 : .infinity))
  }

  public func scalarMap(step s: Element, parameters λ: Vector<Element>) -> Scalar {
    Scalar(step: s, scale: s * λ[0], offset: 1 + .log(s * λ[0]))
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
    /// c, and 1 + log c.
    let scale: Element
    let offset: Element

    public func callAsFunction(_ u: Element) -> Element {
      if !u.isFinite { return u == -.infinity ? 0 : u }
      let q = u / scale - offset
      // u beyond the range in units of c: log ω is nothing against it.
      return q.isFinite ? scale * Self.omega(q) : max(u, 0)
    }

    public func derivative(
      at u: Element, value x: Element, kink: KinkRule, parameters b: inout [Element]
    ) -> ScalarDerivative<Element> {
      let slope = x / (x + scale)
      // 1 + log x by the equation that x solves, which needs no logarithm.
      b[0] = slope == 0 ? 0 : -step * ((u - x) / scale) * slope
      return ScalarDerivative(slope: slope)
    }

    /// The solution of ω + log ω = q.
    static func omega(_ q: Element) -> Element {
      if q < -40 { return .exp(q) }  // ω is lost in 1 + ω
      var ω = q > 1 ? q - .log(q) : .exp(q > -1 ? (q - 1) / 2 : q)
      if q < -1 { ω /= 1 + ω }
      for _ in 0..<3 {
        let r = q - ω - .log(ω)
        if r.magnitude <= .ulpOfOne * q.magnitude { break }
        let t = (1 + ω) * (1 + ω + 2 * r / 3)
        ω *= 1 + r / (1 + ω) * (t - r / 2) / (t - r)
      }
      return ω
    }
  }

  /// One piece.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 { 0 }
}
