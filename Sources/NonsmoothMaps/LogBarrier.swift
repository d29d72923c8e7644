public import LinAlg

/// `g(w, λ) = −λ Σ log wⱼ`, infinite unless w > 0; of the eigenvalues of a matrix (``Eigenvalues``) −λ log det.
///
/// prox is x = (u + √(u² + 4sλ))/2, smooth: D = x/√(u² + 4sλ), B = s/√(u² + 4sλ). No kinks.
public struct LogBarrier<Element: Scalar>: EntrywiseMap, PermutationInvariant {
  public init() {}
  public var parameterCount: Int { 1 }

  /// The strength must be positive: at 0 the domain is closed, and ``Box/nonNegative`` is the map.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    ParameterViolation.notPositive(λ[0], expected: "a strength above 0")
  }

  public func term(_ w: Element, parameters λ: Vector<Element>) -> Element {
    w.isNaN ? .nan : (w > 0 ? -λ[0] * .log(w) : .infinity)
  }

  public func scalarMap(step s: Element, parameters λ: Vector<Element>) -> Scalar {
    // 2√(sλ), whose square may under- or overflow.
    Scalar(step: s, width: 2 * s.squareRoot() * λ[0].squareRoot())
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
    let width: Element

    /// √(u² + width²); the square root of squares that neither over- nor underflow is faster.
    @inline(__always)
    private func root(_ u: Element) -> Element {
      let sum = u * u + width * width
      return sum.isFinite && sum > .leastNormalMagnitude / .ulpOfOne ? sum.squareRoot() : .hypot(u, width)
    }

    public func callAsFunction(_ u: Element) -> Element {
      let root = root(u)
      // The sum of two numbers of opposite signs would cancel.
      return u >= 0 ? u / 2 + root / 2 : (width / 2) * (width / (root - u))
    }

    public func derivative(
      at u: Element, value x: Element, kink: KinkRule, parameters b: inout [Element]
    ) -> ScalarDerivative<Element> {
      let root = root(u)
      b[0] = step / root
      return ScalarDerivative(slope: x / root)
    }
  }

  /// One piece.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 { 0 }
}
