import ImplicitDiff
import LinAlg
import TestSupport
import Testing

@Suite struct FixedPointSolverTests {
  @Test(arguments: [FixedPointSolver<Double>.Acceleration.none, .anderson(memory: 3)])
  func solvesAContraction(_ acceleration: FixedPointSolver<Double>.Acceleration) throws {
    // w = w/2 + 3 has the fixed point 6.
    let solution = FixedPointSolver<Double>(acceleration: acceleration).solve(ScalarAffineMap(0.5), parameters: [3])
    #expect(solution.outcome == .converged)
    // ρ ≤ 64 ε · 6 and ‖w − w*‖ ≤ ρ/(1 − ½).
    #expect(abs(try solution.get()[0] - 6) <= 2 * 64 * 6 * Double.ulpOfOne)
  }

  @Test func measuresTheFactor() throws {
    let solution = FixedPointSolver<Double>(stopping: .iterations(60)).solve(
      ScalarAffineMap(0.75), parameters: [1])
    // The residuals are 0.75^t but for rounding, which at t = 60 is ε/0.75⁶⁰ ≈ 1e-8 of them.
    #expect(abs(try #require(solution.measuredFactor) - 0.75) <= 1e-7)
  }

  @Test(arguments: [2.0, -1.0, 1.0, -1.5])
  func refusesWhatDoesNotContract(_ factor: Double) throws {
    let solution = FixedPointSolver<Double>().solve(ScalarAffineMap(factor), parameters: [1])
    guard case .notContracting(let measured) = solution.outcome else {
      Issue.record("outcome \(solution.outcome)")
      return
    }
    #expect(abs(measured - abs(factor)) <= 1e-12 * abs(factor))
    let failure = #expect(throws: ConvergenceFailure.self) { try solution.get() }
    #expect(failure?.outcome == solution.outcome && failure?.method == "fixed-point")
    #expect(failure?.iterations == solution.iterations && failure?.residual == solution.residual)
  }

  @Test func namesTheIterationOfANaN() {
    let solution = FixedPointSolver<Double>().solve(ScalarAffineMap(.nan), parameters: [1], from: [1])
    #expect(solution.outcome == .notFinite(iteration: 1))
  }

  @Test func reportsTheIterationLimit() {
    let solution = FixedPointSolver<Double>(stopping: .tolerance(64 * Double.ulpOfOne, limit: 3)).solve(
      ScalarAffineMap(0.5), parameters: [3])
    #expect(solution.outcome == .iterationLimit)
    #expect(solution.iterations == 3)
    // w = 0, 3, 4.5, 5.25: the last residual is 5.25 − 4.5.
    #expect(solution.residual == 0.75)
    #expect(solution.estimate == [5.25])
  }

  /// As the paper's curves are made: no residual, however small or growing, ends such a run, and what it gives is what was asked for.
  @Test(arguments: [0.5, 2])
  func doesTheGivenNumber(_ factor: Double) throws {
    // w = f w + 3 from 0: 3 (1 − f^t)/(1 − f), exact in 53 bits of 0.5; of 2 up to t = 50.
    let solver = FixedPointSolver<Double>(stopping: .iterations(50))
    let solution = solver.solve(ScalarAffineMap(factor), parameters: [3])
    #expect(solution.outcome == .fixedIterations && solution.iterations == 50)
    #expect(try solution.get() == [factor == 2 ? 3 * (0x1p50 - 1) : 6 - 6 * 0x1p-50])
    let zero = FixedPointSolver<Double>(stopping: .iterations(0)).solve(ScalarAffineMap(factor), parameters: [3])
    #expect(zero.outcome == .fixedIterations && zero.iterations == 0 && zero.estimate == [0])
    let broken = FixedPointSolver<Double>(stopping: .iterations(50)).solve(ScalarAffineMap(.nan), parameters: [3])
    #expect(broken.outcome == .notFinite(iteration: 1))
  }

  @Test func keepsIteratesOnRequest() {
    let solution = FixedPointSolver<Double>(stopping: .tolerance(64 * Double.ulpOfOne, limit: 3), keepsIterates: true)
      .solve(
        ScalarAffineMap(0.5), parameters: [3])
    #expect(solution.iterates == [[0], [3], [4.5], [5.25]])
  }

  @Test func startsWhereItIsTold() {
    let solution = FixedPointSolver<Double>().solve(ScalarAffineMap(0.5), parameters: [3], from: [6])
    #expect(solution.iterations == 1)
    #expect(solution.estimate == [6])
  }

  @Test func identifiesThePatternOfSigns() {
    // From (1, 1): the first coordinate leaves zero at once, the second is driven to rest after some steps.
    let map = RectifiedMap<Double>(M: Matrix([[0.5, 0], [0, 0.5]]), N: Matrix([[1], [-1]]), b: [0, 0])
    let solution = FixedPointSolver<Double>(keepsIterates: true).solve(map, parameters: [1], from: [1, 16])
    // The second runs 16, 7, 2.5, 0.25, 0: at rest from step 4 on.
    #expect(solution.identification == SupportIdentification(firstStep: 4, stableStep: 4))
    // From (0, 0) the pattern is (+, 0) from the first step on.
    let fromZero = FixedPointSolver<Double>().solve(map, parameters: [1])
    #expect(fromZero.identification == SupportIdentification(firstStep: 1, stableStep: 1))
  }

  @Test func accelerationSavesEvaluations() throws {
    let map = RectifiedMap<Double>.example()
    let plain = FixedPointSolver<Double>().solve(map, parameters: [1, 2])
    let accelerated = FixedPointSolver<Double>(acceleration: .anderson(memory: 5)).solve(map, parameters: [1, 2])
    #expect(accelerated.outcome == .converged)
    #expect(accelerated.iterations < plain.iterations)
    // Both within ρ/(1 − q) of the fixed point, q ≤ 3/4 in the maximum norm, so 4 √5 in the Euclidean one.
    #expect(try accelerated.get().distance(to: plain.get()) <= 2 * 64 * 9 * .ulpOfOne * plain.estimate.norm)
  }

  /// The number of allocations does not depend on the number of iterations: the loop makes none.
  @Test(
    .enabled(if: Allocations.areCounted),
    arguments: [FixedPointSolver<Double>.Acceleration.none, .anderson(memory: 4)])
  func theLoopAllocatesNothing(_ acceleration: FixedPointSolver<Double>.Acceleration) {
    let map = RectifiedMap<Double>.example()
    func allocations(_ limit: Int) -> Int {
      Allocations.count {
        FixedPointSolver<Double>(stopping: .iterations(limit), acceleration: acceleration).solve(
          map, parameters: [1, 2])
      }.allocations
    }
    _ = allocations(20)
    #expect(allocations(12) == allocations(24))
  }
}
