public import LinAlg

/// `g(w, λ) = λ ‖w‖_∞`. By Moreau's identity prox is u less its projection on the ℓ1 ball of radius sλ: it holds |x| ≤ τ.
///
/// With S = {|u| > τ} and σ its signs D is the identity off S and σ σᵀ/|S| on it, B = −sσ/|S|; where ‖u‖₁ ≤ sλ both are zero. At λ = 0 B is that of
/// growing λ. The kinks are those of
/// ``L1Ball``, and all rules of ``KinkRule`` take its element of `zero`. Cost: O(p) expected.
public struct LInfinityNorm<Element: Scalar>: ProximalMap {
  public init() {}
  public var parameterCount: Int { 1 }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element { λ[0] * w.maxNorm }

  /// τ, 0 where u is projected on zero, nil where nothing is done.
  private func level(_ u: Vector<Element>, _ t: Element) -> SimplexThreshold<Element>? {
    SimplexThreshold(u, magnitudes: true, sum: t)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    let t = s * λ[0]
    if t == 0 { return }
    if u.oneNorm <= t { return u.fill(0) }
    guard let threshold = level(u, t) else { return u.fill(.nan) }
    let τ = max(0, threshold.largest + threshold.offset)
    let p = u.mutableBase()
    for j in 0..<u.count where threshold.excess(p[j].magnitude) > 0 { p[j] = p[j] < 0 ? -τ : τ }
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
    if t == 0 || u.firstNonFinite != nil {
      // D is the identity, and B that of growing strengths: the largest entries are pulled down.
      let top = u.maxNorm
      let largest = (0..<u.count).filter { top > 0 && u[$0].magnitude == top }
      var pulls = Array(repeating: Element(0), count: u.count)
      for j in largest { pulls[j] = -s / Element(largest.count) }
      return L.fill(labels: Array(0..<u.count), pulls: pulls, kinkDistance: 0) { u[$0] < 0 ? -1 : 1 }
    }
    let ball = FaceLinearization<Element>(count: u.count)
    L1Ball().linearize(at: u, step: 1, parameters: [t], kink: .zero, into: ball)
    var labels = Array(repeating: -1, count: u.count)
    // Within the ball, and on its boundary, x is zero.
    if u.oneNorm <= t { return L.fill(labels: labels, pulls: [], kinkDistance: ball.kinkDistance) { _ in 1 } }
    for k in 0..<ball.active.count { labels[ball.active[k]] = 0 }
    var pulls = [-s / Element(max(1, ball.active.count))]
    for j in 0..<u.count where labels[j] < 0 {
      labels[j] = pulls.count
      pulls.append(0)
    }
    L.fill(labels: labels, pulls: pulls, kinkDistance: ball.kinkDistance) {
      labels[$0] == 0 && u[$0] < 0 ? -1 : 1
    }
  }

  /// Which entries are largest, with their signs.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    let top = w.maxNorm
    var hash = PieceHash()
    for j in 0..<w.count { hash.add(w[j].magnitude < top ? 0 : (w[j] > 0 ? 1 : (w[j] < 0 ? 2 : 3))) }
    return hash.value
  }
}
