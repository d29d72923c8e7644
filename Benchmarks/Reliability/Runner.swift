import ImplicitDiff
import LinAlg
import Models

/// Runs a plan on a problem with the package.
enum Runner {
  static func observe(_ problem: Problem, _ plan: Plan) -> Observation {
    problem.isSinglePrecision ? observe(problem, plan, Float.self) : observe(problem, plan, Double.self)
  }

  private static func observe<Element: Scalar>(_ problem: Problem, _ plan: Plan, _: Element.Type) -> Observation {
    let data = ScaledData<Element>(problem: problem)
    let other = ScaledData<Element>(problem: problem.other)
    switch (problem.family, problem.other.family) {
    case (.general(let map), .general(let decoy)):
      let run = DerivativeRun(data: data, plan: plan, map: data.generalMap(map))
      return run.differentiate(
        decoy: other.generalMap(decoy),
        objective: ClosureObjective(
          value: { _, _ in 0 }, gradients: { _, λ in (data.cotangent, Vector<Element>.zeros(λ.count)) }))
    case (.penalized(let model), .penalized(let decoy)) where model.isLogistic:
      return observe(
        data, plan, model, data.penalizedMap(model, LogisticLoss<Element>.self),
        other.penalizedMap(decoy, LogisticLoss<Element>.self))
    case (.penalized(let model), .penalized(let decoy)):
      return observe(
        data, plan, model, data.penalizedMap(model, QuadraticLoss<Element>.self),
        other.penalizedMap(decoy, QuadraticLoss<Element>.self))
    default: preconditionFailure("the other problem is of the same family")
    }
  }

  private static func observe<Loss: SmoothLoss>(
    _ data: ScaledData<Loss.Element>, _ plan: Plan, _ model: PenalizedData, _ map: PenalizedMap<Loss>,
    _ decoy: PenalizedMap<Loss>
  ) -> Observation {
    let run = DerivativeRun(data: data, plan: plan, map: map)
    var observation: Observation
    switch plan.strategy {
    case .workingSetSolver, .stochasticSolver, .fixedPointSolver, .andersonSolver:
      observation = SolverRun(data: data, plan: plan).solve(map)
    default:
      let objective = HeldOutLoss<Loss>(
        features: data.matrix(model.heldOutX, exponent: data.problem.scales.features, poisoned: false),
        targets: Vector(
          count: model.heldOutY.count
        ) {
          ScaledData<Loss.Element>.number(model.heldOutY[$0], model.isLogistic ? 0 : data.problem.scales.targets)
        })
      observation =
        plan.strategy.isStochastic
        ? run.sample(objective: objective) : run.differentiate(decoy: decoy, objective: objective)
    }
    observation.step = Double(map.stepSize(parameters: data.parameters))
    return observation
  }
}

extension Problem {
  /// Another problem of the same shape: what a workspace may have differentiated before.
  var other: Problem {
    var problem = self
    problem.poison = nil
    switch family {
    case .penalized(var data):
      for i in data.X.indices { for j in data.X[i].indices { data.X[i][j] *= j % 2 == 0 ? 2 : -0.5 } }
      problem.family = .penalized(data)
    case .general(var data):
      for i in data.M.indices { for j in data.M[i].indices { data.M[i][j] *= j % 2 == 0 ? 0.5 : -0.25 } }
      problem.family = .general(data)
    }
    return problem
  }
}
