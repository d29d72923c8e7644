import LinAlg
import RealModule
import TestSupport
import Testing

/// What a system is like; decides which outcome is right.
enum Family: String, CaseIterable, Sendable {
  case definite, wideSpectrum, indefinite, nonsymmetric, singularConsistent, singularInconsistent, zeroRightHandSide,
    noUnknowns, oneUnknown
}

/// A system A x = b of a family.
struct Problem<T: Scalar> {
  let A: Matrix<T>
  let b: Vector<T>

  init(_ family: Family) {
    let n = 40
    var numbers = Numbers(7)
    switch family {
    case .definite, .zeroRightHandSide: A = .definite(n, seed: 3)
    case .wideSpectrum: A = secondDifferences(n)
    case .indefinite:
      // Eigenvalues of both signs, none nearer to 0 than 0.07: those of the second differences less 1.
      A = Matrix(rows: n, columns: n) { secondDifference($0, $1) - ($0 == $1 ? 1 : 0) }
    case .nonsymmetric:
      // Diffusion with drift, its symmetric part definite.
      A = Matrix(rows: n, columns: n) { i, j in
        secondDifference(i, j) + (j == i + 1 ? 0.5 : (i == j + 1 ? -0.5 : (i == j ? 0.25 : 0)))
      }
    case .singularConsistent, .singularInconsistent:
      // A chain with free ends: the constants are its null space, and vectors of sum 0 its range.
      A = Matrix(rows: n, columns: n) { i, j in secondDifference(i, j) - (i == j && (i == 0 || i == n - 1) ? 1 : 0) }
    case .noUnknowns: A = .zeros(0, 0)
    case .oneUnknown: A = Matrix([[4]])
    }
    var b: Vector<T> = numbers.vector(A.rows, whole: 3)
    switch family {
    case .zeroRightHandSide: b.fill(0)
    case .singularConsistent: b.assignProduct(A, Vector(b))
    case .singularInconsistent:
      b.assignProduct(A, Vector(b))
      for i in 0..<n { b[i] += 1 }
    case .oneUnknown: b[0] = 3
    default: break
    }
    self.b = b
  }
}

private func secondDifference<T: Scalar>(_ i: Int, _ j: Int) -> T { i == j ? 2 : (abs(i - j) == 1 ? -1 : 0) }

/// The outcomes without their numbers.
enum Ending: String, Sendable {
  case converged, iterationLimit, stagnated, breakdown, indefinite, notFinite, other

  init<T>(_ outcome: Outcome<T>) {
    switch outcome {
    case .converged: self = .converged
    case .iterationLimit: self = .iterationLimit
    case .stagnated: self = .stagnated
    case .breakdown: self = .breakdown
    case .indefinite: self = .indefinite
    case .notFinite: self = .notFinite
    default: self = .other
    }
  }
}

/// The solvers; a new one is a case here and a row in `make` and `right`.
enum SolverRow: String, CaseIterable, Sendable {
  case conjugateGradient, minres, gmres, gmresRestarted, bicgstab

  func make<T: Scalar>(_ n: Int, _: T.Type) -> any KrylovSolver<T> {
    switch self {
    case .conjugateGradient: ConjugateGradient(count: n)
    case .minres: MINRES(count: n)
    case .gmres: GMRES(count: n, restart: 64)
    case .gmresRestarted: GMRES(count: n, restart: 20)
    case .bicgstab: BiCGSTAB(count: n)
    }
  }

  /// The right endings; nil where the method makes no promise.
  func right(_ family: Family) -> [Ending]? {
    switch (self, family) {
    case (.conjugateGradient, .indefinite): [.indefinite]
    case (.conjugateGradient, .nonsymmetric), (.minres, .nonsymmetric): nil
    // The right-hand side has a part in the null space: no x has a residual below it.
    case (.conjugateGradient, .singularInconsistent): [.indefinite, .stagnated]
    case (.bicgstab, .singularInconsistent): [.stagnated, .breakdown, .iterationLimit]
    case (_, .singularInconsistent): [.stagnated]
    // Short cycles and stabilizing steps of one are known to lose to eigenvalues on both sides of 0.
    case (.gmresRestarted, .indefinite), (.bicgstab, .indefinite): nil
    // Twenty steps see too little of a condition number of 680 to end within 400.
    case (.gmresRestarted, .wideSpectrum): [.converged, .iterationLimit]
    default: [.converged]
    }
  }
}

@Suite struct KrylovMatrixTests {
  static let rows = SolverRow.allCases.flatMap { row in Family.allCases.map { (row, $0) } }

  @Test(arguments: rows, Precision.allCases)
  func endsAsItShould(_ row: (SolverRow, Family), _ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      let problem = Problem<T>(row.1)
      let (A, b) = (problem.A, problem.b)
      let solver = row.0.make(b.count, T.self)
      var x = Vector<T>(repeating: .nan, count: b.count)  // a cold start must not read x
      let options = KrylovOptions<T>()
      let report = solver.solve(A, b, into: &x, options: options)
      let right = row.0.right(row.1)
      if let right {
        #expect(right.contains(Ending(report.outcome)), "\(report.outcome) after \(report.products) products")
      }
      let residual = (b - A * x).norm
      // Two evaluations of one residual differ by the rounding of n products and sums each.
      let rounding = T(b.count + 2) * .ulpOfOne * (A.frobeniusNorm * x.norm + b.norm)
      #expect((report.residualNorm - residual).magnitude <= rounding)
      #expect(report.rightHandSideNorm == (b.count == 0 ? 0 : b.norm))
      #expect(report.products >= report.iterations)
      if report.outcome == .converged {
        #expect(residual <= KrylovOptions<T>.defaultTolerance * b.norm + rounding)
      }
      // No outcome may leave x worse than the start, 0.
      #expect(residual <= b.norm + rounding)
      if row.1 == .singularInconsistent && [.minres, .gmres, .gmresRestarted].contains(row.0) {
        // What these methods minimize is then the distance of b to the range: its mean, 1, in every entry. They give
        // up where the residual does not fall by a hundredth any more.
        #expect(residual <= 1.01 * T(b.count).squareRoot())
      }
      if row.1 == .zeroRightHandSide || row.1 == .noUnknowns {
        #expect(report.iterations == 0 && report.products == 0 && x == Vector<T>.zeros(b.count))
      }
    }
    body(p.type)
  }
}
