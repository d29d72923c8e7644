import ImplicitDiff
import LinAlg
import Models

extension DerivativeRun where Map: CompositeStochasticMap {
  private var steps: StepSizes<Element> {
    plan.decreases ? .decreasing(β: Element(2 * plan.step), γ: 4) : .constant(Element(plan.step))
  }

  private var batch: (size: Int, sampling: Sampling) {
    plan.usesWholeBatches
      ? (map.sampleCount, .reshuffledEpochs) : (min(plan.batchSize, map.sampleCount), .withReplacement)
  }

  /// By the stochastic strategies.
  func sample(objective: some OuterObjective<Element>) -> Observation {
    switch plan.strategy {
    case .nsid:
      return run(
        NSID<Map>(
          iterations: plan.steps, innerBatches: 1, batchSize: batch.size, steps: steps, sampling: batch.sampling,
          innerPass: .full, seed: plan.seed, forced: plan.usesWholeBatches), objective)
    case .sid:
      return run(
        SID<Map>(
          iterations: plan.steps, innerBatches: 1, batchSize: batch.size, steps: steps, sampling: batch.sampling,
          seed: plan.seed, forced: true), objective)
    default:
      return run(
        VarianceReducedNSID<Map>(
          epochs: 20, epochLength: 2 * map.sampleCount, batchSize: batch.size, step: Element(plan.step),
          sampling: batch.sampling, seed: plan.seed, tolerance: tolerance), objective)
    }
  }

  private var tolerance: Element {
    if case .tolerance(let t) = plan.stopping { return Element(t) }
    return 0
  }

  private func run<S: AdjointStrategy<Map>>(_ strategy: S, _ objective: some OuterObjective<Element>)
    -> Observation
  {
    do {
      let problem = FixedPointProblem(map, parameters: data.parameters, state: data.state)
      let found =
        plan.quantity == .hypergradient
        ? try strategy.hypergradient(of: objective, problem) : try strategy.vjp(problem, cotangent: data.cotangent)
      return observation(found.report, [found.estimate])
    } catch {
      return .thrown(error)
    }
  }
}

/// One fixed point by the package.
struct SolverRun<Element: Scalar> {
  let data: ScaledData<Element>
  let plan: Plan

  /// The tolerance asked for.
  private var tolerance: Element {
    if case .tolerance(let t) = plan.stopping { return Element(t) }
    return 64 * .ulpOfOne
  }

  func iterate<Map: FixedPointMap<Element>>(_ map: Map) -> Observation {
    let solver = FixedPointSolver<Element>(
      stopping: .tolerance(tolerance, limit: Plan.iterationLimit),
      acceleration: plan.strategy == .andersonSolver ? .anderson(memory: plan.memory) : .none)
    return observation(solver.solve(map, parameters: data.parameters, from: data.state))
  }

  func solve<Loss: SmoothLoss<Element>>(_ map: PenalizedMap<Loss>) -> Observation {
    switch plan.strategy {
    case .workingSetSolver:
      let shared = map.penalty.strengths
      var strengths = Vector<Element>.zeros(map.stateCount)
      shared.fill(&strengths, from: data.parameters, scale: 1)
      let solution = WorkingSetSolver<Element>().solve(
        map.smooth.loss, strengths: strengths, ridge: data.parameters[shared.count], from: data.state)
      return Observation(
        outcome: "\(solution.outcome)", isUsable: solution.outcome == .converged,
        values: [solution.estimate.map { Double($0) }], iterations: solution.passes)
    case .stochasticSolver:
      let solver = StochasticFixedPointSolver<Element>(
        iterations: 20 * plan.steps,
        batchSize: plan.usesWholeBatches ? map.sampleCount : min(plan.batchSize, map.sampleCount),
        steps: plan.decreases ? .decreasing(β: Element(2 * plan.step), γ: 4) : .constant(Element(plan.step)),
        sampling: plan.usesWholeBatches ? .reshuffledEpochs : .withReplacement, seed: plan.seed, tolerance: tolerance)
      return observation(solver.solve(map, parameters: data.parameters, from: data.state))
    default: return iterate(map)
    }
  }

  private func observation(_ solution: FixedPointSolution<Element>) -> Observation {
    Observation(
      outcome: "\(solution.outcome)", isUsable: solution.outcome == .converged,
      values: [solution.estimate.map { Double($0) }], iterations: solution.iterations)
  }
}
