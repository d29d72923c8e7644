public import LinAlg

extension L1Norm: CertifiablePenalty {
  /// ∇f + λ sign(w) vanishes on the support; |∇f| is below λ elsewhere.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func conditions(
    at w: Vector<Element>, gradient: RoundedGradient<Element>, parameters λ: Vector<Element>,
    linearization L: L1Linearization<Element>
  ) -> OptimalityConditions<Element>? {
    let S = L.active
    guard L.isMask, w.nonzeroCount == S.count, L.hasSigns(of: w) else { return nil }
    let ulp = Element.ulpOfOne
    let k = S.count
    var strengths = Vector<Element>.zeros(w.count)
    self.strengths.fill(&strengths, from: λ, scale: 1)
    var d = Vector<Element>.zeros(k)
    var others: Element = 0
    var reach = Element.infinity
    for i in 0..<k {
      let j = S[i]
      let (g, t) = (gradient.values[j], strengths[j])
      d[i] = g + (w[j] > 0 ? t : -t)
      others += t
      reach = min(reach, w[j].magnitude)
    }
    let residual = d.norm * (1 + Element(k + 8) * ulp) + gradient.activeError(count: k, others: others)
    var conditions = OptimalityConditions(residual: residual, reach: reach, multiplierCount: w.count - k)
    var next = 0
    for j in 0..<w.count {
      if next < k, S[next] == j {
        next += 1
        continue
      }
      let (g, weight) = (gradient.values[j].magnitude, gradient.weights[j])
      conditions.add(
        slack: strengths[j] - g * (1 + 4 * ulp) - weight * gradient.errorPerWeight - gradient.entryError, weight: weight
      )
    }
    return conditions
  }
}

extension L1Linearization {
  /// Whether w has the signs on the support that were differentiated.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func hasSigns(of w: Vector<Element>) -> Bool {
    for k in 0..<active.count {
      let j = active[k]
      // −s D sign(u).
      if !(w[j] > 0 ? signs[j] < 0 : w[j] < 0 && signs[j] > 0) { return false }
    }
    return true
  }
}
