public import ImplicitDiff
public import LinAlg
public import NonsmoothMaps

/// Where Q is a matrix; of an operator the rounding errors of products are not known.
extension QuadraticFunction: CertifiableFunction {
  /// The weights are √Qⱼⱼ: |(Qδ)ⱼ|² ≤ Qⱼⱼ δᵀQδ and |Qᵢⱼ| ≤ √(Qᵢᵢ Qⱼⱼ), Q being semidefinite.
  public func roundedGradient(at w: Vector<Element>, parameters λ: Vector<Element>, active S: IndexSubset)
    -> RoundedGradient<Element>
  {
    let (p, k, ulp) = (w.count, S.count, Element.ulpOfOne)
    var values = Vector<Element>.zeros(p)
    gradient(at: w, parameters: λ, into: &values)
    guard let matrix else {
      return RoundedGradient(
        values: values, weights: Vector(repeating: 1, count: p), activeWeight: 0, activeMagnitude: 0,
        errorPerWeight: .infinity, entryError: .infinity, changePerRoot: .infinity, slope: .infinity,
        strongConvexity: 0, hessianLipschitzConstant: 0, hessianRounding: .infinity,
        mixedDerivativeLipschitzConstant: 0)
    }
    let up = 1 + Element(p + 8) * ulp
    var weights = Vector<Element>.zeros(p)
    // Σ √Qⱼⱼ |wⱼ|; the trace; the largest entry, by ulps of which Q may be not symmetric.
    var (reach, trace, largest, activeTrace): (Element, Element, Element, Element) = (0, 0, 0, 0)
    for j in 0..<p {
      let diagonal = max(0, matrix[j, j])
      weights[j] = diagonal.squareRoot() * up
      reach += weights[j] * w[j].magnitude
      trace += diagonal
      largest = max(largest, diagonal)
    }
    var magnitude: Element = 0
    for i in 0..<k {
      magnitude += values[S[i]].magnitude
      activeTrace += max(0, matrix[S[i], S[i]])
    }
    // Of the terms c and C λ: sums of m + 1 products. Then the difference of the two, and the part of Q that is not symmetric, p ulps of its entries.
    let (linear, m) = (linearMagnitude(λ), parameterCount)
    let skew = Element(p) * ulp * largest
    let entryError =
      (Element(m + 8) * ulp * linear + skew * w.oneNorm) * up + Element(p + m) * .leastNonzeroMagnitude
    return RoundedGradient(
      values: values, weights: weights, activeWeight: activeTrace.squareRoot() * up * up,
      activeMagnitude: magnitude * up, errorPerWeight: Element(p + 8) * ulp * reach * up, entryError: entryError,
      changePerRoot: 1, slope: trace.squareRoot() * up, strongConvexity: 0, hessianLipschitzConstant: 0,
      hessianRounding: (Element(p + 8) * ulp * trace + Element(p) * skew) * up, mixedDerivativeLipschitzConstant: 0)
  }

  /// The largest |cᵢ| + Σ |Cᵢₖ λₖ|, the result's own size being at most that and ‖Q w‖.
  private func linearMagnitude(_ λ: Vector<Element>) -> Element {
    var largest: Element = 0
    for i in 0..<constant.count {
      var sum = constant[i].magnitude
      if let slopes { for k in 0..<slopes.columns { sum += (slopes[i, k] * λ[k]).magnitude } }
      largest = max(largest, sum)
    }
    return largest
  }
}
