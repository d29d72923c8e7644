public import LinAlg

/// The proximal map of a function of one number at given parameters: what ``EntrywiseMap`` applies to every entry.
public protocol ScalarProximalMap<Element>: Sendable {
  associatedtype Element: Scalar
  /// prox(u).
  func callAsFunction(_ u: Element) -> Element
  /// The derivative at u with x = prox(u), and b ← ∂x/∂λ.
  func derivative(at u: Element, value x: Element, kink: KinkRule, parameters b: inout [Element]) -> ScalarDerivative<
    Element
  >
}

/// The derivative of a ``ScalarProximalMap`` at a number.
public struct ScalarDerivative<Element: Scalar>: Sendable {
  public var slope: Element
  /// To the nearest kink or jump.
  public var kinkDistance: Element
  /// Whether the value jumps here.
  public var jumps: Bool

  public init(slope: Element, kinkDistance: Element = .infinity, jumps: Bool = false) {
    self.slope = slope
    self.kinkDistance = kinkDistance
    self.jumps = jumps
  }
}

/// A penalty `Σⱼ g(wⱼ, λ)` whose scalar proximal map is a smooth formula, or a few of them: a conforming type gives that map at given parameters and
/// the value of one term, everything else
/// follows. D is diagonal. Where the scalar map is piecewise linear, ``PiecewiseLinearMap`` is faster. Cost: O(p) evaluations.
public protocol EntrywiseMap: ProximalMap where Linearization == EntrywiseLinearization<Element> {
  associatedtype ScalarMap: ScalarProximalMap<Element>
  /// g of one entry.
  func term(_ w: Element, parameters λ: Vector<Element>) -> Element
  /// prox_{s g} of one entry.
  func scalarMap(step s: Element, parameters λ: Vector<Element>) -> ScalarMap
}

extension EntrywiseMap {
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    var sum: Element = 0
    for j in 0..<w.count { sum += term(w[j], parameters: λ) }
    return sum
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    EntrywiseLoop.apply(scalarMap(step: s, parameters: λ), to: &u)
  }

  public func makeLinearization(count p: Int) -> EntrywiseLinearization<Element> { EntrywiseLinearization(count: p) }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: EntrywiseLinearization<Element>
  ) { L.fill(scalarMap(step: s, parameters: λ), at: u, parameterCount: parameterCount, kink: kink) }
}

/// What a conforming type calls from a method that is compiled for Float and Double.
enum EntrywiseLoop {
  @inline(__always)
  static func apply<M: ScalarProximalMap>(_ map: M, to u: inout Vector<M.Element>) {
    let p = u.mutableBase()
    for j in 0..<u.count { p[j] = map(p[j]) }
  }
}
