import LinAlg
import RealModule
import TestSupport
import Testing

/// Counts its products and can spoil one of them.
final class Probe<Element: Scalar>: AdjointableOperator {
  let matrix: Matrix<Element>
  var products = 0
  var spoiledProduct: Int?

  init(_ matrix: Matrix<Element>) { self.matrix = matrix }
  var rows: Int { matrix.rows }
  var columns: Int { matrix.columns }

  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    products += 1
    matrix.apply(x, into: &y)
    if products == spoiledProduct { y[0] = .nan }
  }

  func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) { matrix.applyAdjoint(y, into: &x) }
}

@Suite struct KrylovTests {
  @Test func defaultToleranceKeepsTwoThirdsOfTheDigits() {
    #expect((1e-11...1e-10).contains(KrylovOptions<Double>.defaultTolerance))
    #expect((1e-5...1e-4).contains(KrylovOptions<Float>.defaultTolerance))
  }

  @Test(.enabled(if: Allocations.areCounted), arguments: SolverRow.allCases, Precision.allCases)
  func solveAllocatesNothing(_ row: SolverRow, _ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      let problem = Problem<T>(.definite)
      let solver = row.make(problem.b.count, T.self)
      let jacobi: any LinearOperator<T> = DiagonalOperator(inverting: problem.A.diagonal)
      var x = Vector<T>.zeros(problem.b.count)
      func run(_ preconditioner: (any LinearOperator<T>)?, warmStart: Bool) {
        _ = solver.solve(problem.A, problem.b, into: &x, warmStart: warmStart, preconditioner: preconditioner)
      }
      for warmStart in [false, true] {
        for preconditioner in [nil, jacobi] {
          run(preconditioner, warmStart: warmStart)  // the first call sets up the runtime's caches
          let counted = Allocations.count { run(preconditioner, warmStart: warmStart) }
          #expect(counted.allocations == 0, "warm start \(warmStart), preconditioner \(preconditioner != nil)")
        }
      }
    }
    body(p.type)
  }

  @Test(arguments: SolverRow.allCases, Precision.allCases)
  func productsAreCounted(_ row: SolverRow, _ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      let problem = Problem<T>(.definite)
      let probe = Probe(problem.A)
      var x = Vector<T>.zeros(problem.b.count)
      let report = row.make(problem.b.count, T.self).solve(probe, problem.b, into: &x)
      #expect(report.products == probe.products)
      #expect(report.history.isEmpty)
    }
    body(p.type)
  }

  @Test(arguments: SolverRow.allCases, Precision.allCases)
  func aNaNIsAnOutcomeAndNeverAnAnswer(_ row: SolverRow, _ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      let problem = Problem<T>(.definite)
      let solver = row.make(problem.b.count, T.self)
      for spoiled in [1, 2, 3, 6] {
        let probe = Probe(problem.A)
        probe.spoiledProduct = spoiled
        var x = Vector<T>.zeros(problem.b.count)
        let report = solver.solve(probe, problem.b, into: &x)
        // A cycle that a NaN ends leaves its x alone, and that may happen to be solved; not after so few products.
        #expect(report.outcome == .notFinite(), "product \(spoiled)")
        #expect(x.firstNonFinite == nil)
      }
      var b = problem.b
      b[3] = .infinity
      var x = problem.b
      #expect(solver.solve(problem.A, b, into: &x).outcome == .notFinite())
      x[1] = .nan
      #expect(solver.solve(problem.A, problem.b, into: &x, warmStart: true).outcome == .notFinite())
    }
    body(p.type)
  }

  @Test(arguments: SolverRow.allCases, Precision.allCases)
  func theSizeOfTheDataDoesNotMatter(_ row: SolverRow, _ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      let problem = Problem<T>(.definite)
      let solver = row.make(problem.b.count, T.self)
      var x = problem.b
      let plain = solver.solve(problem.A, problem.b, into: &x)
      // Powers of two scale every number exactly, so the same steps are taken. 2⁹⁰ squared overflows a Float.
      for exponent in [90, -90] {
        let scale = T(sign: .plus, exponent: T.Exponent(exponent), significand: 1)
        var y = problem.b
        let report = solver.solve(problem.A, scale * problem.b, into: &y)
        #expect(report.outcome == .converged)
        #expect(report.iterations == plain.iterations)
        #expect(y == scale * x)
      }
    }
    body(p.type)
  }

  @Test(arguments: SolverRow.allCases, Precision.allCases)
  func warmStartContinues(_ row: SolverRow, _ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      let problem = Problem<T>(.definite)
      let solver = row.make(problem.b.count, T.self)
      var x = Vector<T>.zeros(problem.b.count)
      let cold = solver.solve(problem.A, problem.b, into: &x)
      let again = solver.solve(problem.A, problem.b, into: &x, warmStart: true)
      #expect(again.outcome == .converged && again.iterations == 0 && again.products == 1)
      x[0] += T.pow(10, -3)
      let near = solver.solve(problem.A, problem.b, into: &x, warmStart: true)
      #expect(near.outcome == .converged && near.iterations < cold.iterations)
    }
    body(p.type)
  }

  @Test(arguments: SolverRow.allCases, Precision.allCases)
  func iterationLimitIsKept(_ row: SolverRow, _ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      let problem = Problem<T>(.wideSpectrum)
      let solver = row.make(problem.b.count, T.self)
      for limit in [0, 1, 5] {
        var x = problem.b
        let report = solver.solve(
          problem.A, problem.b, into: &x,
          options: .init(stopping: .tolerance(KrylovOptions.defaultTolerance, limit: limit)))
        #expect(report.outcome == .iterationLimit)
        #expect(report.iterations == limit)
        // The products of the iterations, one for the residual, one where x has to be taken back.
        #expect(report.products <= (row == .bicgstab ? 2 : 1) * limit + 2, "\(limit): \(report.products)")
        if limit == 0 { #expect(report.products == 0 && x == .zeros(x.count)) }
      }
    }
    body(p.type)
  }

  @Test(arguments: SolverRow.allCases, Precision.allCases)
  func askingForTooMuchEndsAtTheRounding(_ row: SolverRow, _ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      let problem = Problem<T>(.definite)
      var x = problem.b
      let report = row.make(problem.b.count, T.self)
        .solve(problem.A, problem.b, into: &x, options: .init(stopping: .tolerance(0), recordsHistory: true))
      #expect([.converged, .stagnated].contains(Ending(report.outcome)), "\(report.outcome)")
      // Refinement from true residuals brings every method to the rounding of a residual: n sums and products.
      let rounding = T(x.count) * .ulpOfOne * (problem.A.frobeniusNorm * x.norm + problem.b.norm)
      #expect(report.residualNorm <= rounding)
      #expect(report.history.count == report.iterations)
    }
    body(p.type)
  }

  @Test(arguments: SolverRow.allCases, Precision.allCases)
  func asManyStepsAsEigenvalues(_ row: SolverRow, _ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      // Three distinct eigenvalues, powers of two: three steps in exact arithmetic, and rounding is far off.
      let A = DiagonalOperator(Vector<T>(count: 30) { [1, 2, 4][$0 % 3] })
      let b = Vector<T>(count: 30) { T($0 + 1) }
      var x = Vector<T>.zeros(30)
      let report = row.make(30, T.self).solve(A, b, into: &x)
      #expect(report.outcome == .converged && report.iterations == 3)
    }
    body(p.type)
  }

  /// A smooth right-hand side is nearly in the null space of a large operator, but not in it.
  @Test(arguments: SolverRow.allCases) func aSmallEigenvalueIsNotTakenForZero(_ row: SolverRow) {
    let n = 400
    let A: Matrix<Double> = secondDifferences(n)
    let b = Vector<Double>(count: n) { Double.sin(Double($0 + 1) * Double.pi / Double(n + 1)) }
    var x = Vector<Double>.zeros(n)
    let report = row.make(n, Double.self).solve(A, b, into: &x)
    #expect(report.outcome == .converged)
    // b is an eigenvector, x = b / λ; the error is at most ‖A⁻¹‖ ‖r‖, λ being the smallest eigenvalue.
    let λ = 2 - 2 * Double.cos(Double.pi / Double(n + 1))
    #expect((x - (1 / λ) * b).norm <= 2 * report.residualNorm / λ + 1e-8 * x.norm)
  }

  @Test(arguments: Precision.allCases) func minresNeverLetsTheResidualGrow(_ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      let problem = Problem<T>(.indefinite)
      var x = problem.b
      let report = MINRES<T>(count: x.count).solve(problem.A, problem.b, into: &x, options: .init(recordsHistory: true))
      #expect(zip(report.history, report.history.dropFirst()).allSatisfy { $0 >= $1 })
      #expect(report.history.count == report.iterations)
    }
    body(p.type)
  }
}

@Suite struct PreconditionerTests {
  /// A badly scaled definite matrix: D (second differences + ½) D with D from 1 to 100.
  private static func badlyScaled<T: Scalar>(_ n: Int, drift: T = 0) -> Matrix<T> {
    Matrix(rows: n, columns: n) { i, j in
      let (di, dj) = (1 + T(i * i % 100), 1 + T(j * j % 100))
      let entry: T = i == j ? 2.5 : (j == i + 1 ? -1 + drift : (i == j + 1 ? -1 - drift : 0))
      return di * entry * dj
    }
  }

  @Test(arguments: SolverRow.allCases) func jacobiHelpsAndTheResidualIsTheTrueOne(_ row: SolverRow) {
    let n = 60
    let A: Matrix<Double> = Self.badlyScaled(n)
    let b = Vector<Double>(repeating: 1, count: n)
    let solver = row.make(n, Double.self)
    let options = KrylovOptions<Double>(recordsHistory: true)
    var x = b
    let plain = solver.solve(A, b, into: &x, options: options)
    let helped = solver.solve(
      A, b, into: &x, preconditioner: DiagonalOperator(inverting: A.diagonal), options: options)
    #expect(helped.outcome == .converged)
    #expect(helped.products < plain.products)
    let residual = (b - A * x).norm
    let rounding = Double(n) * .ulpOfOne * (A.frobeniusNorm * x.norm + b.norm)
    #expect((helped.residualNorm - residual).magnitude <= rounding)
    // The recurrence's last estimate is the residual of A x = b too, in the Euclidean norm and not in that of M.
    #expect((helped.history.last! - residual).magnitude <= 0.01 * residual + 100 * rounding)
  }

  @Test func theAdjointSystemTakesTheAdjointPreconditioner() throws {
    let n = 60
    let A: Matrix<Double> = Self.badlyScaled(n, drift: 0.5)
    // With M = A⁻¹ the adjoint system preconditioned by Mᵀ is the identity; by M itself it is not.
    var inverse = Matrix<Double>.identity(n)
    try LU(A).solve(block: &inverse)
    let b = Vector<Double>(repeating: 1, count: n)
    var x = b
    let solver = GMRES<Double>(count: n, restart: n)
    let M: any AdjointableOperator<Double> = inverse
    let wrong = solver.solve(A.adjoint, b, into: &x, preconditioner: M)
    #expect(wrong.iterations > 5)
    let right = solver.solve(A.adjoint, b, into: &x, preconditioner: M.adjointPreconditioner)
    #expect(right.outcome == .converged && right.iterations == 1)
    #expect((b - A.transposed * x).norm <= 1.01 * KrylovOptions<Double>.defaultTolerance * b.norm)
    #expect(A.adjoint.adjoint.dense() == A)
  }

  @Test func anIndefinitePreconditionerIsNamed() {
    let problem = Problem<Double>(.definite)
    let M = DiagonalOperator(Vector<Double>(repeating: -1, count: 40))
    var x = problem.b
    let cg = ConjugateGradient<Double>(count: 40)
    #expect(cg.solve(problem.A, problem.b, into: &x, preconditioner: M).outcome == .breakdown(.preconditioner))
    let minres = MINRES<Double>(count: 40)
    #expect(minres.solve(problem.A, problem.b, into: &x, preconditioner: M).outcome == .breakdown(.preconditioner))
  }

  @Test func skewSymmetryBreaksBiCGSTABAndNotGMRES() {
    let A: Matrix<Double> = Matrix([[0, 1], [-1, 0]])
    var x: Vector<Double> = [0, 0]
    let report = BiCGSTAB<Double>(count: 2).solve(A, [1, 2], into: &x)
    // rᵀA r = 0: the first inner product of the method already.
    #expect(report.outcome == .breakdown(.sigma))
    #expect(GMRES<Double>(count: 2).solve(A, [1, 2], into: &x).outcome == .converged)
    #expect((x - [-2, 1]).norm <= 8 * .ulpOfOne)
  }

  @Test func severalRightHandSidesGiveOneReportEach() {
    let A: Matrix<Double> = .definite(12, seed: 4)
    var numbers = Numbers(1)
    for layout in [Layout.columnMajor, .rowMajor] {
      let B: Matrix<Double> = numbers.matrix(12, 3, layout: layout)
      var X = Matrix<Double>.zeros(12, 3, layout: layout)
      let reports = ConjugateGradient<Double>(count: 12).solve(A, block: B, into: &X)
      #expect(reports.map(\.outcome) == [.converged, .converged, .converged])
      var x = Vector<Double>.zeros(12)
      for j in 0..<3 {
        _ = ConjugateGradient<Double>(count: 12).solve(A, B.column(j), into: &x)
        #expect(X.column(j) == x)
      }
    }
  }
}
