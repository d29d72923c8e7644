import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import Testing

/// Stochastic runs end in a right answer or in an outcome that is not usable.
@Suite struct NSIDOutcomeTests {
  typealias Map = ElasticNetMap<Double>

  let problem: FixedPointProblem<Map>
  let cotangent: Vector<Double>
  let exact: Vector<Double>

  init() throws {
    var random = RandomStream(seed: 12)
    let X = Matrix<Double>(rows: 20, columns: 5) { _, _ in random.nextNormal() }
    let y = Vector<Double>(count: 20) { _ in random.nextNormal() }
    let map = Map(features: X, targets: y)
    let λ: Vector<Double> = [0.05, 0.05]
    problem = FixedPointProblem(
      map, parameters: λ, state: WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ).estimate)
    cotangent = Vector<Double>(count: 5) { _ in random.nextNormal() }
    exact = try AID<Map>(.direct).vjp(problem, cotangent: cotangent).get()
  }

  /// With steps at which an epoch's noise outgrows its gain, the epochs are taken back and the step halved until it fits.
  @Test(arguments: [0.1, 0.3, 1.0]) func varianceReductionFindsItsStep(_ step: Double) throws {
    let run = try VarianceReducedNSID<Map>(
      epochs: 400, epochLength: 60, batchSize: 3, step: step, tolerance: 1e-9
    ).vjp(problem, cotangent: cotangent)
    #expect(run.report.outcome == .converged)
    #expect(run.report.products == 1 + run.report.iterations * 61)
    // The error is at most ‖A2‖/(1 − q) times the residual, 1e-9 ‖y‖.
    let q = try #require(problem.map.contractionBound(parameters: problem.parameters))
    let bound =
      1e-9 * cotangent.norm * problem.map.stepSize(parameters: problem.parameters)
      * (5 + problem.state.dot(problem.state)).squareRoot() / (1 - q)
    #expect(try run.get().distance(to: exact) <= bound)
  }

  @Test func noiseThatGrowsIsNotUsable() throws {
    for step in [1.0, 3.0] {
      let run = try NSID<Map>(
        iterations: 3000, innerBatches: 1, batchSize: 1, steps: .constant(step), innerPass: .full, forced: true
      ).vjp(problem, cotangent: cotangent)
      #expect(!run.report.outcome.isUsable, "\(step): \(run.report)")
    }
  }

  /// At a jump of G there is no derivative, as AID and ITD say too; where every minibatch meets it in its own value, SID says so.
  @Test func jumpsAreTold() throws {
    typealias Model = ProximalGradientMap<LinearModel<QuadraticLoss<Double>>, HardThreshold<Double>>
    // Residuals are zero for every sample, so that u = w, and √(2sλ) = 1 is |w₁| exactly.
    let y: Vector<Double> = [1, 0, 0, 0]
    let loss = QuadraticLoss(features: Matrix<Double>.identity(4), targets: y)
    let map = Model(LinearModel(loss), HardThreshold(), step: .fixed(0.5))
    let problem = FixedPointProblem(map, parameters: [1, 0], state: y)
    let v: Vector<Double> = [1, 2, 3, 4]
    for pass in [NSIDInnerPass.sampled, .full] {
      let run = try NSID<Model>(
        iterations: 5, innerBatches: 1, batchSize: 2, steps: .constant(0.1), innerPass: pass, forced: true
      ).vjp(problem, cotangent: v)
      #expect(run.report.outcome == .notDifferentiable && run.estimate.allSatisfy(\.isNaN), "\(pass)")
    }
    let sampled = SID<Model>(
      iterations: 5, innerBatches: 1, batchSize: 2, steps: .constant(0.1), forced: true)
    #expect(try sampled.vjp(problem, cotangent: v).report.outcome == .notDifferentiable)
    let reducing = VarianceReducedNSID<Model>(epochs: 2, epochLength: 5, batchSize: 3, step: 0.1)
    #expect(try reducing.vjp(problem, cotangent: v).report.outcome == .notDifferentiable)
    #expect(try AID<Model>(.gmres()).vjp(problem, cotangent: v).report.outcome == .notDifferentiable)
  }

  @Test func numbersThatAreNoneAreSeen() throws {
    let strategy = NSID<Map>(iterations: 5, innerBatches: 1, batchSize: 3, steps: .constant(0.1), forced: true)
    let reducing = VarianceReducedNSID<Map>(epochs: 2, epochLength: 5, batchSize: 3, step: 0.1)
    let bad: Vector<Double> = [.nan, 0.05]
    let broken = FixedPointProblem(problem.map, parameters: bad, state: problem.state)
    #expect(try strategy.vjp(broken, cotangent: cotangent).report.outcome == .notFinite())
    #expect(try reducing.vjp(broken, cotangent: cotangent).report.outcome == .notFinite())
    #expect(try strategy.vjp(problem, cotangent: Double.infinity * cotangent).report.outcome == .notFinite())
    let solved = StochasticFixedPointSolver<Double>(
      iterations: 5, batchSize: 3, steps: .constant(0.1), tolerance: 0.5
    ).solve(problem.map, parameters: bad)
    #expect(throws: ConvergenceFailure.self) { try solved.get() }
  }
}
