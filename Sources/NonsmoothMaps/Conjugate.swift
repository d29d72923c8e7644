public import LinAlg

/// The convex conjugate g*(w, λ) = sup over v of vᵀw − g(v, λ) of a convex g. By Moreau's identity prox_{s g*}(u) = u − s prox_{g/s}(u/s): the
/// projection on a ball
/// from its dual norm, the norm from the ball, the projection on a polar cone from the cone.
///
/// D = I − D_g and B = −s B_g, of g at u/s with step 1/s; the kinks are g's, and the ``KinkRule`` chooses g's element. D has a factor where D_g is diagonal;
/// elsewhere it is known by its products.
///
/// J. J. Moreau: Proximité et dualité dans un espace hilbertien. Bull. Soc. Math. France 93 (1965).
public struct Conjugate<G: ProximalMap>: ProximalMap {
  public typealias Element = G.Element
  public let base: G
  private let conjugate: @Sendable (Vector<Element>, Vector<Element>) -> Element

  /// - Parameter value: g*(w, λ), which the proximal map of g does not tell.
  /// - Precondition: g is convex.
  public init(_ base: G, value: @escaping @Sendable (_ w: Vector<Element>, _ λ: Vector<Element>) -> Element) {
    precondition(base.isConvex, "Conjugate: \(G.self) is not convex")
    self.base = base
    conjugate = value
  }

  public var parameterCount: Int { base.parameterCount }
  public func admits(count p: Int) -> Bool { base.admits(count: p) }
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? { base.violation(parameters: λ) }
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element { conjugate(w, λ) }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    var x = (1 / s) * u
    base.apply(step: 1 / s, parameters: λ, to: &x)
    u.add(-s, x)
  }

  public func makeLinearization(count p: Int) -> ConjugateLinearization<G.Linearization> {
    ConjugateLinearization(base.makeLinearization(count: p), count: p, hasParameters: parameterCount > 0)
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: ConjugateLinearization<G.Linearization>
  ) {
    base.linearize(at: (1 / s) * u, step: 1 / s, parameters: λ, kink: kink, into: L.base)
    L.fill(step: s)
  }

  /// The pattern of signs: g's pieces cannot be told from a value of prox_{s g*}.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 { w.signPattern }
}

/// I − D and −s B of another derivative.
public final class ConjugateLinearization<L: ProximalLinearization>: ProximalLinearization {
  public typealias Element = L.Element
  let base: L
  private let hasParameters: Bool
  private var step: Element = 1
  /// The diagonal of D where it is diagonal, p entries.
  private var diagonal: Vector<Element>
  private let all: IndexSubset
  private var roots = Vector<Element>.zeros(0)
  private var compact = Vector<Element>.zeros(0)

  public private(set) var active: IndexSubset
  public private(set) var hasFactor = false

  init(_ base: L, count p: Int, hasParameters: Bool) {
    self.base = base
    self.hasParameters = hasParameters
    diagonal = .zeros(p)
    all = IndexSubset(Array(0..<p), universe: p)
    active = IndexSubset(universe: p)
  }

  func fill(step s: Element) {
    step = s
    hasFactor = base.hasFactor && (base.isMask || base.diagonalRoots != nil)
    if !hasFactor { return active.copy(from: all) }
    let given = base.diagonalRoots
    diagonal.fill(1)
    for k in 0..<base.active.count {
      let root = given?[k] ?? 1
      // Not 1 − root², which loses digits near 1.
      diagonal[base.active[k]] = (1 - root) * (1 + root)
    }
    active.refill(nonzerosOf: diagonal)
    roots = Vector(count: active.count) { diagonal[active[$0]].squareRoot() }
  }

  public var isDefined: Bool { base.isDefined }
  public var rank: Int { active.count }
  public var isMask: Bool { hasFactor && base.isMask }
  /// Known by its products alone it is a projection nobody can use.
  public var isProjection: Bool { isMask }
  public var diagonalRoots: Vector<Element>? { hasFactor && !isMask ? roots : nil }
  public var kinkDistance: Element? { base.kinkDistance.map { $0 * step } }
  /// Strengths of g are radii of the conjugate.
  public var parametersLieInRange: Bool { !hasParameters }

  public func restrict(_ x: Vector<Element>, into z: inout Vector<Element>) { z.assignProduct(roots, x) }
  public func expand(_ z: Vector<Element>, into x: inout Vector<Element>) { x.assignProduct(roots, z) }
  public func applyGram(_ z: Vector<Element>, into y: inout Vector<Element>) {
    y.assignProduct(roots, z)
    y.scale(by: roots)
  }
  public func lift(_ z: Vector<Element>, into x: inout Vector<Element>) {
    for k in 0..<z.count { x[k] = z[k] / roots[k] }
  }
  public func project(_ x: Vector<Element>, into z: inout Vector<Element>) { lift(x, into: &z) }

  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    if hasFactor { return y.assignProduct(diagonal, x) }
    base.apply(x, into: &y)
    y.combine(1, x, -1)
  }

  public func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {
    base.addParameters(-step * μ, to: &x)
  }
  public func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    base.addParametersAdjoint(v, scale: -α * step, to: &g)
  }
}
