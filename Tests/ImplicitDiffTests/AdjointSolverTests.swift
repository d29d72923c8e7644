import ImplicitDiff
import LinAlg
import Testing

/// A solver and a way of solving that come from outside.
@Suite struct AdjointSolverTests {
  typealias Map = RectifiedMap<Double>
  let map = Map.example()
  let λ: Vector<Double> = [1, 2]
  let y: Vector<Double> = [1, -2, 3, 0.5, -1]

  @Test func aSolverOfTheCallersOwnTakesThePlaceOfOurs() throws {
    let solution = map.solve(at: λ)
    #expect(solution.method == "fixed-point")
    _ = try solution.get()
    let own = AdjointSolver<Double>(name: "richardson", for: .general) { Richardson(count: $0) }
    let strategy = AID<Map>(.custom(own))
    let exact = try AID<Map>(.direct).vjp(solution.problem, cotangent: y).get()
    let got = try strategy.vjp(solution.problem, cotangent: y)
    #expect(got.report.method == "richardson")
    // The default tolerance over a condition number below 10.
    #expect(try got.get().distance(to: exact) <= 10 * AID<Map>.defaultTolerance * y.norm)
    let J = try AID<Map>(.direct).jacobian(solution.problem).get()
    #expect((try strategy.jacobian(solution.problem).get() - J).frobeniusNorm <= 1e-10 * J.frobeniusNorm)
    let symmetric = AdjointSolver<Double>(name: "own-cg", for: .symmetric) { ConjugateGradient(count: $0) }
    #expect(throws: DifferentiationError.notSymmetric(solver: "own-cg")) {
      try AID<Map>(.custom(symmetric)).vjp(solution.problem, cotangent: y)
    }
  }

  /// A solver that returns its first guess and calls it solved.
  @Test func aSolverIsHeldToItsWord() throws {
    let solution = map.solve(at: λ)
    let idle = AdjointSolver<Double>(name: "idle", for: .general) { Idle(count: $0) }
    let got = try AID<Map>(.custom(idle)).vjp(solution.problem, cotangent: y)
    #expect(got.report.outcome == .stagnated)
    // x = 0 leaves all of b on the coordinates that matter.
    #expect(try #require(got.report.residual) >= 0.5)
    #expect(throws: ConvergenceFailure.self) { try got.get() }
  }

  /// A given number of iterations is an outcome where one was asked for; under a tolerance it is a claim like another.
  @Test func fixedIterationsUnderAToleranceAreHeldToIt() throws {
    let solution = map.solve(at: λ)
    let idle = AdjointSolver<Double>(name: "idle", for: .general) { Idle(count: $0, outcome: .fixedIterations) }
    let got = try AID<Map>(.custom(idle)).vjp(solution.problem, cotangent: y)
    #expect(got.report.outcome == .stagnated)
    #expect(throws: ConvergenceFailure.self) { try AID<Map>(.custom(idle)).jacobian(solution.problem).get() }
    let asked = try AID<Map>(.custom(idle), stopping: .iterations(1)).vjp(solution.problem, cotangent: y)
    #expect(asked.report.outcome == .fixedIterations)
  }

  @Test func whatIsNotSolvedDoesNotComeOut() {
    // w = w + 1 has no solution.
    let expanding = ScalarAffineMap(1.0)
    let solution = expanding.solve(at: [1])
    #expect(throws: ConvergenceFailure.self) { try solution.get() }
    #expect(!solution.problem.stateIsSolution)
  }
}

private final class Idle: KrylovSolver {
  let count: Int
  private let outcome: Outcome<Double>
  init(count: Int, outcome: Outcome<Double> = .converged) {
    self.count = count
    self.outcome = outcome
  }

  func solve(
    _ A: some LinearOperator<Double>, _ b: Vector<Double>, into x: inout Vector<Double>, warmStart: Bool,
    preconditioner: (any LinearOperator<Double>)?, options: KrylovOptions<Double>
  ) -> KrylovReport<Double> {
    x.fill(0)
    return KrylovReport(outcome: outcome, iterations: 0, products: 0, residualNorm: 0, rightHandSideNorm: b.norm)
  }
}

/// x ← x + (b − A x), the plainest of solvers.
private final class Richardson: KrylovSolver {
  let count: Int
  private var image: Vector<Double>
  init(count: Int) {
    self.count = count
    image = .zeros(count)
  }

  func solve(
    _ A: some LinearOperator<Double>, _ b: Vector<Double>, into x: inout Vector<Double>, warmStart: Bool,
    preconditioner: (any LinearOperator<Double>)?, options: KrylovOptions<Double>
  ) -> KrylovReport<Double> {
    if !warmStart { x.fill(0) }
    var steps = 0
    while true {
      A.apply(x, into: &image)
      image.combine(1, b, -1)
      let norm = image.norm
      let isSolved = norm <= (options.stopping.relativeTolerance ?? 0) * b.norm
      if isSolved || steps == 10_000 {
        return KrylovReport(
          outcome: isSolved ? .converged : .iterationLimit, iterations: steps, products: steps + 1, residualNorm: norm,
          rightHandSideNorm: b.norm)
      }
      x.add(1, image)
      steps += 1
    }
  }
}
