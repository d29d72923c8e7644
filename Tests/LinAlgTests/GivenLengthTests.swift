import LinAlg
import RealModule
import TestSupport
import Testing

/// Runs of a given length: exactly so many iterations of the recurrence.
@Suite struct GivenLengthTests {
  private static func options<T: Scalar>(_ k: Int) -> KrylovOptions<T> {
    KrylovOptions(stopping: .iterations(k))
  }

  /// Whatever the method, its restart length (20 here) and the first guess.
  @Test(arguments: SolverRow.allCases, Precision.allCases)
  func exactlyTheGivenNumberIsDone(_ row: SolverRow, _ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      // 40 eigenvalues and a right-hand side in all of them: fewer than 40 steps leave a residual far above rounding.
      let problem = Problem<T>(.wideSpectrum)
      let solver = row.make(problem.b.count, T.self)
      var numbers = Numbers(5)
      let guess: Vector<T> = numbers.vector(problem.b.count, whole: 3)
      for warmStart in [false, true] {
        for k in [0, 1, 2, 5, 19, 20, 21, 33] {
          let probe = Probe(problem.A)
          var x = guess
          let report = solver.solve(probe, problem.b, into: &x, warmStart: warmStart, options: Self.options(k))
          #expect(report.outcome == .fixedIterations, "k = \(k), warm start \(warmStart)")
          #expect(report.iterations == k, "k = \(k), warm start \(warmStart)")
          #expect(report.products == probe.products)
          let residual = (problem.b - problem.A * x).norm
          let rounding = T(42) * .ulpOfOne * (problem.A.frobeniusNorm * x.norm + problem.b.norm)
          #expect((report.residualNorm - residual).magnitude <= rounding)
        }
      }
    }
    body(p.type)
  }

  /// From a first guess the recurrence is that of the system for the correction. Whole numbers make b − A x exact, so both
  /// runs compute the same corrections and differ by the roundings of adding them up.
  @Test(arguments: SolverRow.allCases) func aWarmStartIsTheSameRecurrence(_ row: SolverRow) {
    let problem = Problem<Double>(.wideSpectrum)
    let n = problem.b.count
    let solver = row.make(n, Double.self)
    var numbers = Numbers(5)
    let guess: Vector<Double> = numbers.vector(n, whole: 3)
    for k in [1, 4, 13] {
      var warm = guess
      _ = solver.solve(problem.A, problem.b, into: &warm, warmStart: true, options: Self.options(k))
      var correction = guess
      _ = solver.solve(problem.A, problem.b - problem.A * guess, into: &correction, options: Self.options(k))
      let size = guess.norm + warm.norm + correction.norm
      #expect((warm - guess - correction).norm <= 2 * Double(k + 1) * .ulpOfOne * size, "k = \(k)")
    }
  }

  /// GMRES with cycles shorter than n never lowers the residual on a cyclic shift; a given number of iterations is done
  /// all the same, though they are more than what counts as no progress.
  @Test func aResidualThatDoesNotFallIsNoReasonToStop() {
    let n = 30
    let shift = Matrix<Double>(rows: n, columns: n) { ($0 + 1) % n == $1 ? 1 : 0 }
    var b = Vector<Double>.zeros(n)
    b[0] = 1
    var x = b
    let solver = GMRES<Double>(count: n, restart: 7)
    let report = solver.solve(shift, b, into: &x, options: Self.options(300))
    #expect(report.outcome == .fixedIterations && report.iterations == 300)
    #expect(solver.solve(shift, b, into: &x, options: KrylovOptions()).outcome == .stagnated)
  }

  /// The exact solution ends the run, and the outcome says so.
  @Test(arguments: SolverRow.allCases, Precision.allCases)
  func theSolutionEndsTheRun(_ row: SolverRow, _ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      // Eigenvalues 1, 2 and 4: three steps, and some more where the third leaves a few ulps.
      let A = DiagonalOperator(Vector<T>(count: 30) { [1, 2, 4][$0 % 3] })
      let b = Vector<T>(count: 30) { T($0 + 1) }
      var x = Vector<T>.zeros(30)
      let report = row.make(30, T.self).solve(A, b, into: &x, options: Self.options(1000))
      #expect(report.outcome == .converged && report.iterations < 30, "\(report.outcome), \(report.iterations)")
      #expect(report.residualNorm <= .ulpOfOne * (4 * x.norm + b.norm))
      let again = row.make(30, T.self).solve(A, b, into: &x, warmStart: true, options: Self.options(1000))
      #expect(again.outcome == .converged && again.iterations <= 3)
    }
    body(p.type)
  }
}
