public import LinAlg

/// A penalty whose parameters are constants: it has none in λ, so nothing is differentiated with respect to them.
public struct FixedParameters<G: ProximalMap>: ProximalMap {
  public typealias Element = G.Element

  public let base: G
  public let constants: Vector<Element>

  /// - Precondition: as many constants as `base` has parameters, in its domain.
  public init(_ base: G, _ constants: Vector<Element>) {
    precondition(
      constants.count == base.parameterCount,
      "FixedParameters: \(constants.count) constants for \(base.parameterCount) parameters")
    if let violation = base.violation(parameters: constants) { preconditionFailure("FixedParameters: \(violation)") }
    self.base = base
    self.constants = constants
  }

  public var parameterCount: Int { 0 }
  public func admits(count p: Int) -> Bool { base.admits(count: p) }
  public var isConvex: Bool { base.isConvex }
  public func stepLimit(parameters λ: Vector<Element>) -> Element { base.stepLimit(parameters: constants) }
  public func expansion(step s: Element, parameters λ: Vector<Element>) -> Element {
    base.expansion(step: s, parameters: constants)
  }
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? { nil }
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    base.value(at: w, parameters: constants)
  }
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    base.apply(step: s, parameters: constants, to: &u)
  }
  public func makeLinearization(count p: Int) -> FixedParametersLinearization<G.Linearization> {
    FixedParametersLinearization(base.makeLinearization(count: p))
  }
  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: FixedParametersLinearization<G.Linearization>
  ) { base.linearize(at: u, step: s, parameters: constants, kink: kink, into: L.base) }
  public func linearize(
    atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    into L: FixedParametersLinearization<G.Linearization>
  ) -> Bool { base.linearize(atSolution: w, step: s, parameters: constants, into: L.base) }
  public func margins(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, into δ: inout Vector<Element>
  ) -> Bool { base.margins(at: u, step: s, parameters: constants, into: &δ) }
  public func normBound(excess: Element, parameters λ: Vector<Element>) -> Element? {
    base.normBound(excess: excess, parameters: constants)
  }
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    base.signature(at: w, parameters: constants)
  }
}

extension FixedParameters: BlockPenalty where G: BlockPenalty {
  public func makeBlocks(count p: Int, parameters λ: Vector<Element>) -> G.Blocks {
    base.makeBlocks(count: p, parameters: constants)
  }
}

/// A derivative without its parameter part.
public final class FixedParametersLinearization<L: ProximalLinearization>: ProximalLinearization {
  public typealias Element = L.Element
  let base: L
  init(_ base: L) { self.base = base }

  public var hasFactor: Bool { base.hasFactor }
  public var isDefined: Bool { base.isDefined }
  public var active: IndexSubset { base.active }
  public var rank: Int { base.rank }
  public var isMask: Bool { base.isMask }
  public var isProjection: Bool { base.isProjection }
  public var diagonalRoots: Vector<Element>? { base.diagonalRoots }
  public var kinkDistance: Element? { base.kinkDistance }
  public func restrict(_ x: Vector<Element>, into z: inout Vector<Element>) { base.restrict(x, into: &z) }
  public func expand(_ z: Vector<Element>, into x: inout Vector<Element>) { base.expand(z, into: &x) }
  public func applyGram(_ z: Vector<Element>, into y: inout Vector<Element>) { base.applyGram(z, into: &y) }
  public func lift(_ z: Vector<Element>, into x: inout Vector<Element>) { base.lift(z, into: &x) }
  public func project(_ x: Vector<Element>, into z: inout Vector<Element>) { base.project(x, into: &z) }

  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) { base.apply(x, into: &y) }
  public func apply(block Y: inout Matrix<Element>) { base.apply(block: &Y) }

  public var parametersFrobeniusNorm: Element? { 0 }
  public func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {}
  public func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {}
  /// There are no columns.
  public var parametersLieInRange: Bool { true }
}
