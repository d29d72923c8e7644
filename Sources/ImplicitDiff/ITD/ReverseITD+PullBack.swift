import LinAlg

extension ReverseITD {
  /// result ← w_t'(λ)ᵀ y by pulling y back through the iterates.
  ///
  /// Under a tolerance the iteration first runs until it has settled, and the pull-back goes through k further iterates, all of them
  /// settled: an α that is still large where it meets an iterate far from the solution is multiplied by the Jacobian of another
  /// piece, which may well be zero and end it. It stops as soon as what is left of α is below the tolerance; if k iterates do
  /// not suffice, k is doubled and the pull-back begun again (so at most twice the work of knowing k in advance).
  func pullBack(
    _ problem: FixedPointProblem<Map>, into result: inout Vector<Element>, _ workspace: ITDWorkspace<Map>,
    _ cotangent: Cotangent<Element>
  ) -> DerivativeReport<Element> {
    var report = DerivativeReport<Element>(outcome: .iterationLimit, method: name)
    let limit = stopping.iterationLimit ?? Stopping<Element>.defaultIterationLimit
    guard let tolerance = stopping.relativeTolerance else {
      let t = limit
      var trajectory = Trajectory(problem, length: t, memory, kept: truncation)
      if trajectory.last.firstNonFinite != nil {
        report.outcome = .notFinite()
        result.fill(.nan)
        return report
      }
      pullBack(problem, &trajectory, into: &result, workspace, until: nil, cotangent, &report)
      report.iterations = t
      report.outcome = .fixedIterations
      return report
    }
    let solution = FixedPointSolver<Element>(stopping: .tolerance(tolerance, limit: limit)).solve(
      problem.map, parameters: problem.parameters, from: problem.state)
    report.innerResidual = solution.residual
    report.iterations = solution.iterations
    guard solution.outcome == .converged else {
      report.outcome = solution.outcome
      result.fill(.nan)
      return report
    }
    var settled = problem
    settled.state = solution.estimate
    // Settling and pulling back together stay within the limit.
    let most = max(1, limit - solution.iterations)
    var k = truncation ?? min(max(Self.firstLength, solution.iterations), most)
    while true {
      var trajectory = Trajectory(settled, length: k, memory, kept: truncation)
      report.iterations = solution.iterations + k
      if let factor = departure(of: trajectory, from: settled, tolerance, after: k) {
        report.outcome = .notContracting(factor: factor)
        return report
      }
      let end = pullBack(settled, &trajectory, into: &result, workspace, until: tolerance, cotangent, &report)
      if let end {
        report.outcome = end
        return report
      }
      if truncation != nil {
        report.outcome = .fixedIterations
        return report
      }
      if k >= most { return report }
      k = min(2 * k, most)
    }
  }

  private static var firstLength: Int { 32 }

  /// The factor per step by which the iteration left the point where it had settled, or nil where it stayed: where Φ does not contract,
  /// rounding errors grow until the iterates lie on other pieces.
  private func departure(
    of trajectory: Trajectory<Map>, from settled: FixedPointProblem<Map>, _ tolerance: Element, after k: Int
  ) -> Element? {
    let moved = trajectory.last.distance(to: settled.state)
    let residual = settled.map.residual(at: settled.state, parameters: settled.parameters)
    // A contraction ends within residual/(1 − q) of where it starts, and k steps lead no farther than k of the first.
    let noise = max(
      max(tolerance, 64 * .ulpOfOne) * settled.state.norm,
      settled.map.finiteEvaluationError(at: settled.state, parameters: settled.parameters))
    let allowed = Element(k + 1) * (residual + noise)
    if moved <= allowed { return nil }
    return Element.pow(moved / max(residual, noise), 1 / Element(max(1, k)))
  }

  /// One pull-back from the end of the trajectory. Under a tolerance `.converged` where what is left of α fell to that share of what
  /// it was, `.notFinite` where it is no number, nil where the trajectory was too short; without one always nil.
  @discardableResult
  private func pullBack(
    _ problem: FixedPointProblem<Map>, _ trajectory: inout Trajectory<Map>, into result: inout Vector<Element>,
    _ workspace: ITDWorkspace<Map>, until tolerance: Element?, _ cotangent: Cotangent<Element>,
    _ report: inout DerivativeReport<Element>
  ) -> Outcome<Element>? {
    workspace.w.copy(from: trajectory.last)
    cotangent(workspace.w, nil, &workspace.α)
    let scale = workspace.α.takeScale()
    result.fill(0)
    defer { report.residual = report.residual.map { $0 * scale } }
    let before = report.products
    var size: Element = 0
    var last = Element.infinity
    while trajectory.stepBack(into: &workspace.w) {
      problem.map.linearize(
        at: workspace.w, parameters: problem.parameters, into: workspace.linearization, value: &workspace.next)
      if let tolerance, let norm = workspace.relevantNorm(isFirst: report.products == before) {
        // ‖α‖ shrinks by the local contraction factor ϱ per step, so what is left to add is of the size ‖α‖/(1 − ϱ); the last ratio stands
        // for ϱ. The first norm is the measure.
        report.residual = norm
        if !norm.isFinite { return .notFinite() }
        let isFirst = last == .infinity
        if isFirst { size = norm }
        let ratio = norm / last
        last = norm
        if norm == 0 || (!isFirst && ratio < 1 && norm <= tolerance * size * (1 - ratio)) {
          workspace.addContribution(to: &result, scale: scale)
          return .converged
        }
      }
      workspace.addContribution(to: &result, scale: scale)
      workspace.linearization.state.applyAdjoint(workspace.α, into: &workspace.scratch)
      swap(&workspace.α, &workspace.scratch)
      report.products += 1
    }
    if tolerance == nil { report.residual = workspace.α.norm }
    return nil
  }
}

extension ITDWorkspace {
  /// result ← result + A2ᵀ (scale α), scaled before the product: of an α of size 1 it may vanish where the answer does not.
  fileprivate func addContribution(to result: inout Vector<Element>, scale: Element) {
    if scale == 1 {
      linearization.parameters.applyAdjoint(α, into: &parameterScratch)
    } else {
      scratch.combine(scale, α, 0)
      linearization.parameters.applyAdjoint(scratch, into: &parameterScratch)
    }
    result.add(1, parameterScratch)
  }

  /// ‖α‖ over the entries that A1ᵀ and A2ᵀ read: on a proximal-gradient map those of the support. On another map it is not known
  /// which they are, and nil of α = y; after a product with A1ᵀ what they do not read is gone.
  fileprivate func relevantNorm(isFirst: Bool) -> Element? {
    guard let support = linearization.supportOfAnswer else { return isFirst ? nil : α.norm }
    if support.count == α.count { return α.norm }
    if compact.count != support.count { compact = .zeros(support.count) }
    compact.gather(support, from: α)
    return compact.norm
  }
}
