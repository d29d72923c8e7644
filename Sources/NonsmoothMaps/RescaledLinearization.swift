public import LinAlg

/// A derivative with D multiplied by a factor in (0, 1] and B by another one; the argument of the one it is made of is `factor/parameterFactor`
/// times as large.
public final class RescaledLinearization<L: ProximalLinearization>: ProximalLinearization {
  public typealias Element = L.Element
  let base: L
  var factor: Element = 1
  private let parameterFactor: Element
  init(_ base: L, parameterFactor: Element = 1) {
    self.base = base
    self.parameterFactor = parameterFactor
  }

  private var root: Element { factor.squareRoot() }

  public var hasFactor: Bool { base.hasFactor }
  public var isDefined: Bool { base.isDefined }
  public var active: IndexSubset { base.active }
  public var rank: Int { base.rank }
  public var isMask: Bool { base.isMask && factor == 1 }
  public var isProjection: Bool { base.isProjection && factor == 1 }
  public var diagonalRoots: Vector<Element>? {
    if isMask { return nil }
    if base.isMask { return Vector(repeating: root, count: base.active.count) }
    return base.diagonalRoots.map { root * $0 }
  }
  public var kinkDistance: Element? { base.kinkDistance.map { $0 / factor * parameterFactor.magnitude } }
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
  public var parametersFrobeniusNorm: Element? { base.parametersFrobeniusNorm.map { $0 * parameterFactor.magnitude } }
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    base.apply(x, into: &y)
    y.scale(by: factor)
  }
  public func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {
    if parameterFactor == 1 { base.addParameters(μ, to: &x) } else { base.addParameters(parameterFactor * μ, to: &x) }
  }
  public func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    base.addParametersAdjoint(v, scale: α * parameterFactor, to: &g)
  }
}
