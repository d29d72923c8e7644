public import LinAlg

/// The constraint ‖w‖₂ ≤ r with the radius as the only parameter. Outside, with h = u/‖u‖: D = (r/‖u‖)(I − h hᵀ) and B = h, outside of D's range;
/// inside D = I, B = 0.
///
/// At ‖u‖ = r the ``KinkRule`` decides: `one` is the identity, `zero` and `midpoint` the limit from outside. Cost: O(p).
public struct L2Ball<Element: Scalar>: ProximalMap {
  public init() {}
  public var parameterCount: Int { 1 }

  /// The radius must be positive.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    ParameterViolation.notPositive(λ[0], expected: "a radius above 0")
  }

  private static func rounding(_ w: Vector<Element>, _ λ: Vector<Element>) -> Element {
    2 * Element(w.count + 2) * .ulpOfOne * λ[0]
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let n = w.norm
    return n.isNaN ? .nan : (n <= λ[0] + Self.rounding(w, λ) ? 0 : .infinity)
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    let n = u.norm
    if n <= λ[0] { return }
    if !n.isFinite { return u.fill(.nan) }
    u.scale(by: λ[0] / n)
  }

  public func makeLinearization(count p: Int) -> ComplementLinearization<Element> {
    ComplementLinearization(count: p)
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: ComplementLinearization<Element>
  ) {
    let (n, r) = (u.norm, λ[0])
    let all = Vector<Element>(repeating: 1, count: u.count)
    if n < r || (n == r && kink == .one) { return L.fill(free: all, kinkDistance: r - n) }
    if !n.isFinite { return L.fill(free: .zeros(u.count), kinkDistance: .nan) }
    let h = u.divided(by: n)
    L.fill(
      free: all, normal: h, root: (r / n).squareRoot(), columns: [h], inRange: false, kinkDistance: n - r)
  }

  /// In the ball or on its surface.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    w.norm < λ[0] - Self.rounding(w, λ) ? 0 : 1
  }
}
