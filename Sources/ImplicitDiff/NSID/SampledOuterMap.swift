public import LinAlg

/// The composite map with the nonsmooth outer map moved inside the sampling: T̂ := G ∘ T̂, G := identity.
///
/// Its mean over samples is not Φ, and neither is the mean of its Jacobians Φ's, because E[G'(T̂)] ≠ G'(E[T̂]): NSID on it is
/// ``SID``, kept to show the bias.
public final class SampledOuterMap<Base: CompositeStochasticMap>: CompositeStochasticMap {
  public typealias Element = Base.Element
  public let base: Base

  public init(_ base: Base) { self.base = base }

  public var stateCount: Int { base.stateCount }
  public var parameterCount: Int { base.parameterCount }
  public var sampleCount: Int { base.sampleCount }

  public func apply(_ w: Vector<Element>, parameters λ: Vector<Element>, into next: inout Vector<Element>) {
    base.apply(w, parameters: λ, into: &next)
  }

  public func makeLinearization() -> Base.Linearization { base.makeLinearization() }

  public func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into linearization: Base.Linearization,
    value: inout Vector<Element>
  ) { base.linearize(at: w, parameters: λ, into: linearization, value: &value) }

  public func contractionBound(parameters λ: Vector<Element>) -> Element? { base.contractionBound(parameters: λ) }

  public func applyOuter(
    _ u: Vector<Element>, parameters λ: Vector<Element>, relaxation η: Element, into w: inout Vector<Element>
  ) { w.copy(from: u) }

  public func makeOuterLinearization() -> IdentityOuterLinearization<Element> { IdentityOuterLinearization() }

  public func linearizeOuter(
    at u: Vector<Element>, parameters λ: Vector<Element>, into linearization: IdentityOuterLinearization<Element>
  ) {}

  public func makeOracle() -> SampledOuterOracle<Base> { SampledOuterOracle(base) }
}

/// B1 = I, B2 = 0.
public final class IdentityOuterLinearization<Element: Scalar>: OuterLinearization {
  public func applyStateAdjoint(_ v: Vector<Element>, into z: inout Vector<Element>) { z.copy(from: v) }
  public func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {}
}

/// The oracle of G ∘ T̂: each product first evaluates T̂ on its batch to know G's piece there.
public final class SampledOuterOracle<Base: CompositeStochasticMap>: MinibatchOracle {
  public typealias Element = Base.Element
  private let base: Base
  private let oracle: Base.Oracle
  private let outer: Base.OuterLinearization
  private var λ: Vector<Element>
  private var u: Vector<Element>
  private var z: Vector<Element>
  public private(set) var isDefined = true

  init(_ base: Base) {
    self.base = base
    oracle = base.makeOracle()
    outer = base.makeOuterLinearization()
    λ = .zeros(base.parameterCount)
    u = .zeros(base.stateCount)
    z = .zeros(base.stateCount)
  }

  public func prepare(at w: Vector<Element>, parameters λ: Vector<Element>) {
    self.λ = λ
    isDefined = true
    oracle.prepare(at: w, parameters: λ)
  }

  public func addValue(_ ξ: Minibatch, scale α: Element, to x: inout Vector<Element>) {
    u.fill(0)
    oracle.addValue(ξ, scale: 1, to: &u)
    base.applyOuter(u, parameters: λ, relaxation: 1, into: &z)
    x.add(α, z)
  }

  private func linearizeOuter(_ ξ: Minibatch) {
    u.fill(0)
    oracle.addValue(ξ, scale: 1, to: &u)
    base.linearizeOuter(at: u, parameters: λ, into: outer)
    isDefined = isDefined && outer.isDefined
  }

  public func addStateAdjoint(_ ξ: Minibatch, _ v: Vector<Element>, scale α: Element, to x: inout Vector<Element>) {
    linearizeOuter(ξ)
    outer.applyStateAdjoint(v, into: &z)
    oracle.addStateAdjoint(ξ, z, scale: α, to: &x)
  }

  public func addParametersAdjoint(_ ξ: Minibatch, _ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>)
  {
    linearizeOuter(ξ)
    outer.applyStateAdjoint(v, into: &z)
    oracle.addParametersAdjoint(ξ, z, scale: α, to: &g)
    outer.addParametersAdjoint(v, scale: α, to: &g)
  }
}
