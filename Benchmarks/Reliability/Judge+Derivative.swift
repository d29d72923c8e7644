extension Judge {
  /// What a usable answer must be.
  func expectation() -> Expectation {
    guard let step else { return .unjudged("the map has no step at this scale") }
    if plan.strategy == .sid { return .unjudged("biased by design") }
    if observation.isFixedIterations && !plan.strategy.isStochastic { return fixedIterations(step) }
    guard let L = system() else { return .unjudged("no unique solution known") }
    if L.isAmbiguous { return .unjudged("at a kink to rounding") }
    guard L.system.inverse != nil else { return .unjudged("singular") }
    if plan.strategy.isITD || plan.strategy.isSolver {
      guard let solution else { return .unjudged("no unique solution known") }
      if case .general(let truth) = model, DenseSystem.frobenius(truth.data.M.map { $0.map(Number.init) }) >= 1,
        L.contraction() >= 1 || truth.data.bend != .affine && !isContraction(truth.data)
      {
        return .unjudged("perhaps several fixed points")
      }
      let error = stateError(L, solution)
      if !(error < L.kinkMargin) { return .unjudged("a kink within the state's error") }
      if plan.strategy.isSolver { return solverExpectation(L, solution, error) }
      // Reverse mode sums A2(w_s)ᵀ α_s over t ≈ log(1/τ)/(1 − q) iterates: w_s approaches w* by q per step as α_s grows by
      // 1/q, so each of the products is as large as the last one.
      let products = plan.strategy == .itdReverse ? DoubleDouble.logarithm(1 / max(tolerance, ulp)) : 1
      return derivative(L, at: solution, allowance(L, tolerance: tolerance, stateError: max(1, products) * error))
    }
    let w = problem.state.map(Number.init)
    if plan.strategy.isStochastic { return stochastic(L, at: w) }
    return derivative(L, at: w, allowance(L, tolerance: tolerance, stateError: 0))
  }

  private func isContraction(_ data: GeneralData) -> Bool {
    data.M.allSatisfy { $0.map(\.magnitude).reduce(0, +) < 1 }
  }

  private func solverExpectation(_ L: Linearized, _ solution: [Number], _ error: Double) -> Expectation {
    let natural = solution.norm + model.terms(at: solution, step: L.step)
    return Expectation(columns: [
      solution.map {
        Expectation.Entry(
          truth: $0.high, truthLow: $0.low, allowance: error, natural: natural, exponent: problem.stateExponent)
      }
    ])
  }

  // MARK: - To an accuracy

  private func derivative(_ L: Linearized, at w: [Number], _ allowance: Allowance) -> Expectation {
    switch plan.quantity {
    case .jvp, .jacobian: return tangents(L, at: w, allowance)
    default: return adjoint(L, at: w, allowance)
    }
  }

  private func adjoint(_ L: Linearized, at w: [Number], _ allowance: Allowance) -> Expectation {
    var allowance = allowance
    let (all, exponent, error) = cotangent(at: w)
    allowance.cotangentError = error * Double(L.support.count).squareRoot() + objectiveRate * allowance.stateError
    let c = L.support.map { all[$0] }
    guard let v = L.system.solveTransposed(c) else { return .unjudged("singular") }
    // A general map declares no support: its tolerance is relative to all of the cotangent.
    if case .general = model { allowance.wholeCotangent = all.norm }
    let floors = (0..<L.parameterCount).map { sourceFloor($0, w) }
    return gradient(L, v, exponent, allowance.adjoint(v, cotangent: c, sourceFloors: floors), floors: floors)
  }

  /// How fast the outer objective's cotangent moves with w.
  private var objectiveRate: Double {
    guard plan.quantity == .hypergradient, case .penalized(let data) = problem.family else { return 0 }
    return data.heldOutX.reduce(0) { $0 + $1.reduce(0) { $0 + $1 * $1 } } / Double(data.heldOutX.count)
  }

  /// ‖A2's column‖/s over all entries: what features that were on the support for a while leave behind in an iteration's sum.
  private func sourceFloor(_ k: Int, _ w: [Number]) -> Double {
    guard plan.strategy.isITD else { return 0 }
    switch problem.family {
    case .penalized(let data): return k == data.groupCount ? w.norm : 1
    case .general(let data): return data.N.map { Number($0[k]) }.norm
    }
  }

  private func gradient(
    _ L: Linearized, _ v: [Number], _ exponent: Int, _ allowed: [Double], floors: [Double]? = nil
  ) -> Expectation {
    let size = v.norm
    return Expectation(columns: [
      (0..<L.parameterCount).map { k in
        var g = Number.zero
        for (row, x) in zip(L.sources, v) { g += row[k] * x }
        return Expectation.Entry(
          truth: g.high, truthLow: g.low, allowance: allowed[k],
          natural: max(L.sourceNorm(k), floors?[k] ?? 0) * size,
          exponent: exponent + problem.derivativeExponent(k))
      }
    ])
  }

  private var allDirections: [[Number]] {
    let m = problem.parameterCount
    if plan.quantity == .jacobian { return (0..<m).map { k in (0..<m).map { $0 == k ? Number.one : .zero } } }
    return problem.directions.map { $0.map(Number.init) }
  }

  private func tangents(_ L: Linearized, at w: [Number], _ allowance: Allowance) -> Expectation {
    var expectation = Expectation()
    for (j, μ) in allDirections.enumerated() {
      guard let x = L.system.solve(L.sources.map { $0.dot(μ) }) else { return .unjudged("singular") }
      let floor = μ.indices.map { sourceFloor($0, w) * μ[$0].magnitude.value }.reduce(0, +)
      expectation.columns.append(
        column(
          L, x, allowance.tangent(x, direction: μ, sourceFloor: floor), j,
          natural: max(x.norm, L.system.inverseNorm * floor)))
    }
    return expectation
  }

  private func column(
    _ L: Linearized, _ x: [Number], _ allowed: Double, _ j: Int, natural: Double? = nil
  ) -> [Expectation.Entry] {
    let exponent = plan.quantity == .jacobian ? problem.derivativeExponent(j) : problem.stateExponent
    let natural = natural ?? x.norm
    var entries = (0..<problem.stateCount).map { _ in
      Expectation.Entry(truth: 0, truthLow: 0, allowance: allowed, natural: natural, exponent: exponent)
    }
    for (r, i) in L.support.enumerated() { (entries[i].truth, entries[i].truthLow) = (x[r].high, x[r].low) }
    return entries
  }

  // MARK: - After a number of iterations

  private func fixedIterations(_ step: Double) -> Expectation {
    guard case .iterations(let count) = plan.stopping else { return .unjudged("fixed iterations") }
    let start = problem.state.map(Number.init)
    if plan.strategy.isITD {
      let trajectory = TrajectoryTruth(
        model, start: start, length: count, differentiated: min(count, plan.truncation ?? count), ulp: ulp, step: step)
      if trajectory.isAmbiguous { return .unjudged("at a kink to rounding") }
      return trajectoryExpectation(trajectory)
    }
    guard plan.strategy == .aidFixedPoint, !(plan.warmStarts && problem.reusesWorkspace) else {
      return .unjudged("fixed iterations")
    }
    guard let L = system() else { return .unjudged("no unique solution known") }
    if L.isAmbiguous { return .unjudged("at a kink to rounding") }
    if plan.quantity == .jvp || plan.quantity == .jacobian {
      var expectation = Expectation()
      for (j, μ) in allDirections.enumerated() {
        let source = L.sources.map { $0.dot(μ) * Number(L.step) }
        let (x, error) = Recurrence.tangent(L, source: source, count: count, rounding: rounding)
        var terms = 0.0
        for k in μ.indices { terms += L.sourceNorm(k) * μ[k].magnitude.value }
        expectation.columns.append(column(L, x, error + rounding * Double(count) * terms * L.step, j))
      }
      return expectation
    }
    return recurrence(L, at: start, steps: [Double](repeating: 1, count: count))
  }

  /// g = σ Bᵀ v for v of the damped recurrence.
  private func recurrence(_ L: Linearized, at w: [Number], steps: [Double]) -> Expectation {
    let (all, exponent, cotangentError) = cotangent(at: w)
    let c = L.support.map { all[$0] }
    let (v, error) = Recurrence.adjoint(L, cotangent: c, steps: steps, rounding: rounding)
    let scaled = v.map { $0 * Number(L.step) }
    let total = (error + cotangentError * Double(steps.count * 4)) * L.step
    let allowed = (0..<L.parameterCount).map { L.sourceNorm($0) * (total + rounding * scaled.norm) }
    return gradient(L, scaled, exponent, allowed)
  }

  private func trajectoryExpectation(_ t: TrajectoryTruth) -> Expectation {
    let m = problem.parameterCount
    if plan.quantity == .jvp || plan.quantity == .jacobian {
      return Expectation(
        columns: allDirections.enumerated().map { j, μ in
          let size = μ.indices.map { t.columnSizes[$0] * μ[$0].magnitude.value }.reduce(0, +)
          return (0..<problem.stateCount).map { i in
            let x = t.jacobian[i].dot(μ)
            return Expectation.Entry(
              truth: x.high, truthLow: x.low, allowance: t.error * size, natural: size,
              exponent: plan.quantity == .jacobian ? problem.derivativeExponent(j) : problem.stateExponent)
          }
        })
    }
    let (c, exponent, error) = cotangent(at: t.state)
    // The cotangent is taken at the computed last iterate, which is off by about the trajectory's relative error.
    let moved = error + objectiveRate * t.error * t.state.norm
    return Expectation(columns: [
      (0..<m).map { k in
        var g = Number.zero
        for i in c.indices { g += t.jacobian[i][k] * c[i] }
        let size = t.columnSizes[k]
        return Expectation.Entry(
          truth: g.high, truthLow: g.low, allowance: t.error * size * c.norm + moved * size * 4,
          natural: size * c.norm, exponent: exponent + problem.derivativeExponent(k))
      }
    ])
  }

  // MARK: - Stochastic

  private func stochastic(_ L: Linearized, at w: [Number]) -> Expectation {
    if !observation.isFixedIterations {
      return derivative(L, at: w, allowance(L, tolerance: tolerance, stateError: 0))
    }
    if plan.strategy == .nsid && plan.usesWholeBatches {
      let steps = (0..<plan.steps).map { plan.decreases ? 2 * plan.step / (4 + Double($0)) : plan.step }
      return recurrence(L, at: w, steps: steps)
    }
    // Nothing is promised but that it is an approximation, noisy where the steps are large: a thousand times more than any
    // answer there can be is divergence.
    let (all, exponent, error) = cotangent(at: w)
    let c = L.support.map { all[$0] }
    guard let v = L.system.solveTransposed(c) else { return .unjudged("singular") }
    let most = 1000 * L.system.inverseNorm * (c.norm + error)
    var expectation = gradient(L, v, exponent, (0..<L.parameterCount).map { L.sourceNorm($0) * most })
    for k in expectation.columns[0].indices { expectation.columns[0][k].natural = .infinity }
    return expectation
  }
}
