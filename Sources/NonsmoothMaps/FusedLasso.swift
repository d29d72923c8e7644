public import LinAlg

/// `g(w, λ) = λ₀ ‖w‖₁ + λ₁ Σ |wⱼ₊₁ − wⱼ|`. prox is that of ``TotalVariation``, then soft thresholding: D takes means over the runs that are not zero.
///
/// At |run| = sλ₀ all rules of ``KinkRule`` count the run as zero; where runs merge or split they take the joined run. Cost: O(p).
///
/// R. Tibshirani, M. Saunders, S. Rosset, J. Zhu, K. Knight: Sparsity and smoothness via the fused lasso. J. R. Stat. Soc. B 67 (2005).
public struct FusedLasso<Element: Scalar>: ProximalMap {
  public init() {}
  public var parameterCount: Int { 2 }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    λ[0] * w.oneNorm + TotalVariation<Element>().value(at: w, parameters: [λ[1]])
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    TotalVariationKernel.apply(threshold: s * λ[1], to: &u)
    SoftThreshold.apply(threshold: s * λ[0], to: &u)
  }

  public func makeLinearization(count p: Int) -> ClusterLinearization<Element> {
    ClusterLinearization(count: p, parameterCount: 2)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: ClusterLinearization<Element>
  ) {
    var x = Vector(copying: u)
    let t = s * λ[0]
    TotalVariationKernel.apply(threshold: s * λ[1], to: &x)
    var margin = TotalVariationKernel.margin(u, x, threshold: s * λ[1])
    let fused = TotalVariationKernel.pulls(x, scale: s)
    var labels = x.runs
    var sizes = Array(repeating: 0, count: fused.count)
    for run in labels { sizes[run] += 1 }
    var pulls = Array(repeating: Element(0), count: 2 * fused.count)
    for j in 0..<x.count {
      let run = labels[j]
      margin = min(margin, (x[j].magnitude - t).magnitude * Element(sizes[run]).squareRoot())
      if x[j].magnitude <= t && t > 0 { labels[j] = -1 }
      pulls[2 * run] = x[j] > 0 ? -s : (x[j] < 0 ? s : 0)
      pulls[2 * run + 1] = fused[run]
    }
    L.fill(labels: labels, pulls: pulls, kinkDistance: margin) { _ in 1 }
  }

  /// The runs and the signs.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    var hash = PieceHash()
    hash.add(w.runSignature)
    hash.add(w.signPattern)
    return hash.value
  }
}
