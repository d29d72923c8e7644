import LinAlg
public import NonsmoothMaps
internal import RealModule

extension SortedL1 {
  /// SLOPE's penalty of p coordinates with the weights of Benjamini and Hochberg, ωᵢ = Φ⁻¹(1 − iq/(2p))/Φ⁻¹(1 − q/(2p)): the strength is that of the
  /// largest coefficient. With orthogonal features and strengths of the noise's size, q bounds the share of false ones among those selected.
  ///
  /// Source: M. Bogdan, E. van den Berg, C. Sabatti, W. Su, E. J. Candès: SLOPE—adaptive variable selection via convex optimization. Ann. Appl. Stat. 9 (2015).
  ///
  /// - Precondition: p at least 1, 0 < q < 1.
  public static func slope(count p: Int, falseDiscoveryRate q: Double) -> SortedL1 {
    precondition(p >= 1 && q > 0 && q < 1, "SortedL1.slope: \(p) coordinates, a rate of \(q)")
    let quantiles = (1...p).map { NormalTail.quantile(Double($0) * q / (2 * Double(p))) }
    return SortedL1(weights: Vector(count: p) { Element(quantiles[$0] / quantiles[0]) })
  }
}

/// The normal distribution above a number.
enum NormalTail {
  /// x ≥ 0 with P(N > x) = `tail`, at most ½, by bisection until the ends meet.
  static func quantile(_ tail: Double) -> Double {
    var (low, high) = (0.0, 40.0)
    while true {
      let middle = low + (high - low) / 2
      if middle <= low || middle >= high { return low }
      if Double.erfc(middle / Double(2).squareRoot()) / 2 > tail { low = middle } else { high = middle }
    }
  }
}
