import Datasets
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import RealModule
import TestSupport
import Testing

/// Elastic nets that once ended in a wrong number without a warning.
@Suite struct ElasticNetOutcomeTests {
  typealias Map = ElasticNetMap<Double>
  static let solvers = ElasticNetReferenceTests.aidSolvers

  /// A column of times in seconds since 1970, off the support: its entry of ∇E is some 10⁹ times the others, and nothing depends
  /// on it.
  @Test(arguments: solvers)
  func aLargeColumnOffTheSupportDoesNotEndTheSolve(_ solver: AID<Map>.Solver) throws {
    let draw = SyntheticRegression<Double>(rows: 40, columns: 6, informative: 4, noise: 0.1, seed: 3)
    var random = RandomStream(seed: 9)
    let X = Matrix<Double>(rows: 40, columns: 7) { i, j in j < 6 ? draw.features[i, j] : 0.01 * random.nextNormal() }
    let held = Matrix<Double>(rows: 25, columns: 7) { _, j in
      j < 6 ? random.nextNormal() : 1.6e9 + 1e6 * random.nextNormal()
    }
    let map = Map(features: X, targets: draw.targets)
    let λ: Vector<Double> = [0.1, 0.05]
    let w = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ).estimate
    #expect(w[6] == 0 && w.nonzeroCount > 0)
    let objective = HeldOutSquaredError(features: held, targets: Vector(count: 25) { _ in random.nextNormal() })
    let problem = FixedPointProblem(map, parameters: λ, state: w)
    let exact = try AID<Map>(.direct).hypergradient(of: objective, problem).get()
    let loose = AID<Map>(solver, stopping: .tolerance(1e-6))
    let got = try loose.hypergradient(of: objective, problem).get()
    // The tolerance over a condition number: columns of 40 normal numbers with λ2 = 0.05 stay below 30.
    #expect(got.distance(to: exact) <= 30 * 1e-6 * exact.norm)
    let iterated = try ReverseITD<Map>(stopping: .tolerance(1e-6)).hypergradient(of: objective, problem).get()
    #expect(iterated.distance(to: exact) <= 30 * 1e-6 * exact.norm)
  }

  @Test(arguments: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  func reverseModeThatEndsIsRight(_ seed: UInt64) throws {
    var random = RandomStream(seed: seed)
    let p = 2 + random.nextIndex(below: 6)
    let X = Matrix<Double>(rows: 20, columns: p) { _, _ in random.nextNormal() }
    let y = Vector<Double>(count: 20) { _ in random.nextNormal() }
    let λ: Vector<Double> = [0.05, 0.05]
    let map = Map(features: X, targets: y)
    let w = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ).estimate
    let c = Vector<Double>(count: p) { _ in random.nextNormal() }
    let exact = try AID<Map>(.direct).vjp(FixedPointProblem(map, parameters: λ, state: w), cotangent: c).get()
    let expanding = Map(features: X, targets: y, step: .fixed(2.1 / (map.smooth.loss.spectrum.largest + 0.05)))
    // From the solution with steps that expand, and from far off with steps that contract.
    var problems = [FixedPointProblem(expanding, parameters: λ, state: w)]
    for size in [1e3, 1e8, 1e12] {
      problems.append(
        FixedPointProblem(map, parameters: λ, state: Vector(count: p) { _ in size * random.nextNormal() }))
    }
    for problem in problems {
      for strategy in [ForwardITD(), ReverseITD()] as [any AdjointStrategy<Map>] {
        let got = try strategy.vjp(problem, cotangent: c)
        if problem.map === map { #expect(got.report.outcome == .converged) }
        guard got.report.outcome.isUsable else { continue }
        // The default tolerance over 1 − q; q stays below 0.95 for twenty rows and at most seven columns.
        #expect(
          got.estimate.distance(to: exact) <= 20 * 10 * AID<Map>.defaultTolerance * (exact.norm + c.norm),
          "\(strategy.name) \(got.report.outcome)")
      }
    }
  }

  @Test func dataThatAreNoNumbersAreNotDifferentiated() throws {
    let X = Matrix<Double>([[1, 2], [3, 4], [5, 7]])
    for y: Vector<Double> in [[1, .nan, 2], [1, .infinity, 2]] {
      let map = Map(features: X, targets: y)
      let solution = FixedPointSolver<Double>().solve(map, parameters: [0.1, 0.1])
      #expect(solution.outcome != .converged)
      for state in [solution.estimate, [1, 1]] {
        let problem = FixedPointProblem(map, parameters: [0.1, 0.1], state: state)
        for solver in Self.solvers {
          let report = try AID<Map>(solver).vjp(problem, cotangent: [1, 2]).report
          #expect(!report.outcome.isUsable, "\(solver)")
        }
      }
    }
  }

  @Test func negativeStrengthsAreRefused() throws {
    let map = Map(features: Matrix<Double>([[1, 2], [3, 4], [5, 7]]), targets: [1, 2, 2])
    for (λ, index) in [([-0.1, 0.1], 0), ([0.1, -0.1], 1)] as [(Vector<Double>, Int)] {
      let violation = ParameterViolation(index: index, value: -0.1, expected: "a strength of at least 0")
      #expect(FixedPointSolver<Double>().solve(map, parameters: λ).outcome == .outsideDomain(violation))
      // A strength of every feature, and the ridge's after them.
      let ofSolver = ParameterViolation(
        index: index == 0 ? 0 : 2, value: -0.1,
        expected: violation.expected)
      #expect(WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ).outcome == .outsideDomain(ofSolver))
      let problem = FixedPointProblem(map, parameters: λ, state: [0.5, 0.1])
      #expect(try AID<Map>(.automatic).vjp(problem, cotangent: [1, 2]).report.outcome == .outsideDomain(violation))
      #expect(try ForwardITD<Map>().jacobian(problem).report.outcome == .outsideDomain(violation))
    }
  }

  @Test func aWorkspaceOfAnotherMapIsNotMistakenForThisOnes() throws {
    let draws = (0..<2).map { SyntheticRegression<Double>(rows: 30, columns: 5, informative: 4, noise: 0.1, seed: $0) }
    let maps = draws.map { Map(features: $0.features, targets: $0.targets) }
    let λ: Vector<Double> = [0.05, 0.05]
    let states = maps.map { WorkingSetSolver<Double>().solve($0.smooth.loss, parameters: λ).estimate }
    let c: Vector<Double> = [1, 2, -1, 0.5, 1]
    for solver in Self.solvers {
      let strategy = AID<Map>(solver)
      let workspace = strategy.makeWorkspace(for: maps[0])
      var g = Vector<Double>.zeros(2)
      let problem = FixedPointProblem(maps[1], parameters: λ, state: states[1])
      _ = try strategy.vjp(problem, into: &g, workspace: workspace) { $2.copy(from: c) }
      #expect(g == (try strategy.vjp(problem, cotangent: c).get()), "\(solver)")
    }
  }

  /// Neither the symmetric solves nor the automatic choice need a contracting step, and so no eigenvalue of the data.
  @Test func noSpectrumWithoutAStep() throws {
    let draw = SyntheticRegression<Double>(rows: 40, columns: 6, informative: 4, noise: 0.1, seed: 3)
    let map = Map(features: draw.features, targets: draw.targets)
    let λ: Vector<Double> = [0.1, 0.05]
    let w = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ).estimate
    let objective = HeldOutSquaredError(features: draw.features, targets: draw.targets)
    let problem = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true)
    for solver in [.automatic, .direct, .conjugateGradient, .minres] as [AID<Map>.Solver] {
      let strategy = AID<Map>(solver)
      let workspace = strategy.makeWorkspace(for: map)
      var (g, scratch) = (Vector<Double>.zeros(2), Vector<Double>.zeros(2))
      _ = try strategy.hypergradient(of: objective, problem, into: &g, scratch: &scratch, workspace: workspace)
      let certificate = strategy.certificate(for: problem, objective: objective, workspace: workspace)
      let bound = try #require(certificate?.hypergradientErrorBound)
      // A third of the digits, from where no better bound is looked for.
      #expect(bound <= Double.pow(.ulpOfOne, 1.0 / 3) * g.norm)
    }
    #expect(!map.smooth.loss.spectrumIsKnown)
    _ = try AID<Map>(.fixedPoint).hypergradient(of: objective, problem).get()
    #expect(map.smooth.loss.spectrumIsKnown)
  }

  /// What runs in a loop allocates nothing: the second derivative at the same support makes as many allocations as the third.
  @Test(
    .enabled(if: Allocations.areCounted), arguments: [.direct, .conjugateGradient, .minres] as [AID<Map>.Solver],
    [8, 120])
  func repeatedSymmetricSolvesAllocateNothing(_ solver: AID<Map>.Solver, _ p: Int) throws {
    let draw = SyntheticRegression<Double>(rows: 2 * p, columns: p, informative: p, noise: 0.1, seed: 5)
    let map = Map(features: draw.features, targets: draw.targets)
    let λ: Vector<Double> = [0.001, 0.05]
    let w = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ).estimate
    let problem = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true)
    let strategy = AID<Map>(solver)
    let workspace = strategy.makeWorkspace(for: map)
    let c = Vector<Double>(count: p) { Double($0 % 5) - 1.5 }
    var g = Vector<Double>.zeros(2)
    // The runtime's own caches fill during the first calls.
    let counts = try (0..<4).map { _ in
      try Allocations.count {
        _ = try strategy.vjp(problem, into: &g, workspace: workspace) { $2.copy(from: c) }
      }.allocations
    }
    #expect(counts.min() == 0, "\(counts)")
  }
}
