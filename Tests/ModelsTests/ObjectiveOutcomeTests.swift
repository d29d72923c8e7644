import ImplicitDiff
import LinAlg
import Models
import Testing

/// What a hostile reader of the outcomes found.
@Suite struct ObjectiveOutcomeTests {
  typealias Map = ElasticNetMap<Double>
  let map = Map(features: Matrix<Double>([[1, 2], [3, 4], [5, 7]]), targets: [1, 2, 2])
  let λ: Vector<Double> = [0.1, 0.1]

  /// ∇_λE is added after the products with w' have been judged.
  @Test(arguments: [Double.nan, .infinity])
  func aDirectPartThatIsNoNumberIsAnOutcome(_ value: Double) throws {
    let objective = ClosureObjective<Double>(
      value: { _, _ in 0 }, gradients: { _, _ in (state: [1, 1], parameters: [value, 0]) })
    let problem = map.solve(at: λ).problem
    #expect(try AID<Map>().hypergradient(of: objective, problem).report.outcome == .notFinite())
    #expect(try ForwardITD<Map>().hypergradient(of: objective, problem).report.outcome == .notFinite())
    #expect(try ReverseITD<Map>().hypergradient(of: objective, problem).report.outcome == .notFinite())
    let nsid = NSID<Map>(
      iterations: 4, innerBatches: 1, batchSize: 3, steps: .constant(0.5), innerPass: .full)
    #expect(try nsid.hypergradient(of: objective, problem).report.outcome == .notFinite())
  }

  @Test func directionsMayLieByRows() throws {
    let problem = map.solve(at: λ).problem
    let M = Matrix<Double>([[1, 2], [3, 4]])
    for layout in [Layout.rowMajor, .columnMajor] {
      var X = Matrix<Double>.zeros(2, 2)
      let strategy = AID<Map>()
      _ = try strategy.jvp(
        problem, directions: M.with(layout: layout), into: &X, workspace: strategy.makeWorkspace(for: map))
      let J = try strategy.jacobian(problem).get()
      // Two products of order 1 against one.
      #expect((X - J * M).frobeniusNorm <= 1e-12 * M.frobeniusNorm * J.frobeniusNorm)
    }
  }

  /// A bound that holds for the clean data is none for shifted ones.
  @Test func aShiftTakesTheContractionBoundBack() throws {
    let X = Matrix<Double>(rows: 12, columns: 3) { Double(($0 * 5 + $1 * 3) % 7) - 3 }
    let map = PoisoningMap<Double>(
      features: X, labels: (0..<12).map { $0 % 3 }, classCount: 3, poisoned: [1, 4], λ1: 0.01, λ2: 0.5)
    #expect(try #require(map.contractionBound(parameters: .zeros(6))) < 1)
    #expect(map.contractionBound(parameters: Vector(repeating: 30, count: 6)) == nil)
  }

  /// No iterate that is no number comes back from a restarted method either.
  @Test func anOverflowLeavesTheFirstGuess() {
    let A = Matrix<Double>([[1e-300, 2e-300], [3e-300, 1e-300]])
    var x: Vector<Double> = [0, 0]
    let report = GMRES<Double>(count: 2, restart: 1).solve(A, [1e150, 1e150], into: &x)
    #expect(report.outcome != .converged)
    #expect(x.firstNonFinite == nil && report.residualNorm.isFinite)
  }
}
