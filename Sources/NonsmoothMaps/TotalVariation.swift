public import LinAlg

/// `g(w, λ) = λ Σ |wⱼ₊₁ − wⱼ|`: few jumps along a line.
///
/// x is constant on runs: the mean of u plus sλ (σ_right − σ_left)/|run|, σ the signs of the jumps at its ends (0 at the ends of the line). D takes
/// the means over
/// the runs. Where runs merge or split, all rules of ``KinkRule`` take the joined run. Cost: O(p).
///
/// N. A. Johnson: A dynamic programming algorithm for the fused lasso and L0-segmentation. J. Comput. Graph. Stat. 22 (2013).
public struct TotalVariation<Element: Scalar>: ProximalMap {
  public init() {}
  public var parameterCount: Int { 1 }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    var sum: Element = 0
    for j in 1..<max(1, w.count) { sum += (w[j] - w[j - 1]).magnitude }
    return λ[0] * sum
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    TotalVariationKernel.apply(threshold: s * λ[0], to: &u)
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
    var x = Vector(copying: u)
    apply(step: s, parameters: λ, to: &x)
    let margin = TotalVariationKernel.margin(u, x, threshold: s * λ[0])
    L.fill(labels: x.runs, pulls: TotalVariationKernel.pulls(x, scale: s), kinkDistance: margin) { _ in 1 }
  }

  /// Possible where λ is not 0: the runs of equal values.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func linearize(
    atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>, into L: ClusterLinearization<Element>
  ) -> Bool {
    if !(λ[0] > 0) { return false }
    L.fill(labels: w.runs, pulls: TotalVariationKernel.pulls(w, scale: s), kinkDistance: nil) { _ in 1 }
    return true
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 { w.runSignature }
}
