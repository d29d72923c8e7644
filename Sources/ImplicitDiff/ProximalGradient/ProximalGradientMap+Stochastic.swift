public import LinAlg
public import NonsmoothMaps

/// Φ = G ∘ T with `T̂_ξ(w, λ) = w − s ∇f_ξ(w, λ)` on minibatches and `G(u, λ) = prox_{s g}(u)`.
extension ProximalGradientMap: CompositeStochasticMap where F: SampledFunction {
  public var sampleCount: Int { smooth.sampleCount }

  public func applyOuter(
    _ u: Vector<Element>, parameters λ: Vector<Element>, relaxation η: Element, into w: inout Vector<Element>
  ) {
    w.copy(from: u)
    penalty.apply(step: η * stepSize(parameters: λ), parameters: penaltyParameters(λ), to: &w)
  }

  public func makeOuterLinearization() -> ProximalOuterLinearization<G> {
    ProximalOuterLinearization(penalty, count: stateCount)
  }

  public func linearizeOuter(
    at u: Vector<Element>, parameters λ: Vector<Element>, into L: ProximalOuterLinearization<G>
  ) {
    penalty.linearize(
      at: u, step: stepSize(parameters: λ), parameters: penaltyParameters(λ), kink: kink, into: L.proximal)
  }

  public func outerMargins(
    at u: Vector<Element>, parameters λ: Vector<Element>, into δ: inout Vector<Element>
  ) -> Bool {
    penalty.margins(at: u, step: stepSize(parameters: λ), parameters: penaltyParameters(λ), into: &δ)
  }

  public func makeOracle() -> ProximalGradientOracle<F, G> { ProximalGradientOracle(self) }
}

/// [B1, B2] = [D, B] of a proximal map; of the parameters those of g come first.
public final class ProximalOuterLinearization<G: ProximalMap>: OuterLinearization {
  public typealias Element = G.Element
  let proximal: G.Linearization
  private var part: Vector<Element>

  init(_ penalty: G, count p: Int) {
    proximal = penalty.makeLinearization(count: p)
    part = .zeros(penalty.parameterCount)
  }

  public var isDefined: Bool { proximal.isDefined }

  public func applyStateAdjoint(_ v: Vector<Element>, into z: inout Vector<Element>) {
    if proximal.isDefined { proximal.apply(v, into: &z) } else { z.fill(.nan) }
  }

  public func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    if part.count == 0 { return }
    part.fill(0)
    proximal.addParametersAdjoint(v, scale: α, to: &part)
    for k in 0..<part.count { g[k] += part[k] }
  }
}

/// The T̂ of a ``ProximalGradientMap``.
public final class ProximalGradientOracle<F: SampledFunction, G: ProximalMap>: MinibatchOracle
where F.Element == G.Element {
  public typealias Element = F.Element
  private let map: ProximalGradientMap<F, G>
  private var w: Vector<Element>
  private var λ: Vector<Element>
  private var step: Element = 0
  private var part: Vector<Element>

  init(_ map: ProximalGradientMap<F, G>) {
    self.map = map
    w = .zeros(map.stateCount)
    λ = .zeros(map.smooth.parameterCount)
    part = .zeros(map.smooth.parameterCount)
  }

  public func prepare(at w: Vector<Element>, parameters λ: Vector<Element>) {
    self.w.copy(from: w)
    self.λ.copy(from: map.smoothParameters(λ))
    step = map.stepSize(parameters: λ)
  }

  public func addValue(_ ξ: Minibatch, scale α: Element, to u: inout Vector<Element>) {
    u.add(α, w)
    map.smooth.addSampleGradient(ξ, at: w, parameters: λ, scale: -α * step, to: &u)
  }

  public func addStateAdjoint(_ ξ: Minibatch, _ z: Vector<Element>, scale α: Element, to x: inout Vector<Element>) {
    x.add(α, z)
    map.smooth.addSampleHessianProduct(ξ, at: w, parameters: λ, z, scale: -α * step, to: &x)
  }

  public func addParametersAdjoint(_ ξ: Minibatch, _ z: Vector<Element>, scale α: Element, to g: inout Vector<Element>)
  {
    if part.count == 0 { return }
    part.fill(0)
    map.smooth.addSampleMixedDerivativeAdjoint(ξ, at: w, parameters: λ, z, scale: -α * step, to: &part)
    let first = map.penalty.parameterCount
    for k in 0..<part.count { g[first + k] += part[k] }
  }
}
