import ImplicitDiff
import LinAlg
import NonsmoothMaps
import Testing

/// f + g for every penalty, solved and differentiated by every strategy, against the linearized optimality conditions and against differences of solutions.
@Suite struct EndToEndTests {
  static let p = 8
  static let groups = [[0, 3, 6], [1], [2, 4, 5, 7]]

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var parameters: Vector<Double>
    var make: @Sendable () -> any ProximalMap<Double>
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(name: "l1", parameters: [0.4]) { L1Norm<Double>() },
    Case(name: "l1, none survives", parameters: [40]) { L1Norm<Double>() },
    Case(name: "group lasso", parameters: [0.5]) { GroupLasso<Double>(Groups(groups)) },
    Case(name: "group lasso, all active", parameters: [0.02]) { GroupLasso<Double>(Groups(groups)) },
    Case(name: "group lasso, shared", parameters: [0.3, 0.7]) {
      GroupLasso<Double>(Groups(groups), strengths: SharedStrengths([0, 1, 1], count: 2))
    },
    Case(name: "sparse group lasso", parameters: [0.2, 0.2]) { SparseGroupLasso<Double>(Groups(groups)) },
    Case(name: "box, upper bound", parameters: [0.4]) { Box<Double>(lower: .fixed(0), upper: .parameters()) },
    Case(name: "box, both bounds", parameters: [-0.3, 0.5]) { Box<Double>(lower: .parameters(), upper: .parameters()) },
    Case(name: "box, all clipped", parameters: [-0.001, 0.001]) {
      Box<Double>(lower: .parameters(), upper: .parameters())
    },
    Case(name: "nonnegative", parameters: []) { Box<Double>.nonNegative },
    Case(name: "simplex", parameters: [1.5]) { Simplex<Double>() },
    Case(name: "simplex, one vertex", parameters: [0.01]) { Simplex<Double>() },
    Case(name: "l1 ball", parameters: [1.5]) { L1Ball<Double>() },
    Case(name: "l1 ball, inside", parameters: [100]) { L1Ball<Double>() },
  ]

  @Test(arguments: cases) func derivatives(of subject: Case) throws {
    for seed in 1...4 { try check(subject.make(), subject.parameters, seed: UInt64(seed), subject.name) }
  }

  private func check<G: ProximalMap<Double>>(_ g: G, _ strengths: Vector<Double>, seed: UInt64, _ name: String) throws {
    let f = try CoupledQuadratic<Double>(Self.p, seed: seed)
    let map = ProximalGradientMap(f, g)
    let λ = Vector(Array(strengths) + [1.25])
    let (problem, solution) = FixedPointProblem(map, parameters: λ).solved(
      by: FixedPointSolver(stopping: .tolerance(1e-15)))
    try #require(solution.outcome == .converged, "\(name)")
    let w = problem.state
    let exact = try OptimalityConditions.of(g, at: w, strengths).solve(f.Q, f.c)
    checkDifferences(map, λ, w, exact, name)
    checkParts(map, λ, w, name)

    var numbers = Numbers(seed + 100)
    let y: Vector<Double> = numbers.vector(Self.p)
    let expected = exact.transposed * y
    // Solvers stop at a relative residual of ε^{3/4} = 2e-12, and the systems' condition numbers are below 100.
    let tolerance = 1e-9 * max(1, exact.frobeniusNorm)
    let solvers: [AID<ProximalGradientMap<CoupledQuadratic<Double>, G>>.Solver] = [
      .automatic, .direct, .conjugateGradient, .minres, .gmres(), .bicgstab, .fixedPoint,
    ]
    for vouched in [true, false] {
      var problem = problem
      problem.stateIsSolution = vouched
      for solver in solvers {
        let strategy = AID<ProximalGradientMap<CoupledQuadratic<Double>, G>>(solver)
        let v = try strategy.vjp(problem, cotangent: y)
        #expect(v.report.outcome.isUsable, "vjp \(solver), \(name) \(seed): \(v.report)")
        #expect((v.estimate - expected).maxNorm <= tolerance, "vjp \(solver), \(name) \(seed)")
        let j = try strategy.jacobian(problem)
        #expect(j.report.outcome.isUsable, "jvp \(solver), \(name) \(seed): \(j.report)")
        #expect(j.estimate.difference(from: exact) <= tolerance, "jvp \(solver), \(name) \(seed)")
      }
    }
    let forward = try ForwardITD<ProximalGradientMap<CoupledQuadratic<Double>, G>>().jacobian(problem)
    #expect(forward.estimate.difference(from: exact) <= tolerance, "ITD forward, \(name) \(seed)")
    let reverse = try ReverseITD<ProximalGradientMap<CoupledQuadratic<Double>, G>>().vjp(problem, cotangent: y)
    #expect((reverse.estimate - expected).maxNorm <= tolerance, "ITD reverse, \(name) \(seed)")
  }

  /// A1 by the parts of its symmetric form: the same products as the map's own, in another order for some, of terms that are at most ‖I − s Q‖ ≤ 1.
  private func checkParts<G: ProximalMap<Double>>(
    _ map: ProximalGradientMap<CoupledQuadratic<Double>, G>, _ λ: Vector<Double>, _ w: Vector<Double>, _ name: String
  ) {
    let L = map.makeLinearization()
    map.linearize(atSolution: w, parameters: λ, into: L)
    let parts = SymmetricFormOperator(L)
    let rounding = 8 * Double(Self.p) * Double.ulpOfOne
    #expect(parts.dense().difference(from: L.state.dense()) <= rounding, "parts, \(name)")
    #expect(parts.adjoint.dense().difference(from: L.state.dense().transposed) <= rounding, "parts, adjoint, \(name)")
  }

  /// Differences over 2h of solutions known to 1e-14 or so times the condition number: 1e-14 · 100/h, and of truncation h² with third derivatives of
  /// order 1e2: below 1e-6 for h = 1e-5.
  private func checkDifferences<G: ProximalMap<Double>>(
    _ map: ProximalGradientMap<CoupledQuadratic<Double>, G>, _ λ: Vector<Double>, _ w: Vector<Double>,
    _ exact: Matrix<Double>, _ name: String
  ) {
    let h = 1e-5
    let solver = FixedPointSolver<Double>(stopping: .tolerance(1e-15))
    for i in 0..<λ.count {
      let e: Vector<Double> = h * unit(i, λ.count)
      let above = solver.solve(map, parameters: λ + e, from: w).estimate
      let below = solver.solve(map, parameters: λ - e, from: w).estimate
      let column = (1 / (2 * h)) * (above - below)
      #expect((column - exact.column(i)).maxNorm <= 1e-6, "differences, \(name)")
    }
  }
}
