public import LinAlg

/// The constraint w ≥ 0, Σ w = r with at most k entries that are not zero; the sum r is the only parameter. Not convex.
///
/// prox projects the k largest entries on the simplex and drops the others; D and B are those of ``Simplex`` there. Where an entry that is chosen
/// and would not be 0 and one that is not chosen are equal
/// the value jumps: the first of them are chosen, and nothing is differentiated (``ProximalLinearization/isDefined``). Cost: one sort.
///
/// A. Kyrillidis, S. Becker, V. Cevher, C. Koch: Sparse projections onto the simplex. ICML 2013.
public struct SparseSimplex<Element: Scalar>: ProximalMap {
  /// k.
  public let most: Int

  /// - Precondition: k is positive.
  public init(most k: Int) {
    precondition(k > 0, "SparseSimplex: at most \(k) entries")
    most = k
  }

  public var parameterCount: Int { 1 }
  public var isConvex: Bool { false }
  public func expansion(step s: Element, parameters λ: Vector<Element>) -> Element { .infinity }
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    Simplex<Element>().violation(parameters: λ)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let value = Simplex<Element>().value(at: w, parameters: λ)
    return value == 0 && w.nonzeroCount > most ? .infinity : value
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    if u.firstNonFinite != nil { return u.fill(.nan) }
    let chosen = SortedOrder.falling(u, magnitudes: false).prefix(most)
    var x = Vector<Element>(chosen.map { u[$0] })
    Simplex<Element>().apply(step: s, parameters: λ, to: &x)
    u.fill(0)
    for (i, j) in chosen.enumerated() { u[j] = x[i] }
  }

  public func makeLinearization(count p: Int) -> FaceLinearization<Element> { FaceLinearization(count: p) }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: FaceLinearization<Element>
  ) {
    if u.firstNonFinite != nil { return L.fillFace(kinkDistance: .nan) { _ in 0 } }
    let order = SortedOrder.falling(u, magnitudes: false)
    let chosen = order.prefix(most)
    let inner = FaceLinearization<Element>(count: chosen.count)
    let given = Vector<Element>(chosen.map { u[$0] })
    Simplex<Element>().linearize(at: given, step: s, parameters: λ, kink: kink, into: inner)
    var isFree = Array(repeating: false, count: u.count)
    for k in 0..<inner.active.count { isFree[chosen[inner.active[k]]] = true }
    var distance = inner.kinkDistance
    var jumps = false
    if order.count > most {
      let (last, next) = (order[most - 1], order[most])
      distance = distance.map { min($0, (u[last] - u[next]) / Element(2).squareRoot()) }
      jumps = u[last] == u[next] && isFree[last]
    }
    L.fillFace(kinkDistance: distance, isDefined: !jumps) { isFree[$0] ? 1 : 0 }
  }
}
