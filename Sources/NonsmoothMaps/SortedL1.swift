public import LinAlg

/// `g(w, λ) = λ Σ ωᵢ |w|₍ᵢ₎` with |w|₍₁₎ ≥ |w|₍₂₎ ≥ …: the sorted ℓ1 norm (SLOPE, OWL; OSCAR for ω in arithmetic progression). Equal |w| form clusters.
///
/// prox sorts |u|, subtracts sλω, makes the result nonincreasing by means and not negative, and puts it back. D = Σ q qᵀ over the clusters that are not zero,
/// q their signs over √|C|; B = −s sign mean(ω). At a tie all rules of ``KinkRule`` take the joined cluster, at λ = 0 B is that
/// of growing λ. Cost: one sort.
///
/// M. Bogdan, E. van den Berg, C. Sabatti, W. Su, E. J. Candès: SLOPE—adaptive variable selection via convex optimization. Ann. Appl. Stat. 9 (2015).
public struct SortedL1<Element: Scalar>: ProximalMap {
  /// ω.
  public let weights: Vector<Element>

  /// - Precondition: weights finite, not negative and not increasing.
  public init(weights: Vector<Element>) {
    for i in 0..<weights.count {
      precondition(
        weights[i].isFinite && weights[i] >= 0 && (i == 0 || weights[i] <= weights[i - 1]),
        "SortedL1: weights must be finite, not negative and not increasing; weight \(i) is \(weights[i])")
    }
    self.weights = weights
  }

  public var parameterCount: Int { 1 }
  public func admits(count p: Int) -> Bool { weights.count == p }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let sizes = w.map(\.magnitude).sorted(by: >)
    var sum: Element = 0
    for i in 0..<sizes.count { sum += weights[i] * sizes[i] }
    return λ[0] * sum
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    if u.firstNonFinite != nil { return u.fill(.nan) }
    let t = s * λ[0]
    if t == 0 { return }
    let found = OrderedRegression(u, weights: weights, scale: t, magnitudes: true)
    let (order, x) = (found.order, found.x)
    let p = u.mutableBase()
    for i in 0..<order.count {
      let size = max(0, -x[i])
      p[order[i]] = p[order[i]] < 0 ? -size : size
    }
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
    if u.firstNonFinite != nil || t == 0 {
      // D is the identity, and B that of growing strengths, under which equal entries move together.
      let order = SortedOrder.falling(u, magnitudes: true)
      var pulls = Array(repeating: Element(0), count: u.count)
      var start = 0
      while start < order.count {
        var (end, sum) = (start, Element(0))
        while end < order.count && u[order[end]].magnitude == u[order[start]].magnitude {
          sum += weights[end]
          end += 1
        }
        if end == start { break }  // a NaN, which nothing equals
        if u[order[start]] != 0 { for j in order[start..<end] { pulls[j] = -s * sum / Element(end - start) } }
        start = end
      }
      return L.fill(labels: Array(0..<u.count), pulls: pulls, kinkDistance: 0) { u[$0] < 0 ? -1 : 1 }
    }
    let found = OrderedRegression(u, weights: weights, scale: t, magnitudes: true)
    let (order, negated, x) = (found.order, found.negated, found.x)
    let runs = x.runs
    var labels = Array(repeating: -1, count: u.count)
    let positive = (0..<x.count).firstIndex { !(x[$0] < 0) } ?? x.count
    let (head, tail) = (negated[segment: 0..<positive], x[segment: 0..<positive])
    var margin = MonotoneRegression.margin(head, tail, dual: { _ in 0 }, slack: { $0 })
    var pulls: [Element] = []
    var size: Element = 0
    for i in 0..<positive {
      labels[order[i]] = runs[i]
      if runs[i] == pulls.count {
        pulls.append(0)
        size = 0
      }
      size += 1
      pulls[runs[i]] += (-s * weights[i] - pulls[runs[i]]) / size
      if i + 1 == positive { margin = min(margin, -x[i] * size.squareRoot()) }
    }
    // The zeros: no sum of the first of them may become positive.
    var sum: Element = 0
    for i in positive..<x.count {
      sum += negated[i]
      margin = min(margin, max(0, sum) / Element(i + 1 - positive).squareRoot())
    }
    L.fill(labels: labels, pulls: pulls, kinkDistance: margin) { u[$0] < 0 ? -1 : 1 }
  }

  /// The signs and which |w| are equal.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    var hash = PieceHash()
    hash.add(w.signPattern)
    let order = SortedOrder.falling(w, magnitudes: true)
    // Clusters by their least member, in falling order.
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count && w[order[end]].magnitude == w[order[start]].magnitude { end += 1 }
      if w[order[start]] != 0 { for j in order[start..<end].sorted() { hash.add(UInt64(j)) } }
      hash.add(.max)
      start = end
    }
    return hash.value
  }
}
