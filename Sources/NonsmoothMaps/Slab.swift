public import LinAlg

/// The constraint lower ≤ aᵀw ≤ upper with the two levels as parameters, lower < upper.
///
/// Where u violates one of them prox projects on its hyperplane: D = I − a aᵀ/‖a‖², B's column of that level is a/‖a‖², outside of D's range.
/// Between them D = I,
/// B = 0. At a level the ``KinkRule`` decides: `one` is the identity, `zero` and `midpoint` the hyperplane's element. Cost: O(p).
public struct Slab<Element: Scalar>: ProximalMap {
  public let normal: Vector<Element>
  private let length: Element

  /// - Precondition: the normal is finite and not 0.
  public init(normal: Vector<Element>) {
    let n = normal.norm
    precondition(n.isFinite && n > 0, "Slab: the normal must be finite and not 0")
    self.normal = normal
    length = n
  }

  public var parameterCount: Int { 2 }
  public func admits(count p: Int) -> Bool { normal.count == p }

  /// The levels must not meet: there B has no limit.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    if let violation = ParameterViolation.notFinite(in: λ) { return violation }
    if λ[0] < λ[1] { return nil }
    return ParameterViolation(index: 1, value: Double(λ[1]), expected: "an upper level above the lower one, \(λ[0])")
  }

  private func rounding(_ w: Vector<Element>, _ λ: Vector<Element>) -> Element {
    4 * Element(w.count + 2) * .ulpOfOne * (w.norm + λ.maxNorm / length)
  }

  /// How far aᵀu/‖a‖ is below the lower level and above the upper one; negative where it is not.
  private func excess(_ u: Vector<Element>, _ λ: Vector<Element>) -> (below: Element, above: Element) {
    let score = normal.dot(u)
    return ((λ[0] - score) / length, (score - λ[1]) / length)
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let (below, above) = excess(w, λ)
    if below.isNaN { return .nan }
    return max(below, above) <= rounding(w, λ) ? 0 : .infinity
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    let (below, above) = excess(u, λ)
    if below.isNaN { return u.fill(.nan) }
    if below > 0 { u.add(below / length, normal) }
    if above > 0 { u.add(-above / length, normal) }
  }

  public func makeLinearization(count p: Int) -> ComplementLinearization<Element> {
    ComplementLinearization(count: p)
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: ComplementLinearization<Element>
  ) {
    let (below, above) = excess(u, λ)
    let all = Vector<Element>(repeating: 1, count: u.count)
    let distance = min(below.magnitude, above.magnitude)
    let nearest = max(below, above)
    if nearest < 0 || (nearest == 0 && kink == .one) { return L.fill(free: all, kinkDistance: distance) }
    let c = (1 / length) * normal
    let (column, none) = ((1 / length) * c, Vector<Element>.zeros(u.count))
    L.fill(
      free: all, normal: c, columns: below >= 0 ? [column, none] : [none, column], inRange: false,
      kinkDistance: distance)
  }

  /// At the lower level, between or at the upper one.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    let (below, above) = excess(w, λ)
    let rounding = rounding(w, λ)
    return below >= -rounding ? 1 : (above >= -rounding ? 2 : 0)
  }
}
