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

/// A derivative with D multiplied by a factor in (0, 1], B as it is.
public final class RescaledLinearization<L: ProximalLinearization>: ProximalLinearization {
  public typealias Element = L.Element
  let base: L
  var factor: Element = 1
  init(_ base: L) { self.base = base }

  private var root: Element { factor.squareRoot() }

  public var active: IndexSubset { base.active }
  public var rank: Int { base.rank }
  public var isMask: Bool { base.isMask && factor == 1 }
  public var isProjection: Bool { base.isProjection && factor == 1 }
  public var diagonalRoots: Vector<Element>? {
    if isMask { return nil }
    if base.isMask { return Vector(repeating: root, count: base.active.count) }
    return base.diagonalRoots.map { root * $0 }
  }
  public var kinkDistance: Element? { base.kinkDistance.map { $0 / factor } }
  public var parametersLieInRange: Bool { base.parametersLieInRange }
  public func restrict(_ x: Vector<Element>, into z: inout Vector<Element>) {
    base.restrict(x, into: &z)
    z.scale(by: root)
  }
  public func expand(_ z: Vector<Element>, into x: inout Vector<Element>) {
    base.expand(z, into: &x)
    x.scale(by: root)
  }
  public func applyGram(_ z: Vector<Element>, into y: inout Vector<Element>) {
    if base.isProjection { y.copy(from: z) } else { base.applyGram(z, into: &y) }
    y.scale(by: factor)
  }
  public func lift(_ z: Vector<Element>, into x: inout Vector<Element>) {
    base.lift(z, into: &x)
    x.scale(by: 1 / root)
  }
  public func project(_ x: Vector<Element>, into z: inout Vector<Element>) {
    base.project(x, into: &z)
    z.scale(by: 1 / root)
  }
  public func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) { base.addParameters(μ, to: &x) }
  public func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    base.addParametersAdjoint(v, scale: α, to: &g)
  }
}
