public import LinAlg

/// `c g(a w, λ)` for fixed c > 0 and a ≠ 0. prox_s is that of g with step s c a² at a u, over a: D is g's there, B is g's over a, the margin g's over |a|.
public struct Scaled<G: ProximalMap>: ProximalMap {
  public typealias Element = G.Element
  public let base: G
  /// c.
  public let factor: Element
  /// a.
  public let argumentFactor: Element

  /// - Precondition: both factors finite, c above 0, a not 0.
  public init(_ base: G, by factor: Element, argument argumentFactor: Element = 1) {
    precondition(factor.isFinite && factor > 0, "Scaled: the factor \(factor) must be above 0")
    precondition(argumentFactor.isFinite && argumentFactor != 0, "Scaled: the argument's factor is \(argumentFactor)")
    self.base = base
    self.factor = factor
    self.argumentFactor = argumentFactor
  }

  private func step(_ s: Element) -> Element { s * factor * argumentFactor * argumentFactor }
  private func argument(_ u: Vector<Element>) -> Vector<Element> { argumentFactor * u }

  public var parameterCount: Int { base.parameterCount }
  public func admits(count p: Int) -> Bool { base.admits(count: p) }
  public var isConvex: Bool { base.isConvex }
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? { base.violation(parameters: λ) }
  public var stepLimitParameter: Int { base.stepLimitParameter }
  public func stepLimit(parameters λ: Vector<Element>) -> Element { base.stepLimit(parameters: λ) / step(1) }
  public func expansion(step s: Element, parameters λ: Vector<Element>) -> Element {
    base.expansion(step: step(s), parameters: λ)
  }
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    factor * base.value(at: argument(w), parameters: λ)
  }
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    if argumentFactor != 1 { u.scale(by: argumentFactor) }
    base.apply(step: step(s), parameters: λ, to: &u)
    if argumentFactor != 1 { u.scale(by: 1 / argumentFactor) }
  }
  public func makeLinearization(count p: Int) -> RescaledLinearization<G.Linearization> {
    RescaledLinearization(base.makeLinearization(count: p), parameterFactor: 1 / argumentFactor)
  }
  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: RescaledLinearization<G.Linearization>
  ) { base.linearize(at: argument(u), step: step(s), parameters: λ, kink: kink, into: L.base) }
  public func linearize(
    atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    into L: RescaledLinearization<G.Linearization>
  ) -> Bool { base.linearize(atSolution: argument(w), step: step(s), parameters: λ, into: L.base) }
  public func margins(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, into δ: inout Vector<Element>
  ) -> Bool {
    if !base.margins(at: argument(u), step: step(s), parameters: λ, into: &δ) { return false }
    δ.scale(by: 1 / argumentFactor.magnitude)
    return true
  }
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    base.signature(at: argument(w), parameters: λ)
  }
}
