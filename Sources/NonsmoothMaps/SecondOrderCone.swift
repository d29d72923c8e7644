public import LinAlg

/// The constraint ‖(w₂ … w_p)‖₂ ≤ w₁. No parameters.
///
/// With u = (s, v), n = ‖v‖ and h = v/n: the identity for n ≤ s, zero for n ≤ −s, else x = ((s + n)/2)(1, h), whose D has eigenvalue 1 along (1, h), 0 along
/// (1, −h) and (1 + s/n)/2 elsewhere. At n = s the ``KinkRule`` decides: `one` is the identity, the others the limit from outside. At n = −s all
/// take zero, but at
/// u = 0 `one` is the identity. Cost: O(p).
public struct SecondOrderCone<Element: Scalar>: ProximalMap {
  public init() {}
  public var parameterCount: Int { 0 }

  private func split(_ u: Vector<Element>) -> (s: Element, n: Element) {
    u.count == 0 ? (0, 0) : (u[0], u[segment: 1..<u.count].norm)
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let (s, n) = split(w)
    return (s - n).isNaN ? .nan : (n - s <= 4 * Element(w.count + 2) * .ulpOfOne * n ? 0 : .infinity)
  }

  public func apply(step: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    let (s, n) = split(u)
    if n <= s { return }
    if n <= -s { return u.fill(0) }
    if !(s - n).isFinite { return u.fill(.nan) }
    // (s + n)/2, which does not overflow.
    let size = s / 2 + n / 2
    u.scale(by: size / n)
    u[0] = size
  }

  public func makeLinearization(count p: Int) -> ComplementLinearization<Element> {
    ComplementLinearization(count: p)
  }

  public func linearize(
    at u: Vector<Element>, step: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: ComplementLinearization<Element>
  ) {
    let (s, n) = split(u)
    let distance = (n - s.magnitude).magnitude / Element(2).squareRoot()
    let all = Vector<Element>(repeating: 1, count: u.count)
    if n < s || (n == s && kink == .one) { return L.fill(free: all, kinkDistance: distance) }
    if n <= -s || !(s - n).isFinite { return L.fill(free: .zeros(u.count), kinkDistance: distance) }
    let half = Element(0.5).squareRoot()
    var q = u.divided(by: n)
    q.scale(by: half)
    var c = -1 * q
    (c[0], q[0]) = (half, half)
    L.fill(free: all, normal: c, root: (0.5 + s / n / 2).squareRoot(), line: q, kinkDistance: distance)
  }

  /// Inside, at the apex or on the surface.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    let (s, n) = split(w)
    return s == 0 ? 0 : (n < s - 4 * Element(w.count + 2) * .ulpOfOne * s ? 2 : 1)
  }
}
