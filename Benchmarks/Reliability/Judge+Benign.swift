extension Judge {
  /// Whether a usable answer is due: nothing hard was drawn, the system is well-conditioned on the support and in the
  /// iteration, no kink is near, and the tolerance is within the type's reach.
  var isBenign: Bool {
    guard problem.difficulties.isEmpty, !plan.strategy.isStochastic, plan.strategy != .stochasticSolver, let step,
      let solution
    else { return false }
    let L = model.linearized(atSolution: solution, step: step, ulp: ulp)
    let condition = L.system.inverseNorm * max(L.systemScale, 1 / step)
    guard condition <= (problem.isSinglePrecision ? 1e2 : 1e4), L.contraction() < 1.01 else { return false }
    if !L.support.isEmpty || problem.isSinglePrecision, L.kinkMargin < 1e-3 * solution.norm { return false }
    if case .tolerance(let t) = plan.stopping { return t > 64 * rounding * condition }
    return true
  }
}
