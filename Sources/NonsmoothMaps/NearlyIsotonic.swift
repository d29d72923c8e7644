public import LinAlg

/// `g(w, λ) = λ Σ max(wⱼ − wⱼ₊₁, 0)`: falling neighbours are penalized, rising ones are not.
///
/// It is half the total variation plus λ (w₁ − w_p)/2, so prox is that of ``TotalVariation`` at half the strength with the two ends of u moved. D
/// takes means over runs.
/// Where runs merge or split, all rules of ``KinkRule`` take the joined run. Cost: O(p).
///
/// R. J. Tibshirani, H. Hoefling, R. Tibshirani: Nearly-isotonic regression. Technometrics 53 (2011).
public struct NearlyIsotonic<Element: Scalar>: ProximalMap {
  public init() {}
  public var parameterCount: Int { 1 }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    var sum: Element = 0
    for j in 1..<max(1, w.count) {
      let fall = w[j - 1] - w[j]
      if fall.isNaN { return .nan }
      sum += max(fall, 0)
    }
    return λ[0] * sum
  }

  /// u ← the argument of the total variation's proximal map.
  private func moveEnds(of u: inout Vector<Element>, _ half: Element) {
    if u.count < 2 { return }
    u[0] -= half
    u[u.count - 1] += half
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    let half = s * λ[0] / 2
    moveEnds(of: &u, half)
    TotalVariationKernel.apply(threshold: half, to: &u)
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
    let half = s * λ[0] / 2
    var v = Vector(copying: u)
    moveEnds(of: &v, half)
    var x = Vector(copying: v)
    TotalVariationKernel.apply(threshold: half, to: &x)
    fill(x, s, TotalVariationKernel.margin(v, x, threshold: half), L)
  }

  /// Possible where λ is not 0: the runs of equal values.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func linearize(
    atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>, into L: ClusterLinearization<Element>
  ) -> Bool {
    if !(λ[0] > 0) { return false }
    fill(w, s, nil, L)
    return true
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func fill(_ x: Vector<Element>, _ s: Element, _ margin: Element?, _ L: ClusterLinearization<Element>) {
    var pulls = TotalVariationKernel.pulls(x, scale: s / 2)
    let runs = x.runs
    if x.count > 1 {
      let last = pulls.count - 1
      pulls[0] -= s / 2 / Element(runs.count { $0 == 0 })
      pulls[last] += s / 2 / Element(runs.count { $0 == last })
    }
    L.fill(labels: runs, pulls: pulls, kinkDistance: margin) { _ in 1 }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 { w.runSignature }
}
