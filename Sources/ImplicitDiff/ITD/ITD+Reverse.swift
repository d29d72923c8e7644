import LinAlg

extension ITD {
  /// result ← w_t'(λ)ᵀ y by pulling y back through the iterates.
  ///
  /// Under a tolerance, t is first what the iteration needs to settle, and the pull-back stops as soon as what is left,
  /// ‖α‖, is below tolerance · ‖y‖; if the start is reached before that, t is doubled and the pull-back begun again from
  /// the new last iterate (so at most twice the work of knowing t in advance).
  func reverse(
    _ problem: FixedPointProblem<Map>, into result: inout Vector<Element>, _ workspace: ITDWorkspace<Map>,
    _ memory: IterateMemory, _ truncation: Int?,
    _ cotangent: Cotangent<Element>
  ) -> DerivativeReport<Element> {
    var report = DerivativeReport<Element>(outcome: .iterationLimit, method: name)
    switch stopping {
    case .iterations(let t):
      var trajectory = Trajectory(problem, length: t, memory, kept: truncation)
      pullBack(problem, &trajectory, into: &result, workspace, until: -1, cotangent, &report)
      report.outcome = .fixedIterations
    case .tolerance(let tolerance, let limit):
      var t = settlingTime(problem, workspace, tolerance, limit, &report)
      if !report.outcome.isUsable && report.outcome != .iterationLimit { return report }
      while true {
        var trajectory = Trajectory(problem, length: t, memory, kept: truncation)
        let settled = pullBack(problem, &trajectory, into: &result, workspace, until: tolerance, cotangent, &report)
        report.iterations = t
        if report.outcome == .notFinite { break }
        if settled || truncation != nil {
          report.outcome = settled ? .converged : .fixedIterations
          break
        }
        if t >= limit { break }
        t = min(2 * t, limit)
      }
    }
    return report
  }

  /// The number of iterations after which ‖w_{t+1} − w_t‖ is below the tolerance.
  private func settlingTime(
    _ problem: FixedPointProblem<Map>, _ workspace: ITDWorkspace<Map>, _ tolerance: Element, _ limit: Int,
    _ report: inout DerivativeReport<Element>
  ) -> Int {
    let solution = FixedPointSolver<Element>(tolerance: tolerance, iterationLimit: limit).solve(
      problem.map, parameters: problem.parameters, from: problem.state)
    report.innerResidual = solution.residual
    switch solution.outcome {
    case .notContracting(let factor): report.outcome = .notContracting(factor: factor)
    case .notFinite: report.outcome = .notFinite
    case .converged, .iterationLimit: report.outcome = .iterationLimit
    }
    report.iterations = solution.iterations
    return max(solution.iterations, 1)
  }

  /// One pull-back from the end of the trajectory; whether ‖α‖ fell to `tolerance` · ‖y‖ (never for a negative one).
  @discardableResult
  private func pullBack(
    _ problem: FixedPointProblem<Map>, _ trajectory: inout Trajectory<Map>, into result: inout Vector<Element>,
    _ workspace: ITDWorkspace<Map>, until tolerance: Element,
    _ cotangent: Cotangent<Element>,
    _ report: inout DerivativeReport<Element>
  ) -> Bool {
    workspace.w.copy(from: trajectory.last)
    cotangent(workspace.w, nil, &workspace.α)
    let size = workspace.α.norm
    result.fill(0)
    report.residual = size
    while trajectory.stepBack(into: &workspace.w) {
      problem.map.linearize(
        at: workspace.w, parameters: problem.parameters, into: workspace.linearization, value: &workspace.next)
      workspace.linearization.parameters.applyAdjoint(workspace.α, into: &workspace.parameterScratch)
      result.add(1, workspace.parameterScratch)
      workspace.linearization.state.applyAdjoint(workspace.α, into: &workspace.scratch)
      swap(&workspace.α, &workspace.scratch)
      report.products += 1
      guard tolerance >= 0 else { continue }
      // ‖α‖ shrinks by the local contraction factor ρ a step, so what is left to add is of the size ‖α‖/(1 − ρ); the last
      // ratio stands for ρ.
      let last = report.residual
      report.residual = workspace.α.norm
      let ratio = report.residual / last
      let left = ratio < 1 ? report.residual * max(1, ratio / (1 - ratio)) : Element.infinity
      if !report.residual.isFinite {
        report.outcome = .notFinite
        return false
      }
      if left <= tolerance * size || report.residual == 0 { return true }
    }
    if tolerance < 0 { report.residual = workspace.α.norm }
    return false
  }
}
