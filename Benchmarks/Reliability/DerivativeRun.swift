import ImplicitDiff
import LinAlg
import Models

/// One derivative by the package.
struct DerivativeRun<Map: FixedPointMap> where Map.Element: Scalar {
  typealias Element = Map.Element
  let data: ScaledData<Element>
  let plan: Plan
  let map: Map

  private var problem: FixedPointProblem<Map> {
    var problem = FixedPointProblem(
      map, parameters: data.parameters, state: data.state, stateIsSolution: data.problem.vouching == .truthfully)
    if data.problem.vouching == .beforeAChange {
      problem = FixedPointProblem(
        map, parameters: data.parameters, state: Vector(repeating: 1, count: map.stateCount), stateIsSolution: true)
      problem.state = data.state
    }
    return problem
  }

  /// By the deterministic strategies.
  func differentiate(decoy: Map, objective: some OuterObjective<Element>) -> Observation {
    switch plan.strategy {
    case .fixedPointSolver, .andersonSolver: return SolverRun(data: data, plan: plan).iterate(map)
    case .itdForward: return run(ForwardITD<Map>(stopping: stopping), decoy, objective)
    case .itdReverse:
      return adjoints(
        ReverseITD<Map>(
          plan.keepsAllIterates ? .all : .checkpoints, truncatedTo: plan.truncation, stopping: stopping),
        decoy, objective)
    default: return run(AID<Map>(aidSolver, stopping: stopping, warmStarts: plan.warmStarts), decoy, objective)
    }
  }

  private var aidSolver: AID<Map>.Solver {
    switch plan.strategy {
    case .aidFixedPoint: .fixedPoint
    case .aidConjugateGradient: .conjugateGradient
    case .aidMINRES: .minres
    case .aidGMRES: .gmres()
    case .aidBiCGSTAB: .bicgstab
    case .aidDirect: .direct
    default: .automatic
    }
  }

  private var stopping: Stopping<Element> {
    switch plan.stopping {
    case .automatic: .tolerance(AID<Map>.defaultTolerance, limit: Plan.iterationLimit)
    case .tolerance(let t): .tolerance(Element(t), limit: Plan.iterationLimit)
    case .iterations(let k): .iterations(k)
    }
  }

  private func run(
    _ strategy: some DifferentiationStrategy<Map>, _ decoy: Map, _ objective: some OuterObjective<Element>
  ) -> Observation {
    switch plan.quantity {
    case .jvp, .jacobian: tangents(strategy, decoy)
    default: adjoints(strategy, decoy, objective)
    }
  }

  private func tangents<S: TangentStrategy<Map>>(_ strategy: S, _ decoy: Map) -> Observation {
    let workspace = strategy.makeWorkspace(for: data.problem.reusesWorkspace ? decoy : map)
    let (p, m) = (map.stateCount, map.parameterCount)
    do {
      if data.problem.reusesWorkspace {
        let before = FixedPointProblem(decoy, parameters: data.parameters, state: data.state)
        var X = Matrix<Element>.zeros(p, 1)
        _ = try strategy.jvp(before, directions: data.directions[columns: 0..<1], into: &X, workspace: workspace)
      }
      let M = plan.quantity == .jvp ? data.directions : Matrix<Element>.identity(m)
      var X = Matrix<Element>.zeros(p, M.columns)
      let report = try strategy.jvp(problem, directions: M, into: &X, workspace: workspace)
      return observation(report, (0..<M.columns).map { X.column($0) })
    } catch {
      return .thrown(error)
    }
  }

  private func adjoints<S: AdjointStrategy<Map>>(
    _ strategy: S, _ decoy: Map, _ objective: some OuterObjective<Element>
  ) -> Observation {
    let workspace = strategy.makeWorkspace(for: data.problem.reusesWorkspace ? decoy : map)
    var gradient = Vector<Element>.zeros(map.parameterCount)
    var scratch = gradient
    let cotangent = data.cotangent
    do {
      if data.problem.reusesWorkspace {
        let before = FixedPointProblem(decoy, parameters: data.parameters, state: data.state)
        _ = try strategy.vjp(before, into: &gradient, workspace: workspace) { $2.copy(from: cotangent) }
      }
      guard plan.quantity == .hypergradient else {
        let report = try strategy.vjp(problem, into: &gradient, workspace: workspace) { $2.copy(from: cotangent) }
        return observation(report, [gradient])
      }
      let problem = problem
      let report = try strategy.hypergradient(
        of: objective, problem, into: &gradient, scratch: &scratch, workspace: workspace)
      var found = observation(report, [gradient])
      if let aid = strategy as? AID<Map>, let workspace = workspace as? AIDWorkspace<Map> {
        found.bound = Bound.hypergradient(aid, problem, objective, workspace)
      }
      return found
    } catch {
      return .thrown(error)
    }
  }

  func observation(_ report: DerivativeReport<Element>, _ columns: [Vector<Element>]) -> Observation {
    Observation(
      outcome: "\(report.outcome)", isUsable: report.outcome.isUsable,
      isFixedIterations: report.outcome == .fixedIterations, values: columns.map { $0.map { Double($0) } },
      iterations: report.iterations)
  }
}

/// The error bound, in the one place that knows how it is asked for.
enum Bound {
  static func hypergradient<Map: FixedPointMap>(
    _ aid: AID<Map>, _ problem: FixedPointProblem<Map>, _ objective: some OuterObjective<Map.Element>,
    _ workspace: AIDWorkspace<Map>
  ) -> Double? where Map.Element: Scalar {
    func ofModel<Loss: SmoothLoss>(_: Loss.Type) -> Double?? {
      guard let aid = aid as? AID<PenalizedMap<Loss>>,
        let problem = problem as? FixedPointProblem<PenalizedMap<Loss>>,
        let workspace = workspace as? AIDWorkspace<PenalizedMap<Loss>>,
        let objective = objective as? HeldOutLoss<Loss>
      else { return nil }
      return .some(
        aid.certificate(for: problem, objective: objective, workspace: workspace)?.hypergradientErrorBound
          .map { Double($0) })
    }
    return ofModel(QuadraticLoss<Map.Element>.self) ?? ofModel(LogisticLoss<Map.Element>.self) ?? nil
  }
}
