import ImplicitDiff
import LinAlg
import NonsmoothMaps
import Testing

/// f + g for penalties whose optimality conditions nobody wrote down here: the derivative of the solution against differences of solutions.
@Suite struct SolutionDifferenceTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var parameters: Vector<Double>
    var count = 8
    var make: @Sendable () -> any ProximalMap<Double>
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(name: "2-norm", parameters: [0.3]) { L2Norm<Double>() },
    Case(name: "slab", parameters: [-0.2, 0.1]) { Slab<Double>(normal: [1, 2, -1, 1, 3, 1, -2, 1]) },
    Case(name: "nearly isotonic", parameters: [0.2]) { NearlyIsotonic<Double>() },
    Case(name: "ordered sum", parameters: [0.5]) { OrderedSum<Double>.largest(3, of: 8) },
    Case(name: "conjugate, diagonal", parameters: [0.4]) { Conjugate(L1Norm<Double>()) { _, _ in 0 } },
    Case(name: "conjugate, products alone", parameters: [0.5]) { Conjugate(L2Ball<Double>()) { _, _ in 0 } },
    Case(name: "conjugate of the 3 largest", parameters: [0.3]) {
      Conjugate(OrderedSum<Double>.largest(3, of: 8)) { _, _ in 0 }
    },
    Case(name: "frame", parameters: [0.2]) {
      TightFrame(L1Norm<Double>(), Matrix(rows: 4, columns: 8) { $1 / 2 == $0 ? ($1 % 2 == 0 ? 1 : -1) : 0 })
    },
    Case(name: "separable", parameters: [0.3, 1, 0.2]) {
      SeparableSum<Double>([(L1Norm<Double>(), 2), (Simplex<Double>(), 3), (L2Norm<Double>(), 3)])
    },
    Case(name: "group infinity", parameters: [0.3]) {
      SeparableSum<Double>(each: LInfinityNorm<Double>(), of: Groups([[0, 3, 6], [1], [2, 4, 5, 7]]))
    },
    Case(name: "tree of groups", parameters: [0.1]) {
      TreeGroups<Double>([[0, 1], [0, 1, 2, 3], [5, 6]], count: 8)
    },
    Case(name: "polyhedron", parameters: [0.1, 0.2, -0.1]) {
      Polyhedron<Double>(Matrix(rows: 3, columns: 8) { Double(($0 * 7 + $1 * ($1 + $0)) % 5) - 1.5 }, equations: 1)
    },
    Case(name: "semidefinite", parameters: [], count: 6) { Eigenvalues(Box<Double>.nonNegative) },
    Case(name: "spectraplex", parameters: [1], count: 6) { Eigenvalues(Simplex<Double>()) },
    Case(name: "log det", parameters: [0.5], count: 6) { Eigenvalues(LogBarrier<Double>()) },
    Case(name: "nuclear norm", parameters: [0.4], count: 8) { SingularValues(L1Norm<Double>(), rows: 2, columns: 4) },
    Case(name: "spectral ball", parameters: [0.5], count: 6) {
      SingularValues(LInfinityBall<Double>(), rows: 3, columns: 2)
    },
    Case(name: "entropy", parameters: [0.3]) { NegativeEntropy<Double>() },
    Case(name: "mcp", parameters: [0.4, 4]) { MCP<Double>() },
    Case(name: "scad", parameters: [0.4, 4]) { SCAD<Double>() },
  ]

  @Test(arguments: cases) func derivatives(of subject: Case) throws {
    for seed in 1...3 { try check(subject.make(), subject.parameters, subject.count, seed: UInt64(seed), subject.name) }
  }

  private func check<G: ProximalMap<Double>>(
    _ g: G, _ strengths: Vector<Double>, _ p: Int, seed: UInt64, _ name: String
  ) throws {
    let f = try CoupledQuadratic<Double>(p, seed: seed)
    let map = ProximalGradientMap(f, g)
    let λ = Vector(Array(strengths) + [1.25])
    #expect(map.violation(parameters: λ) == nil)
    let solver = FixedPointSolver<Double>(stopping: .tolerance(1e-15))
    let (problem, solution) = FixedPointProblem(map, parameters: λ).solved(by: solver)
    try #require(solution.outcome == .converged, "\(name) \(seed): \(solution.outcome)")
    let strategy = AID<ProximalGradientMap<CoupledQuadratic<Double>, G>>(.automatic)
    let J = try strategy.jacobian(problem)
    try #require(J.report.outcome.isUsable, "\(name) \(seed): \(J.report)")
    var numbers = Numbers(seed)
    let y: Vector<Double> = numbers.vector(p)
    let v = try strategy.vjp(problem, cotangent: y)
    #expect((v.estimate - J.estimate.transposed * y).maxNorm <= 1e-9, "\(name) \(seed), vjp")
    let reverse = try ReverseITD<ProximalGradientMap<CoupledQuadratic<Double>, G>>().vjp(problem, cotangent: y)
    #expect((v.estimate - reverse.estimate).maxNorm <= 1e-9, "\(name) \(seed), ITD")
    // As in EndToEndTests: 1e-14 times the condition number over h, and h² times third derivatives of order 1e2.
    let h = 1e-5
    for i in 0..<λ.count {
      let e: Vector<Double> = h * unit(i, λ.count)
      let above = solver.solve(map, parameters: λ + e, from: problem.state).estimate
      let below = solver.solve(map, parameters: λ - e, from: problem.state).estimate
      let column = (1 / (2 * h)) * (above - below)
      #expect((column - J.estimate.column(i)).maxNorm <= 1e-6, "\(name) \(seed), parameter \(i)")
    }
  }
}
