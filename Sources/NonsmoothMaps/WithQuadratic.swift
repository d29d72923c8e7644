public import LinAlg

/// `g(w, λ) + ρ‖w‖²/2 + bᵀw` for fixed ρ ≥ 0 and b. With c = 1/(1 + sρ), prox is that of g with step cs at c(u − sb): D is c times as large, B that of g at
/// that step, and the margin 1/c times.
public struct WithQuadratic<G: ProximalMap>: ProximalMap {
  public typealias Element = G.Element
  public let base: G
  public let curvature: Element
  public let linear: Vector<Element>?

  /// - Precondition: the curvature is finite and not negative.
  public init(_ base: G, curvature: Element, linear: Vector<Element>? = nil) {
    precondition(curvature.isFinite && curvature >= 0, "WithQuadratic: the curvature \(curvature) must be at least 0")
    self.base = base
    self.curvature = curvature
    self.linear = linear
  }

  private func factor(_ s: Element) -> Element { 1 / (1 + s * curvature) }

  private func argument(_ u: inout Vector<Element>, _ s: Element) {
    if let linear { u.add(-s, linear) }
    u.scale(by: factor(s))
  }

  public var parameterCount: Int { base.parameterCount }
  public func admits(count p: Int) -> Bool { (linear?.count ?? p) == p && base.admits(count: p) }
  public var isConvex: Bool { base.isConvex }
  /// s/(1 + sρ) is below the limit l of g where s is below l/(1 − lρ), always for lρ ≥ 1.
  public var stepLimitParameter: Int { base.stepLimitParameter }
  public func stepLimit(parameters λ: Vector<Element>) -> Element {
    let limit = base.stepLimit(parameters: λ)
    return limit * curvature >= 1 || !limit.isFinite ? .infinity : limit / (1 - limit * curvature)
  }
  public func expansion(step s: Element, parameters λ: Vector<Element>) -> Element {
    factor(s) * base.expansion(step: s * factor(s), parameters: λ)
  }
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? { base.violation(parameters: λ) }
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    base.value(at: w, parameters: λ) + curvature * w.dot(w) / 2 + (linear.map { $0.dot(w) } ?? 0)
  }
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    argument(&u, s)
    base.apply(step: s * factor(s), parameters: λ, to: &u)
  }
  public func makeLinearization(count p: Int) -> RescaledLinearization<G.Linearization> {
    RescaledLinearization(base.makeLinearization(count: p))
  }
  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: RescaledLinearization<G.Linearization>
  ) {
    var v = Vector(copying: u)
    argument(&v, s)
    base.linearize(at: v, step: s * factor(s), parameters: λ, kink: kink, into: L.base)
    L.factor = factor(s)
  }
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    base.signature(at: w, parameters: λ)
  }
}
