import ImplicitDiff
import LinAlg
import Testing

/// Every strategy that takes a general map, against the implicit function theorem written out with LU and against finite
/// differences.
@Suite struct StrategyTests {
  typealias Map = RectifiedMap<Double>

  static let solvers: [AID<Map>.Solver] = [.automatic, .fixedPoint, .gmres(), .gmres(restart: 2), .bicgstab, .direct]
  static let memories: [IterateMemory?] = [nil, .all, .checkpoints]

  let map = Map.example()
  let λ: Vector<Double> = [1, 2]
  let w: Vector<Double>
  /// (I − A1)⁻¹ A2 on the solution's piece.
  let exact: Matrix<Double>

  init() throws {
    w = try FixedPointSolver<Double>().solve(map, parameters: λ).get()
    let p = map.stateCount
    let w = w
    let map = map
    let system = Matrix<Double>(rows: p, columns: p) { ($0 == $1 ? 1 : 0) - (w[$0] > 0 ? map.M[$0, $1] : 0) }
    var J = Matrix<Double>(rows: p, columns: 2) { w[$0] > 0 ? map.N[$0, $1] : 0 }
    try LU(system).solve(block: &J)
    exact = J
  }

  /// Tolerance of an iterative answer: the default relative accuracy times a condition number below 10.
  let iterative = 10 * AID<Map>.defaultTolerance

  @Test func theExampleHasKinksOnBothSides() {
    #expect((0..<5).filter { w[$0] > 0 }.count == 3)
    #expect(map.residual(at: w, parameters: λ) <= 64 * .ulpOfOne * max(1, w.norm))
  }

  @Test(arguments: solvers)
  func aidAgreesWithTheImplicitFunctionTheorem(_ solver: AID<Map>.Solver) throws {
    let problem = FixedPointProblem(map, parameters: λ, state: w)
    let J = try AID<Map>(solver).jacobian(problem).get()
    #expect((J - exact).frobeniusNorm <= iterative * exact.frobeniusNorm)
    let y: Vector<Double> = [1, -2, 3, 0.5, -1]
    let g = try AID<Map>(solver).vjp(problem, cotangent: y).get()
    #expect(g.distance(to: exact.transposed * y) <= iterative * y.norm * exact.frobeniusNorm)
    let t = try AID<Map>(solver).jvp(problem, direction: [2, -1]).get()
    #expect(t.distance(to: exact * [2, -1]) <= 3 * iterative * exact.frobeniusNorm)
  }

  @Test(arguments: [AID<Map>.Solver.conjugateGradient, .minres])
  func symmetricSolversRefuseAGeneralMap(_ solver: AID<Map>.Solver) {
    let problem = FixedPointProblem(map, parameters: λ, state: w)
    #expect(throws: DifferentiationError.notSymmetric(solver: AID<Map>(solver).name)) {
      try AID<Map>(solver).vjp(problem, cotangent: [1, 0, 0, 0, 0])
    }
    #expect(throws: DifferentiationError.notSymmetric(solver: AID<Map>(solver).name)) {
      try AID<Map>(solver).jacobian(problem)
    }
  }

  @Test(arguments: memories)
  func itdConvergesFromZeroAndFromTheSolution(_ memory: IterateMemory?) throws {
    let strategy: any AdjointStrategy<Map> = memory.map { ReverseITD($0) } ?? ForwardITD()
    let y: Vector<Double> = [1, -2, 3, 0.5, -1]
    for start in [nil, w] {
      let g = try strategy.vjp(FixedPointProblem(map, parameters: λ, state: start), cotangent: y).get()
      // What is left of α below the tolerance still passes through ‖A2‖/(1 − q) ≤ 3/(1/4).
      #expect(g.distance(to: exact.transposed * y) <= 12 * iterative * y.norm)
    }
  }

  /// Directions that the solution does not depend on, zero and not, and a linearization in one block with others.
  @Test func forwardTangentsOfZero() throws {
    let problem = FixedPointProblem(map, parameters: λ)
    let zero = try ForwardITD<Map>().jvp(problem, direction: [0, 0])
    #expect(zero.report.outcome == .converged && zero.estimate == .zeros(5))
    let M = Matrix<Double>([[0, 1], [0, 0]])
    var X = Matrix<Double>.zeros(5, 2)
    let strategy = ForwardITD<Map>()
    let report = try strategy.jvp(problem, directions: M, into: &X, workspace: strategy.makeWorkspace(for: map))
    #expect(report.outcome == .converged && X.column(0) == .zeros(5))
    // What is left of the increments below the tolerance is multiplied by 1/(1 − q) ≤ 4.
    #expect(X.column(1).distance(to: exact.column(0)) <= 12 * iterative * exact.frobeniusNorm)
  }

  /// Both modes differentiate the same composition, so for the same t they agree to rounding, converged or not.
  @Test(arguments: [0, 1, 2, 3, 7, 20])
  func forwardAndReverseAgreeForTheSameIterations(_ t: Int) throws {
    let y: Vector<Double> = [1, -2, 3, 0.5, -1]
    let problem = FixedPointProblem(map, parameters: λ)
    let forward = try ForwardITD<Map>(stopping: .iterations(t)).vjp(problem, cotangent: y)
    let kept = try ReverseITD<Map>(.all, stopping: .iterations(t)).vjp(problem, cotangent: y)
    let recomputed = try ReverseITD<Map>(.checkpoints, stopping: .iterations(t)).vjp(problem, cotangent: y)
    #expect(kept.estimate == recomputed.estimate)
    // t products of 5 × 5 matrices of norm below 1, entries of order 10.
    #expect(forward.estimate.distance(to: kept.estimate) <= 100 * Double(t + 1) * .ulpOfOne)
    #expect(forward.report.outcome == .fixedIterations)
    #expect(kept.report.iterations == 0 || kept.report.products == t)
  }

  @Test func truncationDropsTheEarlyIterations() throws {
    let y: Vector<Double> = [1, -2, 3, 0.5, -1]
    let problem = FixedPointProblem(map, parameters: λ)
    let whole = try ReverseITD<Map>(.all, stopping: .iterations(12)).vjp(problem, cotangent: y).get()
    for memory in [IterateMemory.all, .checkpoints] {
      let all = try ReverseITD<Map>(memory, truncatedTo: 12, stopping: .iterations(12)).vjp(problem, cotangent: y)
      #expect(all.estimate == whole)
      // Truncated to k it is the derivative of k iterations from w_{t−k}, the start held fixed.
      var start = Vector<Double>.zeros(5)
      var next = start
      for _ in 0..<8 {
        map.apply(start, parameters: λ, into: &next)
        swap(&start, &next)
      }
      let last4 = try ReverseITD<Map>(.all, stopping: .iterations(4)).vjp(
        FixedPointProblem(map, parameters: λ, state: start), cotangent: y
      ).get()
      let truncated = try ReverseITD<Map>(memory, truncatedTo: 4, stopping: .iterations(12)).vjp(
        problem, cotangent: y)
      #expect(truncated.estimate == last4)
      #expect(truncated.report.products == 4)
    }
  }

  @Test func fixedIterationsOfAIDAreTheRecursion() throws {
    let y: Vector<Double> = [1, -2, 3, 0.5, -1]
    let problem = FixedPointProblem(map, parameters: λ, state: w)
    let A1 = Matrix<Double>(rows: 5, columns: 5) { w[$0] > 0 ? map.M[$0, $1] : 0 }
    let A2 = Matrix<Double>(rows: 5, columns: 2) { w[$0] > 0 ? map.N[$0, $1] : 0 }
    var v = Vector<Double>.zeros(5)
    for k in 0...6 {
      let got = try AID<Map>(.fixedPoint, stopping: .iterations(k)).vjp(problem, cotangent: y)
      #expect(got.report.products == k)
      #expect(got.estimate.distance(to: A2.transposed * v) <= 100 * .ulpOfOne)
      v = A1.transposed * v + y
    }
  }

  @Test func finiteDifferencesAgree() throws {
    // Affine on the piece: the difference quotient is exact up to the solver's accuracy over h.
    let h = 1.0 / 1024
    for j in 0..<2 {
      var up = λ
      var down = λ
      up[j] += h
      down[j] -= h
      let solver = FixedPointSolver<Double>()
      let difference =
        (1 / (2 * h)) * (try solver.solve(map, parameters: up).get() - solver.solve(map, parameters: down).get())
      // ‖w − w*‖ ≤ tolerance ‖w‖/(1 − q), q ≤ 3/4, on each side.
      #expect(difference.distance(to: exact.column(j)) <= 64 * .ulpOfOne * w.norm * 4 / h)
    }
  }

  @Test func aHypergradientAddsTheDirectPart() throws {
    let objective = ClosureObjective<Double>(
      value: { w, λ in w.dot(w) / 2 + λ[0] * λ[1] },
      gradients: { w, λ in (state: w, parameters: [λ[1], λ[0]]) })
    let problem = FixedPointProblem(map, parameters: λ, state: w)
    let direct: Vector<Double> = [λ[1], λ[0]]
    let expected = exact.transposed * w + direct
    for solver in Self.solvers {
      let got = try AID<Map>(solver).hypergradient(of: objective, problem).get()
      #expect(got.distance(to: expected) <= iterative * expected.norm)
    }
  }

  @Test func oneBodyServesFloat() throws {
    let map = RectifiedMap<Float>.example()
    let λ: Vector<Float> = [1, 2]
    let w = try FixedPointSolver<Float>().solve(map, parameters: λ).get()
    let problem = FixedPointProblem(map, parameters: λ, state: w)
    let tolerance = 20 * AID<RectifiedMap<Float>>.defaultTolerance
    let expected = Matrix<Float>(converting: exact)
    for solver: AID<RectifiedMap<Float>>.Solver in [.automatic, .fixedPoint, .gmres(), .bicgstab, .direct] {
      let J = try AID<RectifiedMap<Float>>(solver).jacobian(problem).get()
      #expect((J - expected).frobeniusNorm <= tolerance * expected.frobeniusNorm, "\(solver)")
    }
    let J = try ForwardITD<RectifiedMap<Float>>().jacobian(FixedPointProblem(map, parameters: λ)).get()
    #expect((J - expected).frobeniusNorm <= tolerance * expected.frobeniusNorm)
  }

  @Test func warmStartsCutIterations() throws {
    let problem = FixedPointProblem(map, parameters: λ, state: w)
    let y: Vector<Double> = [1, -2, 3, 0.5, -1]
    for solver in [AID<Map>.Solver.fixedPoint, .gmres(), .bicgstab] {
      let strategy = AID<Map>(solver, warmStarts: true)
      let workspace = strategy.makeWorkspace(for: map)
      var g = Vector<Double>.zeros(2)
      let cold = try strategy.vjp(problem, into: &g, workspace: workspace) { $2.copy(from: y) }
      let warm = try strategy.vjp(problem, into: &g, workspace: workspace) { $2.copy(from: y) }
      #expect(warm.iterations < cold.iterations, "\(solver)")
      #expect(g.distance(to: exact.transposed * y) <= iterative * y.norm * exact.frobeniusNorm)
    }
  }
}

/// A given number of Krylov iterations is that many, whatever the residual did on the way.
@Suite struct FixedKrylovIterationsTests {
  @Test func conjugateGradientReturnsTheLastIterate() {
    // From x = 0 the first step of conjugate gradient is (bᵀb/bᵀAb) b: on diag(1, 100) with b = (1, 0.1) that is b, whose
    // residual (0, −9.9) is larger than b's.
    let A = DiagonalOperator<Double>([1, 100])
    let b: Vector<Double> = [1, 0.1]
    var x = Vector<Double>.zeros(2)
    let options = KrylovOptions<Double>(stopping: .iterations(1))
    let report = ConjugateGradient<Double>(count: 2).solve(
      A, b, into: &x, warmStart: false, preconditioner: nil, options: options)
    let step = 1.01 / 2.0
    #expect(x.distance(to: step * b) <= 4 * .ulpOfOne)
    #expect(report.residualNorm > b.norm)
    var guarded = options
    guarded.stopping = .tolerance(0, limit: 1)
    _ = ConjugateGradient<Double>(count: 2).solve(
      A, b, into: &x, warmStart: false, preconditioner: nil, options: guarded)
    #expect(x == [0, 0])
  }
}
