import LinAlg

extension ITD {
  /// X ← w_t'(λ) M by tangents carried along the iteration; two p × k blocks of memory, one block product a step.
  ///
  /// Under a tolerance it stops when both the iterate and the tangents have settled: the increment of X shrinks by the
  /// local contraction factor ρ a step, so its error is increment · ρ/(1 − ρ), with ρ measured as the ratio of the last
  /// two increments. That estimate is held to the tolerance.
  func forward(
    _ problem: FixedPointProblem<Map>, _ M: Matrix<Element>, into X: inout Matrix<Element>,
    _ workspace: ITDWorkspace<Map>
  ) -> DerivativeReport<Element> {
    precondition(
      M.rows == problem.map.parameterCount && X.rows == problem.map.stateCount && X.columns == M.columns,
      "ITD: directions \(M.rows) × \(M.columns) into tangents \(X.rows) × \(X.columns)")
    var report = DerivativeReport<Element>(outcome: .iterationLimit, method: name)
    let (tolerance, limit): (Element, Int) =
      switch stopping {
      case .tolerance(let t, let limit): (t, limit)
      case .iterations(let t): (-1, t)
      }
    var image = Matrix<Element>.zeros(X.rows, X.columns)
    var source = Matrix<Element>.zeros(X.rows, X.columns)
    X.fill(0)
    workspace.w.copy(from: problem.state)
    var monitor = ContractionMonitor<Element>(window: 50)
    var last = Element.infinity
    var firstStep: Element = 0
    while report.iterations < limit {
      problem.map.linearize(
        at: workspace.w, parameters: problem.parameters, into: workspace.linearization, value: &workspace.next)
      workspace.linearization.state.apply(block: X, into: &image)
      workspace.linearization.parameters.apply(block: M, into: &source)
      image.combine(1, source, 1)
      report.iterations += 1
      report.products += X.columns
      if tolerance >= 0 {
        let step = workspace.next.distance(to: workspace.w)
        X.combine(1, image, -1)  // the increment of X; X itself is not needed any more
        if report.iterations == 1 { firstStep = step }
        let increment = X.frobeniusNorm
        let ratio = increment / last
        last = increment
        report.residual = increment
        report.innerResidual = step
        let size = image.frobeniusNorm
        let error = ratio < 1 ? increment * max(1, ratio / (1 - ratio)) : Element.infinity
        let stateSettled = step <= max(tolerance, 4 * .ulpOfOne) * max(firstStep, workspace.next.norm)
        swap(&X, &image)
        swap(&workspace.w, &workspace.next)
        if stateSettled && (error <= tolerance * size || increment <= 2 * Element.ulpOfOne * size) {
          report.outcome = .converged
          return report
        }
        if !(increment.isFinite && step.isFinite) {
          report.outcome = .notFinite
          return report
        }
        if let factor = monitor.record(step > 0 ? step : increment) {
          if step > 8 * Element.ulpOfOne * max(firstStep, workspace.w.norm) {
            report.outcome = .notContracting(factor: factor)
            return report
          }
        }
      } else {
        swap(&X, &image)
        swap(&workspace.w, &workspace.next)
      }
    }
    if tolerance < 0 {
      report.outcome = .fixedIterations
      report.residual = .nan  // not measured
    }
    return report
  }
}
