public import LinAlg

/// `g(w, λ) = λ Σ ωᵢ w₍ᵢ₎` with w₍₁₎ ≥ w₍₂₎ ≥ …: an ordered weighted sum. With ω = (1, 0, …) the maximum, with k ones the sum of the k largest. It
/// is λ times the support function of
/// the permutahedron of ω, so that its conjugate projects on that: soft ranks and soft sorting.
///
/// prox sorts u, subtracts sλω, makes the result nonincreasing by means, and puts it back. D takes means over the clusters, B = −s mean(ω). At a tie
/// all rules
/// of ``KinkRule`` take the joined cluster, at λ = 0 B is that of growing λ. Cost: one sort.
///
/// M. Blondel, O. Teboul, Q. Berthet, J. Djolonga: Fast differentiable sorting and ranking. ICML 2020.
public struct OrderedSum<Element: Scalar>: ProximalMap {
  /// ω.
  public let weights: Vector<Element>

  /// - Precondition: weights finite and not increasing.
  public init(weights: Vector<Element>) {
    for i in 0..<weights.count {
      precondition(
        weights[i].isFinite && (i == 0 || weights[i] <= weights[i - 1]),
        "OrderedSum: weights must be finite and not increasing; weight \(i) is \(weights[i])")
    }
    self.weights = weights
  }

  /// λ times the sum of the k largest of p coordinates.
  ///
  /// - Precondition: 0 ≤ k ≤ p.
  public static func largest(_ k: Int, of p: Int) -> OrderedSum {
    precondition(k >= 0 && k <= p, "OrderedSum: the \(k) largest of \(p)")
    return OrderedSum(weights: Vector(count: p) { $0 < k ? 1 : 0 })
  }

  public var parameterCount: Int { 1 }
  public func admits(count p: Int) -> Bool { weights.count == p }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    if w.contains(where: { $0.isNaN }) { return .nan }
    let order = SortedOrder.falling(w, magnitudes: false)
    var sum: Element = 0
    for i in 0..<w.count { sum += weights[i] * w[order[i]] }
    return λ[0] * sum
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    if u.firstNonFinite != nil { return u.fill(.nan) }
    let t = s * λ[0]
    if t == 0 { return }
    let found = OrderedRegression(u, weights: weights, scale: t, magnitudes: false)
    let (order, x) = (found.order, found.x)
    for i in 0..<order.count { u[order[i]] = -x[i] }
  }

  public func makeLinearization(count p: Int) -> ClusterLinearization<Element> {
    ClusterLinearization(count: p, parameterCount: 1)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: ClusterLinearization<Element>
  ) {
    let t = s * λ[0]
    if u.firstNonFinite != nil {
      let none = Array(repeating: Element(0), count: u.count)
      return L.fill(labels: Array(0..<u.count), pulls: none, kinkDistance: .nan) { _ in 1 }
    }
    let found = OrderedRegression(u, weights: weights, scale: t, magnitudes: false)
    let (order, negated, x) = (found.order, found.negated, found.x)
    // At t = 0 the clusters are those of growing strengths, D is the identity.
    let runs = x.runs
    var pulls: [Element] = []
    var size: Element = 0
    for i in 0..<runs.count {
      if runs[i] == pulls.count {
        pulls.append(0)
        size = 0
      }
      size += 1
      pulls[runs[i]] += (-s * weights[i] - pulls[runs[i]]) / size
    }
    var labels = Array(repeating: 0, count: u.count)
    if t == 0 {
      var each = Array(repeating: Element(0), count: u.count)
      for i in 0..<runs.count { each[order[i]] = pulls[runs[i]] }
      return L.fill(labels: Array(0..<u.count), pulls: each, kinkDistance: 0) { _ in 1 }
    }
    for i in 0..<runs.count { labels[order[i]] = runs[i] }
    let margin = MonotoneRegression.margin(negated, x, dual: { _ in 0 }, slack: { $0 })
    L.fill(labels: labels, pulls: pulls, kinkDistance: margin) { _ in 1 }
  }

  /// Which entries are equal, in falling order.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    let order = SortedOrder.falling(w, magnitudes: false)
    var hash = PieceHash()
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count && w[order[end]] == w[order[start]] { end += 1 }
      for j in order[start..<end].sorted() { hash.add(UInt64(j)) }
      hash.add(.max)
      start = end
    }
    return hash.value
  }
}
