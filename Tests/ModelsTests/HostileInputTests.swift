import Datasets
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing

/// Inputs that once gave a wrong number without a word: exact kinks, dependent columns, cancelling sums, useless starts.
@Suite struct HostileInputTests {
  typealias Map = ElasticNetMap<Double>

  static let solvers: [AID<Map>.Solver] = [
    .automatic, .fixedPoint, .conjugateGradient, .minres, .gmres(), .bicgstab, .direct,
  ]

  /// XᵀX/n = [[½, ¼], [¼, ½]], Xᵀy/n = (5/4, ½): at λ = (¼, ½) the solution is (1, 0), its second coordinate on a kink.
  let X = Matrix<Double>([[1, 1], [1, 0], [0, 1], [0, 0]])
  let y: Vector<Double> = [1, 4, 1, 0]

  /// With D = diag(1, d) and s = 1 the adjoint equation solved by hand for the cotangent (1, 2).
  static func atTheKink(_ rule: KinkRule) -> Vector<Double> {
    switch rule {
    case .zero: [-1, -1]
    case .one: [-12 / 5, -8 / 15]
    case .midpoint: [-52 / 31, -24 / 31]
    }
  }

  @Test(arguments: KinkRule.allCases, [false, true])
  func everySolverTakesTheRulesElement(_ rule: KinkRule, _ vouched: Bool) throws {
    let map = Map(features: X, targets: y, step: .fixed(1), kink: rule)
    #expect(map.residual(at: [1, 0], parameters: [0.25, 0.5]) == 0)
    let problem = FixedPointProblem(map, parameters: [0.25, 0.5], state: [1, 0], stateIsSolution: vouched)
    let expected = Self.atTheKink(rule)
    for solver in Self.solvers {
      let g = try AID<Map>(solver).vjp(problem, cotangent: [1, 2]).get()
      // The default tolerance over 1 − q = ¼, ‖A2‖ ≤ 2.
      #expect(g.distance(to: expected) <= 8 * AID<Map>.defaultTolerance * expected.norm, "\(solver)")
      let J = try AID<Map>(solver).jacobian(problem).get()
      let product = J.transposed * ([1, 2] as Vector<Double>)
      #expect(product.distance(to: expected) <= 8 * AID<Map>.defaultTolerance * expected.norm, "\(solver)")
    }
  }

  /// A column that depends on others, no λ2 and a cotangent that the system cannot produce: no solver may call it solved.
  @Test(arguments: [5, 37, 200, 1000])
  func dependentColumnsAreNotSilent(_ n: Int) throws {
    let draw = SyntheticColumns(rows: n)
    for X in [draw.repeated, draw.combined] {
      let map = Map(features: X, targets: draw.targets)
      let problem = FixedPointProblem(map, parameters: [0.01, 0], state: [1, -1, 0.5, 0.5], stateIsSolution: true)
      for solver in Self.solvers {
        let report = try AID<Map>(solver).vjp(problem, cotangent: [1, 2, 3, -4]).report
        #expect(!report.outcome.isUsable, "\(solver): \(report.outcome), residual \(report.residual)")
      }
      let tangents = try AID<Map>(.direct).jacobian(problem).report
      #expect(!tangents.outcome.isUsable)
    }
  }

  /// More features on the support than samples and a λ2 at the rounding of XᵀX: Woodbury's form cannot be refined there.
  @Test func aShiftLostInRoundingIsNotSilent() throws {
    let X = Matrix<Double>([[1, 0.5, -0.25, 2], [0.5, 1, 1.5, -1]])
    let map = Map(features: X, targets: [1, 2])
    for (λ2, isUsable) in [(0.01, true), (1e-17, false)] {
      let problem = FixedPointProblem(map, parameters: [0.1, λ2], state: [1, -1, 0.5, 0.5], stateIsSolution: true)
      #expect(try AID<Map>(.direct).vjp(problem, cotangent: [1, 2, 3, -4]).report.outcome.isUsable == isUsable)
      #expect(try AID<Map>(.direct).jacobian(problem).report.outcome.isUsable == isUsable)
    }
  }

  /// Right-hand sides that move by a hundredth: at a contraction of 1 − 2.5e-4 the first increment is far below the tolerance.
  @Test func aWarmStartDoesNotProveConvergence() throws {
    let map = Map(features: X, targets: y, step: .fixed(1e-3))
    let problem = FixedPointProblem(map, parameters: [0.25, 0], state: [1, 1], stateIsSolution: true)
    let tolerance = 1e-4
    let strategy = AID<Map>(.fixedPoint, stopping: .tolerance(tolerance), warmStarts: true)
    let workspace = strategy.makeWorkspace(for: map)
    var g = Vector<Double>.zeros(2)
    for k in 0..<20 {
      let cotangent: Vector<Double> = [1 + 0.01 * Double(k), 1]
      let report = try strategy.vjp(problem, into: &g, workspace: workspace) { $2.copy(from: cotangent) }
      let exact = try AID<Map>(.direct).vjp(problem, cotangent: cotangent).get()
      #expect(report.outcome == .converged)
      // Two real eigenvalues: the measured factor is between them, so the estimate is short by at most their ratio 3.
      #expect(g.distance(to: exact) <= 4 * 3 * tolerance * exact.norm, "step \(k)")
    }
  }

  @Test(arguments: solvers) func aFailedSolveIsNoWarmStart(_ solver: AID<Map>.Solver) throws {
    let map = Map(features: X, targets: y)
    let problem = FixedPointProblem(map, parameters: [0.25, 0.5], state: [1, 1], stateIsSolution: true)
    let strategy = AID<Map>(solver, warmStarts: true)
    let workspace = strategy.makeWorkspace(for: map)
    var g = Vector<Double>.zeros(2)
    let bad = try strategy.vjp(problem, into: &g, workspace: workspace) { $2.copy(from: [.nan, 1]) }
    #expect(bad.outcome == .notFinite())
    let good = try strategy.vjp(problem, into: &g, workspace: workspace) { $2.copy(from: [1, 1]) }
    #expect(good.outcome == .converged)
  }

  /// One feature of ones: w = 1 − λ1. The gap at w = 0 is below the objective's rounding, the support is not empty.
  @Test(arguments: [1e-6, 1e-8, 1e-10, 1e-12])
  func aGapAtRoundingDoesNotHideASupport(_ δ: Double) {
    let loss = QuadraticLoss(features: Matrix<Double>([[1], [1]]), targets: [1, 1])
    let solution = WorkingSetSolver<Double>().solve(loss, parameters: [1 - δ, 0])
    #expect(solution.outcome == .converged)
    // 1 − λ1 is exact; the sums behind it are rounded to ulps of 1.
    #expect(abs(solution.estimate[0] - (1 - (1 - δ))) <= 4 * .ulpOfOne)
  }

  /// From 1e8 in every coordinate, and on a column of zeros that nothing would move.
  @Test func uselessStartsAreDropped() {
    let X = Matrix<Double>([[1, 0.5, 0.25, 0], [0, 1, 0.5, 0]])
    let loss = QuadraticLoss(features: X, targets: [2, 1])
    let solver = WorkingSetSolver<Double>()
    let cold = solver.solve(loss, parameters: [0.1, 0])
    for start: Vector<Double> in [[1e8, -1e8, 1e8, 0], [0, 0, 0, 0.5], [.nan, 0, 0, 0]] {
      let warm = solver.solve(loss, parameters: [0.1, 0], from: start)
      #expect(warm.outcome == .converged)
      #expect(warm.estimate == cold.estimate)
    }
  }

  /// The columns sum to 0 exactly, so a constant added to the targets changes nothing but the rounding of Xᵀy. The exact
  /// answer is that of the targets with the constant taken off, which is exact by Sterbenz's lemma.
  @Test(arguments: [0, 1e4, 1e6, 1e8])
  func theErrorBoundCountsCancellation(_ offset: Double) throws {
    let n = 64
    let draw = SyntheticColumns(rows: n)
    var X = Matrix<Double>(rows: n, columns: 3) { (draw.combined[$0, $1] * 8).rounded() / 8 }
    for j in 0..<3 { X[0, j] -= (0..<n).reduce(0) { $0 + X[$1, j] } }
    let shifted = Vector<Double>(count: n) { draw.targets[$0] + offset }
    let centred = Vector<Double>(count: n) { shifted[$0] - offset }
    let λ: Vector<Double> = [0.1, 0.1]
    let objective = HeldOutSquaredError(features: X, targets: centred)
    let strategy = AID<Map>(.direct)
    let map = Map(features: X, targets: shifted)
    let reference = Map(features: X, targets: centred)
    let problem = FixedPointProblem(map, parameters: λ, state: try FixedPointSolver().solve(map, parameters: λ).get())
    let exact = try strategy.hypergradient(
      of: objective,
      FixedPointProblem(reference, parameters: λ, state: FixedPointSolver().solve(reference, parameters: λ).get())
    ).get()
    let workspace = strategy.makeWorkspace(for: map)
    var g = Vector<Double>.zeros(2)
    var scratch = g
    _ = try strategy.hypergradient(of: objective, problem, into: &g, scratch: &scratch, workspace: workspace)
    let certificate = try #require(strategy.certificate(for: problem, objective: objective, workspace: workspace))
    #expect(g.distance(to: exact) <= (try #require(certificate.hypergradientErrorBound)))
  }

  @Test func plansOutOfReachAreRefused() throws {
    let map = Map(features: X, targets: y)
    let problem = FixedPointProblem(map, parameters: [0.25, 0.5], state: [1, 1])
    for ε in [1e-12, 1e-200] {
      #expect(throws: DifferentiationError.self) {
        try NSID<Map>.plan(problem, cotangent: [1, 1], batchSize: 1, relativeAccuracy: ε)
      }
    }
    #expect(throws: DifferentiationError.self) {
      try NSID<Map>.plan(problem, cotangent: [.nan, 1], batchSize: 1, relativeAccuracy: 0.1)
    }
    #expect(try NSID<Map>.plan(problem, cotangent: [0, 0], batchSize: 1, relativeAccuracy: 0.1).iterations == 1)
  }

  @Test func negativeCountsAreRefused() {
    let problem = FixedPointProblem(Map(features: X, targets: y), parameters: [0.25, 0.5])
    for strategy in [
      ReverseITD<Map>(.checkpoints, truncatedTo: -1), ForwardITD<Map>(stopping: .iterations(-1)),
      ReverseITD<Map>(.all, stopping: .iterations(-2)),
    ] as [any AdjointStrategy<Map>] {
      #expect(throws: DifferentiationError.self) { try strategy.vjp(problem, cotangent: [1, 1]) }
    }
  }
}

/// Pseudorandom columns without a library's help, one of them dependent.
private struct SyntheticColumns {
  let repeated: Matrix<Double>
  let combined: Matrix<Double>
  let targets: Vector<Double>

  init(rows n: Int) {
    func entry(_ i: Int, _ j: Int) -> Double {
      let x = (Double(i + 1) * 0.618_033_988_75 + Double(j + 1) * 0.414_213_562_37) * Double(j + 3)
      return 2 * (x - x.rounded(.down)) - 1
    }
    repeated = Matrix(rows: n, columns: 4) { entry($0, min($1, 2)) }
    combined = Matrix(rows: n, columns: 4) { i, j in
      j < 3 ? entry(i, j) : entry(i, 0) + entry(i, 1) - 0.37 * entry(i, 2)
    }
    targets = Vector(count: n) { entry($0, 0) - entry($0, 1) + 0.1 * entry($0, 5) }
  }
}

/// What a hostile reading found after the first round.
@Suite struct ScaleAndStalenessTests {
  private func problem(_ c: Double) -> (map: ElasticNetMap<Double>, λ: Vector<Double>) {
    let draw = SyntheticRegression<Double>(rows: 30, columns: 6, informative: 4, noise: 0.1, seed: 11)
    return (ElasticNetMap(features: draw.features, targets: c * draw.targets), [0.1 * c, 0.05])
  }

  /// Scaling y and λ1 scales the solution: what is converged does not depend on it.
  @Test(arguments: [1e-150, 1e-100, 1e-20, 1e-10, 1e10, 1e100])
  func solutionsScale(_ c: Double) throws {
    let (unit, λ1) = problem(1)
    let reference = try FixedPointSolver<Double>().solve(unit, parameters: λ1).get()
    let (scaled, λ) = problem(c)
    for acceleration in [FixedPointSolver<Double>.Acceleration.none, .anderson(memory: 5)] {
      let w = try FixedPointSolver<Double>(acceleration: acceleration).solve(scaled, parameters: λ).get()
      // Both are within tolerance/(1 − q) of their solutions; q < 0.95 here.
      #expect(((1 / c) * w).distance(to: reference) <= 2 * 64 * 20 * .ulpOfOne * reference.norm)
    }
    let solved = WorkingSetSolver<Double>().solve(scaled.smooth.loss, parameters: λ)
    #expect(solved.outcome == .converged)
    #expect(((1 / c) * solved.estimate).distance(to: reference) <= 64 * 40 * .ulpOfOne * reference.norm)
  }

  @Test func tinyCotangentsAreNotTakenForZero() throws {
    let (map, λ) = problem(1)
    let w = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ).estimate
    let here = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true)
    let y = Vector<Double>(count: 6) { Double($0) - 2 }
    let strategy = AID<ElasticNetMap<Double>>(.fixedPoint)
    let unit = try strategy.vjp(here, cotangent: y).get()
    let tiny = try strategy.vjp(here, cotangent: 1e-170 * y).get()
    #expect((1e170 * tiny).distance(to: unit) <= 1e-10 * unit.norm)
  }

  @Test func aLinearizationKeepsItsShift() throws {
    let X = Matrix<Double>(rows: 12, columns: 3) { Double(($0 * 5 + $1 * 3) % 7) - 3 }
    let map = PoisoningMap<Double>(
      features: X, labels: (0..<12).map { $0 % 3 }, classCount: 3, poisoned: [1, 4], λ1: 0.01, λ2: 0.5)
    let Γ = Vector<Double>(count: 6) { 0.1 * Double($0) }
    let linearization = map.makeLinearization()
    let w = Vector<Double>(count: 9) { 0.2 * Double($0) - 0.7 }
    var value = w
    map.linearize(at: w, parameters: Γ, into: linearization, value: &value)
    let v = Vector<Double>(count: 9) { Double($0 % 4) - 1 }
    var before = v
    linearization.state.apply(v, into: &before)
    var other = w
    map.apply(w, parameters: Vector(repeating: 3, count: 6), into: &other)
    var after = v
    linearization.state.apply(v, into: &after)
    #expect(after == before)
  }

  /// Ridge regression has no kinks, not even at a coordinate that happens to be zero.
  @Test func zeroStrengthHasNoKink() throws {
    let X = Matrix<Double>([[1, 1], [1, 0], [0, 1], [0, 0]])
    let map = ElasticNetMap(features: X, targets: [1, 3, 0, 0])
    let here = FixedPointProblem(map, parameters: [0, 0.5], state: [1, 0], stateIsSolution: true)
    // (XᵀX/4 + I/2) w' = −w for λ2, and y = (1, 2): −yᵀM⁻¹w with M = [[1, ¼], [¼, 1]].
    for solver in ElasticNetReferenceTests.aidSolvers {
      let got = try AID<ElasticNetMap<Double>>(solver).vjp(here, cotangent: [1, 2]).get()
      #expect(abs(got[1] + 8.0 / 15) <= 1e-11, "\(solver)")
    }
  }

  @Test func withoutStrongConvexityTheStepDoesNotMirror() throws {
    let map = ElasticNetMap(features: Matrix<Double>([[1, 0], [2, 0]]), targets: [3, 1])
    let w = try FixedPointSolver<Double>().solve(map, parameters: [0.05, 0]).get()
    // ½ mean((3 − w)² + (1 − 2w)²)/… : the gradient (5w − 5)/2 + λ1 vanishes at w = 1 − 2 λ1/5.
    #expect(abs(w[0] - 0.98) <= 1e-14)
    let nothing = ElasticNetMap(features: Matrix<Double>.zeros(3, 2), targets: [1, 2, 3])
    #expect(try FixedPointSolver<Double>().solve(nothing, parameters: [0.1, 0]).get() == [0, 0])
  }
}
