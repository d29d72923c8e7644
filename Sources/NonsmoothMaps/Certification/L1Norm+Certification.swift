public import LinAlg

extension L1Norm: CertifiablePenalty {
  public var hasConditions: Bool { true }

  /// ∇f + λ sign(w) vanishes on the support; |∇f| is below λ elsewhere.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func conditions(
    at w: Vector<Element>, gradient: RoundedGradient<Element>, parameters λ: Vector<Element>,
    linearization L: L1Linearization<Element>
  ) -> OptimalityConditions<Element>? {
    guard L.isMask, L.hasSigns(of: w) else { return nil }
    var strengths = Vector<Element>.zeros(w.count)
    self.strengths.fill(&strengths, from: λ, scale: 1)
    return OptimalityConditions(
      ofSoftThresholding: w, support: L.active, strengths: strengths, unpenalized: self.strengths.unpenalized,
      gradient: gradient)
  }
}

extension OptimalityConditions {
  /// For Σ tⱼ |wⱼ|, w with the signs that were differentiated on the support S; nil where w is not zero elsewhere.
  ///
  /// - Parameters:
  ///   - strengths: t, p entries.
  ///   - unpenalized: coordinates of S that have no other piece, increasing; their t is 0.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  package init?(
    ofSoftThresholding w: Vector<Element>, support S: IndexSubset, strengths: Vector<Element>,
    unpenalized: [Int] = [], gradient: RoundedGradient<Element>
  ) {
    let k = S.count
    var free = 0
    guard w.nonzeroCount == k - unpenalized.count(where: { w[$0] == 0 }) else { return nil }
    let ulp = Element.ulpOfOne
    var d = Vector<Element>.zeros(k)
    var others: Element = 0
    var reach = Element.infinity
    for i in 0..<k {
      let j = S[i]
      let (g, t) = (gradient.values[j], strengths[j])
      d[i] = g + (w[j] > 0 ? t : -t)
      others += t
      if free < unpenalized.count, unpenalized[free] == j { free += 1 } else { reach = min(reach, w[j].magnitude) }
    }
    let residual = d.norm * (1 + Element(k + 8) * ulp) + gradient.activeError(count: k, others: others)
    self.init(residual: residual, reach: reach, multiplierCount: w.count - k)
    var next = 0
    let (values, weights, t) = (gradient.values.base, gradient.weights.base, strengths.base)
    let (errorPerWeight, entryError) = (gradient.errorPerWeight, gradient.entryError)
    for j in 0..<w.count {
      if next < k, S[next] == j {
        next += 1
        continue
      }
      let weight = weights[j]
      add(slack: t[j] - values[j].magnitude * (1 + 4 * ulp) - weight * errorPerWeight - entryError, weight: weight)
    }
  }
}

extension L1Linearization {
  /// Whether w has the signs on the support that were differentiated.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func hasSigns(of w: Vector<Element>) -> Bool {
    var free = 0
    for k in 0..<active.count {
      let j = active[k]
      // Whose sign means nothing.
      if free < strengths.unpenalized.count, strengths.unpenalized[free] == j {
        free += 1
        continue
      }
      // −s D factor sign(u).
      if !(w[j] > 0 ? signs[j] < 0 : w[j] < 0 && signs[j] > 0) { return false }
    }
    return true
  }
}
