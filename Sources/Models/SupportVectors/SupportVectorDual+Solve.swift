public import ImplicitDiff
public import LinAlg
public import NonsmoothMaps

extension SupportVectorDual: PenalizedMinimizer {
  /// By descent along one α after the other (``DualDescent``), for the penalties of a support vector machine.
  public func minimum<G: ProximalMap<Element>>(
    with penalty: G, parameters λ: Vector<Element>, from start: Vector<Element>?, tolerance: Element?,
    iterationLimit: Int, progress: ((SolveProgress<Element>) -> Void)?
  ) -> PenalizedMinimum<Element>? {
    let clock = ContinuousClock.now
    let bounds: (lower: Element, upper: Element, width: Element)
    if let box = penalty as? Box<Element>, box.lower == .fixed(0), box.upper == .parameters() {
      bounds = (0, λ[0], 0)
    } else if let conjugate = penalty as? InsensitiveConjugate<Element> {
      bounds = (-λ[0], λ[0], conjugate.width ?? λ[1])
    } else {
      return nil
    }
    let descent = DualDescent(
      features: features, rows: denseRows, signs: signs, linear: linearTerm, squares: squaredRowNorms,
      lower: bounds.lower, upper: bounds.upper, width: bounds.width)
    guard let found = descent.solve(from: start, passLimit: min(iterationLimit, 100_000)) else { return nil }
    return PenalizedMinimum(
      state: found.state, method: "dual-descent", iterations: found.passes, dualityGap: nil,
      seconds: clock.secondsSince())
  }
}
