import CommandSupport
import Datasets
import ImplicitDiff
import LinAlg
import Models

/// Which step sizes the stochastic curves use.
enum StepRule: String, CaseIterable {
  /// β = 2/(1 − q²), γ = β (1 + σ₂) with σ₂ estimated.
  case theory
  /// The published experiments' own multiples: figure B has β on the boundary 1/(1 − q²), figure C a constant step of 2000.
  case paper
}

/// Figure B: the elastic net's hypergradient from minibatches against AID-FP, over epochs, at the last deterministic iterate.
struct StochasticElasticNetFigure {
  typealias Map = ElasticNetMap<Double>
  static let batchSize = 100
  /// The state is w_399, the last of the 400 iterates that the published code keeps.
  static let innerIterations = 399

  let settings: FigureSettings
  let rule: StepRule
  let points: Int
  let deterministicIterations = 160
  let stochasticIterations: Int

  init(seed: Int, rule: StepRule, scale: String) {
    self.rule = rule
    points = scale == "quick" ? 20 : 100
    stochasticIterations = scale == "quick" ? 4000 : 8000
    settings = FigureSettings(
      figure: "b", panel: "elastic-net", seed: seed, scale: scale,
      numbers: [
        "lambda1": 0.1, "lambda2": 0.01, "points": Double(points), "batch": Double(Self.batchSize),
        "inner_iterations": Double(Self.innerIterations), "iterations": Double(deterministicIterations),
        "stochastic_iterations": Double(stochasticIterations),
      ], words: ["steps": rule.rawValue])
  }

  func run(_ progress: (Double) -> Void) throws -> FigureFile {
    let data: HeldOutData<Double> = try PaperRegression.stochastic.draw(seed: UInt32(settings.seed)).data
    let λ: Vector<Double> = [0.1, 0.01]
    let map = Map(features: data.trainFeatures, targets: data.trainTargets)
    let objective = HeldOutSquaredError(features: data.validationFeatures, targets: data.validationTargets)
    let solution = try FixedPointSolver<Double>(acceleration: .anderson(memory: 5)).solve(map, parameters: λ).get()
    let atSolution = FixedPointProblem(map, parameters: λ, state: solution)
    let exact = try AID<Map>(.direct).hypergradient(of: objective, atSolution).get()
    let last = FixedPointSolver<Double>(stopping: .iterations(Self.innerIterations)).solve(map, parameters: λ)
    let problem = FixedPointProblem(map, parameters: λ, state: last.estimate)
    let n = map.sampleCount
    let q = map.contractionBound(parameters: λ)!

    var y = Vector<Double>.zeros(map.stateCount)
    var scratch = Vector<Double>.zeros(2)
    objective.gradient(at: problem.state, parameters: λ, support: nil, state: &y, parameters: &scratch)
    let rates = try NSID<Map>.rates(
      problem, cotangent: y, batchSize: Self.batchSize, seed: UInt64(settings.seed))
    let βopt = 2 / (1 - q * q)
    let decreasing: StepSizes<Double> =
      rule == .theory ? rates.decreasing : .decreasing(β: 0.5 * βopt, γ: 2 * βopt)
    let constant: StepSizes<Double> = rule == .theory ? .constant(rates.constantLimit / 4) : .constant(0.25)

    func error(_ g: Vector<Double>) -> Double? { finite(g.distance(to: exact) / exact.norm) }
    func epochs(_ k: Int, _ J: Int) -> Double { Double((k + J) * Self.batchSize) / Double(n) }

    var curves: [Curve] = []
    let grid = evaluationGrid(deterministicIterations, points)
    curves.append(
      Curve(
        name: "AID-FP", k: grid, x: grid.map(Double.init),
        error: try grid.map { k in
          k == 0
            ? 1
            : error(try AID<Map>(.fixedPoint, stopping: .iterations(k)).hypergradient(of: objective, problem).estimate)
        }))

    let stochasticGrid = evaluationGrid(stochasticIterations, points).filter { $0 > 0 }
    let kinds: [(name: String, steps: StepSizes<Double>, sampling: Sampling, biased: Bool)] = [
      ("NSID decreasing", decreasing, .reshuffledEpochs, false),
      ("NSID decreasing, with replacement", decreasing, .withReplacement, false),
      ("NSID constant", constant, .reshuffledEpochs, false),
      ("SID decreasing", decreasing, .reshuffledEpochs, true),
    ]
    for (index, kind) in kinds.enumerated() {
      var curve = Curve(name: kind.name, k: stochasticGrid, x: stochasticGrid.map { epochs($0, $0 + 1) }, error: [])
      for (step, k) in stochasticGrid.enumerated() {
        progress((Double(index) + Double(step) / Double(stochasticGrid.count)) / Double(kinds.count + 1))
        let seed = UInt64(settings.seed) << 32 | UInt64(k)
        let got =
          kind.biased
          ? try SID<Map>(
            iterations: k, innerBatches: k + 1, batchSize: Self.batchSize, steps: kind.steps, sampling: kind.sampling,
            seed: seed, forced: true
          ).hypergradient(of: objective, problem)
          : try NSID<Map>(
            iterations: k, innerBatches: k + 1, batchSize: Self.batchSize, steps: kind.steps, sampling: kind.sampling,
            seed: seed, forced: true
          ).hypergradient(of: objective, problem)
        curve.error.append(error(got.estimate))
      }
      curves.append(curve)
    }
    curves.append(
      try varianceReduced("NSID variance-reduced", problem, objective, rates, error))
    curves.append(
      try varianceReduced("NSID variance-reduced, at the exact solution", atSolution, objective, rates, error))

    let identified = last.estimate.signPattern == solution.signPattern ? 1.0 : 0.0
    return FigureFile(
      settings: settings,
      facts: [
        "q": [q], "L": [map.smooth.loss.spectrum.largest], "mu": [map.smooth.loss.spectrum.smallest],
        "step": [map.stepSize(parameters: λ)], "support": [Double(solution.nonzeroCount)],
        "identified_at_the_state": [identified], "hypergradient": Array(exact), "sigma1": [rates.σ1],
        "sigma2": [rates.σ2], "decreasing_first_step": [decreasing.step(0)], "constant_step": [constant.step(0)],
      ], curves: curves)
  }

  /// One run, looked at after every epoch of its own: a full pass and two passes' worth of minibatches.
  private func varianceReduced(
    _ name: String, _ problem: FixedPointProblem<Map>, _ objective: HeldOutSquaredError<Double>,
    _ rates: StochasticRates<Double>, _ error: (Vector<Double>) -> Double?
  ) throws -> Curve {
    let n = problem.map.sampleCount
    let length = 2 * n / Self.batchSize
    let strategy = VarianceReducedNSID<Map>(
      epochs: 50, epochLength: length, batchSize: Self.batchSize, step: min(0.5, rates.constantLimit),
      seed: UInt64(settings.seed))
    let workspace = strategy.makeWorkspace(for: problem.map)
    var scratch = Vector<Double>.zeros(2)
    var g = scratch
    try strategy.start(problem, workspace) { w, support, y in
      objective.gradient(at: w, parameters: problem.parameters, support: support, state: &y, parameters: &scratch)
    }
    var sampler = strategy.makeSampler(problem)
    var curve = Curve(name: name, k: [], x: [], error: [])
    for epoch in 0...strategy.epochs {
      strategy.finish(problem, workspace, into: &g)
      curve.k.append(epoch * length)
      // One pass for u, and each epoch a pass for the residual and its minibatches.
      curve.x.append(1 + Double(epoch) * (1 + Double(length * Self.batchSize) / Double(n)))
      curve.error.append(error(g))
      if epoch == strategy.epochs { break }
      _ = workspace.refreshResidual(sampleCount: n)
      strategy.runEpoch(workspace, &sampler)
    }
    return curve
  }
}
