public import LinAlg
public import NonsmoothMaps

/// The Moreau envelope of a convex g as a smooth function: `f(w, λ) = min over v of g(v, λ) + ‖w − v‖²/(2s)`, for a fixed s > 0. λ holds the parameters of g.
///
/// With x = prox_{s g}(w), ∇f = (w − x)/s, ∇²f = (I − D)/s and ∂_λ∇f = −B/s: an element of the conservative Jacobian of ∇f, which is continuous and piecewise smooth.
/// The envelope of the 1-norm is Huber's function; that of a constraint is half the squared distance over s.
public final class MoreauEnvelope<G: ProximalMap>: SmoothFunction {
  public typealias Element = G.Element
  public let base: G
  public let stateCount: Int
  /// s.
  public let smoothing: Element
  public let kink: KinkRule
  private var proximal: Vector<Element>

  /// - Precondition: g is convex, s positive and finite.
  public init(_ base: G, count p: Int, smoothing s: Element, kink: KinkRule = .zero) {
    precondition(base.isConvex, "MoreauEnvelope: \(G.self) is not convex")
    precondition(s > 0 && s.isFinite, "MoreauEnvelope: the smoothing \(s) must be positive")
    self.base = base
    self.kink = kink
    stateCount = p
    smoothing = s
    proximal = .zeros(p)
  }

  public var parameterCount: Int { base.parameterCount }
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? { base.violation(parameters: λ) }

  /// proximal ← prox_{s g}(w).
  private func load(_ w: Vector<Element>, _ λ: Vector<Element>) {
    proximal.copy(from: w)
    base.apply(step: smoothing, parameters: λ, to: &proximal)
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    load(w, λ)
    let n = proximal.distance(to: w)
    return base.value(at: proximal, parameters: λ) + n * n / (2 * smoothing)
  }

  public func gradient(at w: Vector<Element>, parameters λ: Vector<Element>, into g: inout Vector<Element>) {
    load(w, λ)
    g.assign(1, w, -1, proximal)
    g.scale(by: 1 / smoothing)
  }

  public func makeHessian() -> EnvelopeHessian<G> { EnvelopeHessian(base, count: stateCount, smoothing: smoothing) }

  public func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into H: EnvelopeHessian<G>, gradient g: inout Vector<Element>
  ) {
    base.linearize(at: w, step: smoothing, parameters: λ, kink: kink, into: H.proximal)
    gradient(at: w, parameters: λ, into: &g)
  }

  public func addMixedDerivative(
    _ μ: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: EnvelopeHessian<G>,
    scale α: Element, to x: inout Vector<Element>
  ) { if parameterCount > 0 { H.proximal.addParameters(-α / smoothing * μ, to: &x) } }

  public func addMixedDerivativeAdjoint(
    _ v: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: EnvelopeHessian<G>,
    scale α: Element, to r: inout Vector<Element>
  ) { if parameterCount > 0 { H.proximal.addParametersAdjoint(v, scale: -α / smoothing, to: &r) } }

  /// 0 and 1/s: proximal maps neither expand nor turn back.
  public func curvatureBounds(parameters λ: Vector<Element>) -> (smallest: Element, largest: Element) {
    (0, 1 / smoothing)
  }
}

/// (I − D)/s.
public final class EnvelopeHessian<G: ProximalMap>: SupportedHessian {
  public typealias Element = G.Element
  let proximal: G.Linearization
  private let smoothing: Element
  public let rows: Int
  public var columns: Int { rows }

  init(_ base: G, count p: Int, smoothing s: Element) {
    proximal = base.makeLinearization(count: p)
    smoothing = s
    rows = p
  }

  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    proximal.apply(x, into: &y)
    y.combine(1, x, -1)
    y.scale(by: 1 / smoothing)
  }
}
