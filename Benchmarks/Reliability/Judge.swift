/// Compares an observation with the truth.
struct Judge {
  typealias Number = DoubleDouble
  let problem: Problem
  let solution: [Number]?
  let plan: Plan
  let observation: Observation
  let model: Model

  init(_ problem: Problem, _ solution: [Number]?, _ plan: Plan, _ observation: Observation) {
    self.problem = problem
    self.solution = solution
    self.plan = plan
    self.observation = observation
    model = Model(problem)
  }

  var ulp: Double { problem.ulp }
  var rounding: Double { 16 * ulp * Double(problem.stateCount + model.sampleCount + 4) }

  /// s at unit scale; nil where the run's scale left none.
  var step: Double? {
    guard case .penalized = problem.family else { return 1 }
    let s = DoubleDouble.scale(observation.step, by: 2 * problem.scales.features)
    return s.isFinite && s > 0 ? s : nil
  }

  /// τ, for an outcome that says `converged`.
  var tolerance: Double {
    switch plan.stopping {
    case _ where plan.strategy == .aidDirect: 0
    case .automatic: plan.strategy.isSolver ? 64 * ulp : ulp.squareRoot() * ulp.squareRoot().squareRoot()
    case .tolerance(let t): plan.strategy.isSolver ? max(t, 64 * ulp) : t
    case .iterations: plan.strategy.isSolver ? 64 * ulp : 0
    }
  }

  // MARK: - The verdict

  func verdict() -> (Verdict, String) {
    guard observation.isUsable else { return (.refused, "") }
    for column in observation.values where !column.allSatisfy(\.isFinite) {
      return (.wrong, "usable with a number that is not finite: \(column)")
    }
    if let bound = observation.bound, !bound.isFinite { return (.boundNotFinite, "bound \(bound)") }
    let poison = PoisonRule(self).rule
    switch poison {
    case .mustRefuse(let why): return (.wrong, "usable with \(why)")
    case .onlyFinite(let why): return (.unjudged, why)
    case .judged: break
    }
    let result: Expectation.Result
    if plan.strategy == .workingSetSolver {
      guard let found = judgeMinimizer() else { return (.unjudged, "no unique solution known") }
      result = found
    } else {
      let expectation = expectation()
      if let why = expectation.unjudged { return (.unjudged, why) }
      result = expectation.compare(observation.values, leastNormal: problem.leastNormal)
    }
    switch result {
    case .wrong(let error, let allowance, let entry):
      return (.wrong, "error \(short(error)), allowed \(short(allowance)) at (\(entry.row), \(entry.column))")
    case .hopeless:
      if let low = boundTooLow() { return (.boundTooLow, low) }
      return (.unjudged, "hopeless: the allowance exceeds the answer")
    case .right(let worst):
      if let low = boundTooLow() { return (.boundTooLow, low) }
      return (.right, "at \(short(worst)) of the allowance")
    }
  }

  // MARK: - Where the derivative is taken

  /// The system that the strategy is to solve.
  func system() -> Linearized? {
    guard let step else { return nil }
    if plan.strategy.isITD || plan.strategy.isSolver {
      return solution.map { model.linearized(atSolution: $0, step: step, ulp: ulp) }
    }
    let w = problem.state.map(Number.init)
    if plan.strategy.isAID, problem.vouching == .truthfully, leastStrength > 0 {
      return model.linearized(atSolution: w, step: step, ulp: ulp)
    }
    return model.linearized(at: w, step: step, ulp: ulp)
  }

  private var leastStrength: Double {
    if case .penalized(let data) = problem.family { return data.strengths.min() ?? 1 }
    return 1
  }

  /// c, its exponent and the rounding error of its entries.
  func cotangent(at w: [Number]) -> (c: [Number], exponent: Int, error: Double) {
    if plan.quantity == .hypergradient, case .penalized(let data) = problem.family {
      let X = data.heldOutX.map { $0.map(Number.init) }
      let r = PenalizedTruth.residuals(X, data.heldOutY.map(Number.init), w, isLogistic: data.isLogistic)
      let size = w.norm
      let rows = X.map(\.norm)
      var terms = 0.0
      for i in X.indices {
        terms += rows[i] * (data.isLogistic ? 1 + rows[i] * size : rows[i] * size + data.heldOutY[i].magnitude)
      }
      return (
        PenalizedTruth.gradient(X, r), problem.scales.features + (data.isLogistic ? 0 : problem.scales.targets),
        // Where a sigmoid underflows, the package's ends at the least normal number instead.
        (rounding * terms + 16 * problem.leastNormal * rows.reduce(0, +)) / Double(X.count)
      )
    }
    return (problem.cotangent.map(Number.init), problem.scales.cotangent, 0)
  }

  func allowance(_ L: Linearized, tolerance: Double, stateError: Double) -> Allowance {
    Allowance(
      linearized: L, ulp: ulp, rounding: rounding, tolerance: tolerance,
      identityScale: plan.strategy.usesFullSystem ? 1 / L.step : 0, stateError: stateError,
      curvatureRate: model.curvatureRate)
  }

  /// ‖w − w*‖ for an iteration that stops by τ: the residual over 1 − q, with the rounding of Φ.
  func stateError(_ L: Linearized, _ w: [Number]) -> Double {
    let terms = model.terms(at: w, step: L.step)
    return L.system.inverseNorm / L.step * (10 * tolerance + rounding) * (w.norm + terms)
  }

  // MARK: - The minimizer

  /// By the objective, which is what the duality gap bounds, and by the optimality conditions.
  private func judgeMinimizer() -> Expectation.Result? {
    guard case .penalized(let truth) = model, let solution else { return nil }
    let w = observation.values[0].map { Number(DoubleDouble.scale($0, by: -problem.stateExponent)) }
    let zero = truth.exactObjective(w.map { _ in .zero }).value
    let gap = (truth.exactObjective(w) - truth.exactObjective(solution)).value
    // The promised 16 ulps of f(0), and the rounding of a sum of n + p terms of that size.
    let allowed = (160 * ulp + rounding) * zero
    guard gap <= allowed else { return .wrong(error: gap, allowance: allowed, entry: (0, 0)) }
    let (violation, scale) = truth.violation(w)
    let terms = 64 * rounding * (scale + truth.data.strengths.reduce(0, max))
    guard violation <= terms else { return .wrong(error: violation, allowance: terms, entry: (0, 1)) }
    return .right(worst: max(gap / allowed, violation / terms))
  }
}

/// Three digits.
func short(_ x: Double) -> String {
  guard x.isFinite, x != 0 else { return "\(x)" }
  var (m, e) = (x.magnitude, 0)
  while m >= 10 { (m, e) = (m / 10, e + 1) }
  while m < 1 { (m, e) = (m * 10, e - 1) }
  return "\(x < 0 ? "-" : "")\((m * 10).rounded() / 10)e\(e)"
}
