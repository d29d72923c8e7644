public import LinAlg

/// The constraint aᵀw = c, or aᵀw ≤ c, with the level c as the only parameter. D = I − a aᵀ/‖a‖² and B = a/‖a‖², outside of D's range; within the half-space
/// D = I, B = 0. On its boundary the ``KinkRule`` decides: `one` is the identity, `zero` and `midpoint` the hyperplane's element. Cost: O(p).
public struct Hyperplane<Element: Scalar>: ProximalMap {
  public let normal: Vector<Element>
  /// Whether aᵀw ≤ c is asked for, not equality.
  public let isHalfspace: Bool
  private let length: Element

  /// - Precondition: the normal is finite and not 0.
  public init(normal: Vector<Element>, isHalfspace: Bool = false) {
    let n = normal.norm
    precondition(n.isFinite && n > 0, "Hyperplane: the normal must be finite and not 0")
    self.normal = normal
    self.isHalfspace = isHalfspace
    length = n
  }

  public var parameterCount: Int { 1 }
  public func admits(count p: Int) -> Bool { normal.count == p }
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? { .notFinite(in: λ) }

  /// (aᵀu − c)/‖a‖.
  private func excess(_ u: Vector<Element>, _ c: Element) -> Element { (normal.dot(u) - c) / length }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let e = excess(w, λ[0])
    let rounding = 4 * Element(w.count + 2) * Element.ulpOfOne * (w.norm + λ[0].magnitude / length)
    return e.isNaN ? .nan : ((isHalfspace ? e : e.magnitude) <= rounding ? 0 : .infinity)
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    let e = excess(u, λ[0])
    if isHalfspace && e <= 0 { return }
    u.add(-e / length, normal)
  }

  public func makeLinearization(count p: Int) -> ComplementLinearization<Element> {
    ComplementLinearization(count: p)
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: ComplementLinearization<Element>
  ) {
    let e = excess(u, λ[0])
    let all = Vector<Element>(repeating: 1, count: u.count)
    let distance = isHalfspace ? e.magnitude : .infinity
    if isHalfspace && (e < 0 || (e == 0 && kink == .one)) { return L.fill(free: all, kinkDistance: distance) }
    let c = (1 / length) * normal
    L.fill(free: all, normal: c, columns: [(1 / length) * c], inRange: false, kinkDistance: distance)
  }

  /// Within the half-space or on its boundary.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    let rounding = 4 * Element(w.count + 2) * Element.ulpOfOne * (w.norm + λ[0].magnitude / length)
    return isHalfspace && excess(w, λ[0]) < -rounding ? 1 : 0
  }
}
