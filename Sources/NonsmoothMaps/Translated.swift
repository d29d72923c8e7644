public import LinAlg

/// `g(w − a, λ)` for a fixed a: prox is a + prox(u − a), with the same D, B, margin and pieces.
public struct Translated<G: ProximalMap>: ProximalMap {
  public typealias Element = G.Element
  public let base: G
  public let shift: Vector<Element>

  public init(_ base: G, by shift: Vector<Element>) {
    self.base = base
    self.shift = shift
  }

  public var parameterCount: Int { base.parameterCount }
  public func admits(count p: Int) -> Bool { shift.count == p && base.admits(count: p) }
  public var isConvex: Bool { base.isConvex }
  public var stepLimitParameter: Int { base.stepLimitParameter }
  public func stepLimit(parameters λ: Vector<Element>) -> Element { base.stepLimit(parameters: λ) }
  public func expansion(step s: Element, parameters λ: Vector<Element>) -> Element {
    base.expansion(step: s, parameters: λ)
  }
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? { base.violation(parameters: λ) }
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    base.value(at: w - shift, parameters: λ)
  }
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    u.add(-1, shift)
    base.apply(step: s, parameters: λ, to: &u)
    u.add(1, shift)
  }
  public func makeLinearization(count p: Int) -> G.Linearization { base.makeLinearization(count: p) }
  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule, into L: G.Linearization
  ) { base.linearize(at: u - shift, step: s, parameters: λ, kink: kink, into: L) }
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    base.signature(at: w - shift, parameters: λ)
  }
}
