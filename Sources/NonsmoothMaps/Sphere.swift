public import LinAlg

/// The constraint ‖w‖₂ = r with the radius as the only parameter. Not convex.
///
/// With n = ‖u‖ and h = u/n, x = r h, D = (r/n)(I − h hᵀ), which expands where n < r, and B = h, outside of D's range. At u = 0 every point of the
/// sphere is nearest: the value is one of them, and
/// nothing is differentiated (``ProximalLinearization/isDefined``). Cost: O(p).
public struct Sphere<Element: Scalar>: ProximalMap {
  public init() {}
  public var parameterCount: Int { 1 }
  public var isConvex: Bool { false }
  public func expansion(step s: Element, parameters λ: Vector<Element>) -> Element { .infinity }

  /// The radius must be positive.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    ParameterViolation.notPositive(λ[0], expected: "a radius above 0")
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let n = w.norm
    return n.isNaN ? .nan : ((n - λ[0]).magnitude <= 2 * Element(w.count + 2) * .ulpOfOne * λ[0] ? 0 : .infinity)
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    let n = u.norm
    if n > 0 && n.isFinite {
      // λ/n overflows where n is far below λ.
      u.scale(by: 1 / n)
      u.scale(by: λ[0])
    } else if n == 0 {
      if u.count > 0 { u[0] = λ[0] }
    } else {
      u.fill(.nan)
    }
  }

  public func makeLinearization(count p: Int) -> ComplementLinearization<Element> {
    ComplementLinearization(count: p)
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: ComplementLinearization<Element>
  ) {
    let n = u.norm
    if !(n > 0 && n.isFinite) { return L.fillUndefined() }
    let h = u.divided(by: n)
    L.fill(
      free: Vector(repeating: 1, count: u.count), normal: h, root: (λ[0] / n).squareRoot(), columns: [h],
      inRange: false, kinkDistance: n)
  }

  /// One piece.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 { 0 }
}
