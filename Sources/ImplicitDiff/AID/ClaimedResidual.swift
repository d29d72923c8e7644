import LinAlg

extension DerivativeReport {
  /// Holds a caller's solver to its word: its residual is computed anew, at the cost of one product. What was called solved and is not becomes
  /// ``Outcome/stagnated``; so does a given number of iterations where a tolerance was asked for.
  ///
  /// - Parameter tolerance: what was asked for, relative to ‖b‖; nil where a number of iterations was.
  func verified(
    _ A: some LinearOperator<Element>, _ b: Vector<Element>, _ x: Vector<Element>, tolerance: Element?
  ) -> DerivativeReport {
    var report = self
    var r = Vector<Element>.zeros(b.count)
    A.apply(x, into: &r)
    r.combine(1, b, -1)
    let (norm, scale) = (r.norm, b.norm)
    report.products += 1
    let claimed = report.residual ?? 0
    report.residual = norm
    guard report.outcome == .converged || (report.outcome == .fixedIterations && tolerance != nil) else {
      return report
    }
    // Rounding may keep a residual above the tolerance, and a second evaluation differs by as much again; beyond √ε ‖b‖ nothing counts as solved.
    let rounding = Swift.min(Swift.max(claimed, 16 * .ulpOfOne * scale), Element.ulpOfOne.squareRoot() * scale)
    if !(norm <= 2 * Swift.max((tolerance ?? 0) * scale, rounding)) {
      report.outcome = norm.isFinite ? .stagnated : .notFinite()
    }
    return report
  }
}
