import ImplicitDiff
import LinAlg
import Models
import TestSupport
import RealModule
import Testing

/// NSID, SID and variance reduction on the elastic net.
@Suite struct ElasticNetStochasticTests {
  typealias Map = ElasticNetMap<Double>

  let map: Map
  let objective: HeldOutSquaredError<Double>
  let λ: Vector<Double>
  let w: Vector<Double>
  let y: Vector<Double>
  let exact: Vector<Double>

  init() throws {
    let reference = try ReferenceCase("elastic-net-diabetes")
    map = ElasticNetMap(features: reference.data.trainFeatures, targets: reference.data.trainTargets)
    objective = HeldOutSquaredError(
      features: reference.data.validationFeatures, targets: reference.data.validationTargets)
    λ = reference.parameters
    w = Vector(reference.answer.solution)
    exact = Vector(reference.answer.hypergradient)
    var y = Vector<Double>.zeros(map.stateCount)
    var scratch = Vector<Double>.zeros(2)
    objective.gradient(at: w, parameters: λ, support: nil, state: &y, parameters: &scratch)
    self.y = y
  }

  var problem: FixedPointProblem<Map> { FixedPointProblem(map, parameters: λ, state: w) }
  var q: Double { map.contractionBound(parameters: λ)! }
  var steps: StepSizes<Double> { .decreasing(β: 2 / (1 - q * q), γ: 4 / (1 - q * q)) }

  @Test func theOracleOverAllSamplesIsTheMap() {
    let oracle = map.makeOracle()
    oracle.prepare(at: w, parameters: λ)
    let n = map.sampleCount
    let linearization = map.makeLinearization()
    var value = w
    map.linearize(at: w, parameters: λ, into: linearization, value: &value)
    let v = Vector<Double>(count: map.stateCount) { Double(($0 * 29) % 13) - 6 }
    for batch in [Minibatch.all(of: n), Minibatch(Array((0..<n).reversed()))] {
      var u = Vector<Double>.zeros(map.stateCount)
      oracle.addValue(batch, scale: 1, to: &u)
      let outer = map.makeOuterLinearization()
      map.linearizeOuter(at: u, parameters: λ, into: outer)
      var got = w
      map.applyOuter(u, parameters: λ, relaxation: 1, into: &got)
      // Sums of n = 265 products of order ‖w‖.
      let roundoff = 265 * Double.ulpOfOne
      #expect(got.distance(to: value) <= roundoff * w.norm)
      var z = v
      outer.applyStateAdjoint(v, into: &z)
      var x = Vector<Double>.zeros(map.stateCount)
      oracle.addStateAdjoint(batch, z, scale: 1, to: &x)
      var expected = x
      linearization.state.applyAdjoint(v, into: &expected)
      #expect(x.distance(to: expected) <= roundoff * expected.norm)
      var g = Vector<Double>.zeros(2)
      oracle.addParametersAdjoint(batch, z, scale: 1, to: &g)
      outer.addParametersAdjoint(v, scale: 1, to: &g)
      var expectedG = g
      linearization.parameters.applyAdjoint(v, into: &expectedG)
      #expect(g.distance(to: expectedG) <= roundoff * expectedG.norm)
    }
  }

  /// With every sample in the batch and η = 1 the recursion is AID's fixed-point iteration.
  @Test func fullBatchesWithUnitStepsAreAID() throws {
    // A permutation of all samples: the sum's order differs, nothing else.
    let nsid = NSID<Map>(
      iterations: 30, innerBatches: 1, batchSize: map.sampleCount, steps: .constant(1), sampling: .reshuffledEpochs)
    let aid = try AID<Map>(.fixedPoint, stopping: .iterations(30)).hypergradient(of: objective, problem).get()
    let got = try nsid.hypergradient(of: objective, problem).get()
    #expect(got.distance(to: aid) <= 30 * 265 * .ulpOfOne * aid.norm)
  }

  @Test(.enabled(if: Allocations.areCounted), arguments: Sampling.allCases)
  func stepsAllocateNothing(_ sampling: Sampling) throws {
    func allocations(_ k: Int) throws -> Int {
      let strategy = NSID<Map>(iterations: k, innerBatches: 5, batchSize: 53, steps: steps, sampling: sampling)
      let workspace = strategy.makeWorkspace(for: map)
      var g = Vector<Double>.zeros(2)
      return try (0..<3).map { _ in
        try Allocations.count {
          try strategy.vjp(problem, into: &g, workspace: workspace) { $2.copy(from: y) }
        }.allocations
      }.min()!
    }
    // 53 divides 265, so no epoch ends in a smaller batch.
    #expect(try allocations(10) == allocations(1000))
  }

  @Test func aSeedGivesTheSameBits() throws {
    let strategy = NSID<Map>(iterations: 50, innerBatches: 7, batchSize: 20, steps: steps, seed: 5)
    let first = try strategy.hypergradient(of: objective, problem).get()
    #expect(try strategy.hypergradient(of: objective, problem).get() == first)
    var other = strategy
    other.seed = 6
    #expect(try other.hypergradient(of: objective, problem).get() != first)
  }

  /// Root mean square error over 24 seeds at k = 200 … 6400: slope −½ in log-log.
  @Test func theErrorFallsAsOneOverRootK() throws {
    let ks = [200, 400, 800, 1600, 3200, 6400]
    var logs: [(x: Double, y: Double)] = []
    for k in ks {
      var square = 0.0
      for seed in 0..<24 {
        let got = try NSID<Map>(
          iterations: k, innerBatches: k, batchSize: 10, steps: steps, innerPass: .full, seed: UInt64(seed)
        ).hypergradient(of: objective, problem).get()
        let d = got.distance(to: exact)
        square += d * d / 24
      }
      logs.append((Double.log(Double(k)), Double.log(square) / 2))
    }
    let slope = fittedSlope(logs)
    #expect(abs(slope + 0.5) <= 0.1, "slope \(slope)")
  }

  /// The replicates' standard error is of the size of the error: over 40 runs the mean of (error/standard error)² is 1 for
  /// an unbiased estimate; with 4 replicates its sampling error is heavy-tailed, so only the order of magnitude is held.
  @Test func theStandardErrorIsHonest() throws {
    var ratios: [Double] = []
    for seed in 0..<40 {
      let derivative = try NSID<Map>(
        iterations: 2000, innerBatches: 1, batchSize: 10, steps: steps, innerPass: .full, replicates: 8,
        seed: UInt64(1000 + seed)
      ).hypergradient(of: objective, problem)
      let error = try #require(derivative.report.standardError)
      ratios.append(derivative.estimate.distance(to: exact) / error)
    }
    let median = ratios.sorted()[20]
    #expect(median > 0.4 && median < 2.5, "median error over standard error \(median)")
  }

  @Test func samplingInsideTheOuterMapIsBiased() throws {
    // Many steps and replicates leave SID's bias and not NSID's error.
    let nsid = try NSID<Map>(
      iterations: 20_000, innerBatches: 2000, batchSize: 10, steps: steps, replicates: 4
    ).hypergradient(of: objective, problem)
    let sid = try SID<Map>(
      iterations: 20_000, innerBatches: 2000, batchSize: 10, steps: steps, replicates: 4
    ).hypergradient(of: objective, problem)
    let error = try #require(sid.report.standardError)
    #expect(sid.estimate.distance(to: exact) > 5 * error, "no bias seen")
    #expect(sid.estimate.distance(to: exact) > 3 * nsid.estimate.distance(to: exact))
  }

  @Test func varianceReductionConvergesLinearly() throws {
    let errors = try [4, 8, 16].map { epochs in
      let got = try VarianceReducedNSID<Map>(
        epochs: epochs, epochLength: 500, batchSize: 20, step: 0.05
      ).hypergradient(of: objective, problem)
      return got.estimate.distance(to: exact) / exact.norm
    }
    // In the mean an epoch multiplies the error by at most ρ = (1 − η (1 − q))^500 ≈ 0.29; a quarter of its logarithm is
    // left to the noise, which is proportional to the error and vanishes with it.
    let ρ = Double.pow(1 - 0.05 * (1 - q), 500)
    #expect(errors[1] <= errors[0] * Double.pow(ρ, 0.75 * 4), "\(errors)")
    #expect(errors[2] <= errors[1] * Double.pow(ρ, 0.75 * 8), "\(errors)")
    let untilAccurate = try VarianceReducedNSID<Map>(
      epochs: 100, epochLength: 500, batchSize: 20, step: 0.05, tolerance: 1e-10
    ).hypergradient(of: objective, problem)
    #expect(untilAccurate.report.outcome == .converged)
    #expect(untilAccurate.report.iterations < 100)
    #expect(relativeError(try untilAccurate.get(), exact) <= 1e-8)
  }

  @Test func whatIsOutOfRangeIsRefusedWithItsLimit() throws {
    let limit = 1 / (1 - q * q)
    func fails(_ strategy: NSID<Map>) -> DifferentiationError? {
      do {
        _ = try strategy.hypergradient(of: objective, problem)
        return nil
      } catch { return error }
    }
    let good = NSID<Map>(iterations: 5, innerBatches: 5, batchSize: 10, steps: steps)
    #expect(fails(good) == nil)
    for change in [
      { (s: inout NSID<Map>) in s.batchSize = 266 }, { $0.batchSize = 0 }, { $0.iterations = 0 },
      { $0.innerBatches = 0 },
      { $0.replicates = 0 }, { $0.steps = .constant(0) }, { $0.steps = .decreasing(β: -1, γ: 1) },
    ] {
      var bad = good
      change(&bad)
      guard case .invalidArgument(let text)? = fails(bad) else {
        Issue.record("accepted")
        continue
      }
      #expect(!text.isEmpty)
    }
    for steps in [
      StepSizes<Double>.decreasing(β: limit, γ: 10 * limit), .decreasing(β: 3 * limit, γ: limit), .constant(1.5),
    ] {
      var bad = good
      bad.steps = steps
      guard case .stepOutOfRange(let text)? = fails(bad) else {
        Issue.record("accepted \(steps)")
        continue
      }
      if case .decreasing(let β, let γ) = steps, β <= limit, γ > 0 { #expect(text.contains("\(limit)")) }
      bad.forced = true
      #expect(fails(bad) == nil)
    }
  }

  @Test func divergenceIsAnOutcome() throws {
    let diverging = NSID<Map>(
      iterations: 2000, innerBatches: 1, batchSize: 10, steps: .constant(2000), forced: true)
    let got = try diverging.hypergradient(of: objective, problem)
    #expect(got.report.outcome == .notFinite())
    #expect(throws: ConvergenceFailure.self) { try got.get() }
  }

  @Test func theStochasticInnerSolverApproachesTheSolution() throws {
    func error(_ k: Int, averagesFrom: Int? = nil) -> Double {
      StochasticFixedPointSolver<Double>(
        iterations: k, batchSize: 20, steps: steps, averagesFrom: averagesFrom, seed: 3
      ).solve(map, parameters: λ).estimate.distance(to: w) / w.norm
    }
    #expect(error(20_000) < 0.3 * error(200))
    #expect(error(20_000, averagesFrom: 10_000) < 0.1)
  }

  /// The residual is that of the whole map, and it alone says that a run has converged.
  @Test func theStochasticInnerSolverMeasuresItsResidual() throws {
    var solver = StochasticFixedPointSolver<Double>(iterations: 2000, batchSize: 20, steps: steps, seed: 3)
    let rough = solver.solve(map, parameters: λ)
    #expect(rough.residual == map.residual(at: rough.estimate, parameters: λ))
    #expect(rough.outcome == .iterationLimit)
    solver.tolerance = 2 * rough.residual / rough.estimate.norm
    let judged = solver.solve(map, parameters: λ)
    #expect(judged.outcome == .converged)
    #expect(try judged.get() == rough.estimate)
  }

  /// A map that does not contract has no step known to be stable; with `forced` the recursion runs all the same.
  @Test func aMapThatDoesNotContractIsRefused() throws {
    let expanding = Map(loss: map.smooth.loss, step: .fixed(10 * map.stepSize(parameters: λ)))
    #expect(try #require(expanding.contractionBound(parameters: λ)) > 1)
    let problem = FixedPointProblem(expanding, parameters: λ, state: w)
    var strategy = NSID<Map>(iterations: 3, innerBatches: 1, batchSize: 10, steps: .constant(0.5))
    #expect {
      try strategy.vjp(problem, cotangent: y)
    } throws: { error in
      guard case .stepOutOfRange(let text)? = error as? DifferentiationError else { return false }
      return text.contains("not below 1")
    }
    strategy.forced = true
    #expect(throws: Never.self) { try strategy.vjp(problem, cotangent: y) }
  }

  private func fittedSlope(_ points: [(x: Double, y: Double)]) -> Double {
    let n = Double(points.count)
    let mx = points.reduce(0) { $0 + $1.x } / n
    let my = points.reduce(0) { $0 + $1.y } / n
    return points.reduce(0) { $0 + ($1.x - mx) * ($1.y - my) } / points.reduce(0) { $0 + ($1.x - mx) * ($1.x - mx) }
  }
}
