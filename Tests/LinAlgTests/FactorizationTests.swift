import LinAlg
import RealModule
import TestSupport
import Testing

/// Sizes at which blocked LAPACK takes different paths, and the empty ones.
private let sizes = [0, 1, 2, 5, 33, 70]

@Suite struct CholeskyTests {
  @Test(arguments: Precision.allCases) func integerFactorIsExact(_ p: Precision) throws {
    func body<T: Scalar>(_: T.Type) throws {
      // min(i, j) + 1 = L Lᵀ with L all ones: every step is on whole numbers, so there is nothing to round.
      for n in sizes {
        let cholesky = try Cholesky(Matrix<T>(rows: n, columns: n) { T(min($0, $1) + 1) })
        #expect(cholesky.factor == Matrix<T>(rows: n, columns: n) { $0 >= $1 ? 1 : 0 }, "n = \(n)")
        #expect(cholesky.logDeterminant == 0)
      }
    }
    try body(p.type)
  }

  @Test(arguments: Precision.allCases) func backwardError(_ p: Precision) throws {
    func body<T: Scalar>(_: T.Type) throws {
      for n in sizes {
        let A = Matrix<T>.definite(n, seed: 11)
        let cholesky = try Cholesky(A)
        let L = cholesky.factor
        // |A − L Lᵀ| ≤ γ(n+1) |L||Lᵀ| (Higham, Accuracy and Stability, 10.3), and as much again for the product here.
        let scale = L.frobeniusNorm * L.frobeniusNorm
        #expect((A - L * L.transposed).frobeniusNorm <= T(n + 2) * .ulpOfOne * scale, "n = \(n)")
        var numbers = Numbers(3)
        let B: Matrix<T> = numbers.matrix(n, 3)
        for layout in [Layout.columnMajor, .rowMajor] {
          var X = B.packed(as: layout)
          cholesky.solve(block: &X)
          // |ΔA| ≤ γ(3n+1) |L||Lᵀ| (Higham 10.4), and n more units for the residual here.
          #expect((B - A * X).frobeniusNorm <= T(2 * n + 2) * .ulpOfOne * scale * X.frobeniusNorm, "n = \(n)")
          for j in 0..<3 {
            var x = B.column(j)
            cholesky.solve(&x)
            #expect((B.column(j) - A * x).norm <= T(2 * n + 2) * .ulpOfOne * scale * x.norm)
          }
        }
      }
    }
    try body(p.type)
  }

  @Test func onlyTheLowerTriangleIsRead() throws {
    var A = Matrix<Double>.definite(6, seed: 1)
    let expected = try Cholesky(A).factor
    for j in 0..<6 { for i in 0..<j { A[i, j] = .nan } }
    #expect(try Cholesky(A).factor == expected)
  }

  /// On both sides of the size where LAPACK takes over.
  @Test(arguments: [6, 150]) func workspaceNamesTheEntryThatIsNotFinite(n: Int) {
    let workspace = CholeskyWorkspace<Double>(capacity: n)
    for value in [Double.nan, .infinity, -.infinity] {
      for (i, j) in [(4, 1), (n - 1, 0), (n - 1, n - 2), (3, 3), (0, 0), (n - 1, n - 1)] {
        var A = Matrix<Double>.definite(n, seed: 1)
        A[i, j] = value
        // Not read: the upper triangle.
        if i > 1 { A[0, i] = .nan }
        // −∞ on the diagonal is a pivot that is not finite, like the others.
        #expect(throws: FactorizationError.notFinite(row: i, column: j), "\(value) at (\(i), \(j))") {
          try workspace.factor(count: n) { $0.copy(from: A) }
        }
      }
    }
    // Finite numbers whose squares overflow, in a matrix that is not definite.
    var A = Matrix<Double>.identity(n)
    A[n - 1, 0] = 1e200
    #expect(throws: FactorizationError.notPositiveDefinite(leadingMinor: n)) {
      try workspace.factor(count: n) { $0.copy(from: A) }
    }
  }

  @Test func errorsNameThePlace() {
    var A = Matrix<Double>.identity(4)
    A[2, 2] = -1
    #expect(throws: FactorizationError.notPositiveDefinite(leadingMinor: 3)) { try Cholesky(A) }
    A[2, 2] = 0
    #expect(throws: FactorizationError.notPositiveDefinite(leadingMinor: 3)) { try Cholesky(A) }
    A[3, 1] = .infinity
    #expect(throws: FactorizationError.notFinite(row: 3, column: 1)) { try Cholesky(A) }
  }

  @Test(arguments: Precision.allCases) func conditionOfSecondDifferences(_ p: Precision) throws {
    func body<T: Scalar>(_: T.Type) throws {
      // ‖A‖₁ = 4; A⁻¹ ≥ 0, its largest column sum, at the middle of an odd n, is ((n + 1) / 2)² / 2. The estimator is
      // exact on an inverse of one sign.
      let n = 21
      let A: Matrix<T> = secondDifferences(n)
      let expected: T = 1 / (4 * 121 / 2)
      // The solves inside the estimator lose ulp times the condition number 242, times n for the length of sums.
      let tolerance = expected * T(n * 242) * .ulpOfOne
      #expect((try Cholesky(A).reciprocalCondition - expected).magnitude <= tolerance)
      #expect((try LU(A).reciprocalCondition - expected).magnitude <= tolerance)
      // det A = n + 1.
      #expect((try Cholesky(A).logDeterminant - T.log(22)).magnitude <= T(n) * 4 * .ulpOfOne)
    }
    try body(p.type)
  }

  @Test(arguments: Precision.allCases) func workspaceReusesItsMemory(_ p: Precision) throws {
    func body<T: Scalar>(_: T.Type) throws {
      let workspace = CholeskyWorkspace<T>(capacity: 40)
      for n in [40, 7, 0, 1, 33, 50, 120] {
        let A = Matrix<T>.definite(n, seed: UInt64(n))
        var b = Vector<T>(repeating: 1, count: n)
        let expected = try Cholesky(A)
        try workspace.factor(count: n) { $0.copy(from: A) }
        workspace.solve(&b)
        var x = Vector<T>(repeating: 1, count: n)
        expected.solve(&x)
        // Two orders of the same sums: each is within n ulps of ‖A‖‖x‖ backwards, so they differ by that times ‖A⁻¹‖.
        let tolerance = 2 * T(max(1, n)) * .ulpOfOne / expected.reciprocalCondition
        #expect(b.distance(to: x) <= tolerance * x.norm, "n = \(n)")
        #expect((workspace.logDeterminant - expected.logDeterminant).magnitude <= T(max(1, n)) * tolerance)
        var r = b
        workspace.residual(of: b, rightHandSide: Vector<T>(repeating: 1, count: n), into: &r)
        #expect(r.norm <= 4 * T(max(1, n)) * .ulpOfOne * (A.frobeniusNorm * b.norm + T(n).squareRoot()), "n = \(n)")
      }
    }
    try body(p.type)
  }

  @Test(.enabled(if: Allocations.areCounted)) func workspaceAllocatesNothing() throws {
    let workspace = CholeskyWorkspace<Double>(capacity: 30)
    let A = Matrix<Double>.definite(30, seed: 2)
    let small = A[0..<20, 0..<20]
    var b = Vector<Double>(repeating: 1, count: 30)
    var c = Vector<Double>(repeating: 1, count: 20)
    func round() throws {
      try workspace.factor(count: 30) { $0.copy(from: A) }
      workspace.solve(&b)
      try workspace.factor(count: 20) { $0.copy(from: small) }
      workspace.solve(&c)
    }
    try round()  // the first call sets up the runtime's caches
    #expect(try Allocations.count { for _ in 0..<5 { try round() } }.allocations == 0)
  }

  @Test func workspaceRecoversFromAFailure() throws {
    let workspace = CholeskyWorkspace<Double>(capacity: 3)
    #expect(throws: FactorizationError.notPositiveDefinite(leadingMinor: 1)) {
      try workspace.factor(count: 3) { $0.fill(-1) }
    }
    try workspace.factor(count: 2) { $0.copy(from: Matrix([[4, 0], [0, 9]])) }
    var b: Vector<Double> = [8, 27]
    workspace.solve(&b)
    #expect(b == [2, 3])
  }

  @Test func overwritingUsesTheMemory() throws {
    guard Allocations.areCounted else { return }
    func factor(_ A: consuming Matrix<Double>) throws -> Cholesky<Double> { try Cholesky(overwriting: A) }
    _ = try factor(.identity(64))
    let A = Matrix<Double>.identity(64)
    let counted = try Allocations.count { try factor(A) }
    #expect(counted.result.factor == .identity(64))
    #expect(A == .identity(64))  // the caller's copy is untouched
  }
}

@Suite struct LUTests {
  @Test(arguments: Precision.allCases) func backwardError(_ p: Precision) throws {
    func body<T: Scalar>(_: T.Type) throws {
      for n in sizes {
        var numbers = Numbers(UInt64(n) + 5)
        let A: Matrix<T> = numbers.matrix(n, n)
        let lu = try LU(A)
        let B: Matrix<T> = numbers.matrix(n, 3)
        for layout in [Layout.columnMajor, .rowMajor] {
          var (X, Y) = (B.packed(as: layout), B.packed(as: layout))
          lu.solve(block: &X)
          lu.solveAdjoint(block: &Y)
          // |ΔA| ≤ γ(3n) |L||U| with |L| ≤ 1 by pivoting and |U| ≤ ρ max|A|; the growth ρ of random matrices is about
          // n^(2/3) (Higham 9.3–9.4), and 17 covers it at these sizes. Factors |L||U| add n.
          let bound = T(3 * n * n) * 17 * .ulpOfOne * A.frobeniusNorm
          #expect((B - A * X).frobeniusNorm <= bound * X.frobeniusNorm, "n = \(n)")
          #expect((B - A.transposed * Y).frobeniusNorm <= bound * Y.frobeniusNorm, "n = \(n)")
          for j in 0..<3 {
            var (x, y) = (B.column(j), B.column(j))
            lu.solve(&x)
            lu.solveAdjoint(&y)
            #expect((B.column(j) - A * x).norm <= bound * x.norm)
            #expect((B.column(j) - A.transposed * y).norm <= bound * y.norm)
          }
        }
      }
    }
    try body(p.type)
  }

  @Test func rowMajorInputMeansTheSameMatrix() throws {
    let A: Matrix<Double> = Matrix([[2, 1], [0, 4]], layout: .rowMajor)
    let lu = try LU(A)
    var (b, c): (Vector<Double>, Vector<Double>) = ([4, 8], [4, 10])
    lu.solve(&b)
    lu.solveAdjoint(&c)
    #expect(b == [1, 2])
    #expect(c == [2, 2])
  }

  @Test func determinantHasItsSign() throws {
    #expect(try LU(Matrix<Double>([[0, 1], [1, 0]])).determinant == (-1, 0))
    #expect(try LU(Matrix<Double>([[0, 1, 0], [0, 0, 1], [1, 0, 0]])).determinant == (1, 0))
    let (sign, log) = try LU(Matrix<Double>([[-3, 0], [0, 1]])).determinant
    #expect(sign == -1 && log == Double.log(3))
    #expect(try LU(Matrix<Double>.zeros(0, 0)).determinant == (1, 0))
  }

  @Test func errorsNameThePlace() {
    // The second column is twice the first, exactly.
    let A: Matrix<Double> = Matrix([[1, 2, 0], [2, 4, 1], [4, 8, 5]])
    #expect(throws: FactorizationError.singular(pivot: 1)) { try LU(A) }
    #expect(throws: FactorizationError.singular(pivot: 0)) { try LU(Matrix<Double>.zeros(1, 1)) }
    #expect(throws: FactorizationError.notFinite(row: 0, column: 1)) { try LU(Matrix<Double>([[1, .nan], [0, 1]])) }
  }
}

@Suite struct QRTests {
  private static let shapes = [(0, 0), (1, 1), (5, 0), (0, 4), (5, 5), (70, 33), (33, 70), (40, 1)]

  @Test(arguments: Precision.allCases) func reproducesTheMatrix(_ p: Precision) throws {
    func body<T: Scalar>(_: T.Type) throws {
      for (m, n) in Self.shapes {
        var numbers = Numbers(17)
        let A: Matrix<T> = numbers.matrix(m, n)
        let qr = try QR(A)
        let (Q, R) = (qr.thinQ(), qr.r)
        let k = min(m, n)
        // Householder vectors of length m applied k times: an error of a small multiple of m k u in norm (Higham 19.4),
        // generously bounded by one ulp of every operation.
        let unit = T(m * k + 1) * .ulpOfOne
        #expect((A - Q * R).frobeniusNorm <= unit * A.frobeniusNorm, "\(m) × \(n)")
        #expect((Q.transposed * Q - .identity(k)).frobeniusNorm <= unit * T(k), "\(m) × \(n)")
        let b: Vector<T> = numbers.vector(m)
        var c = b
        qr.applyQAdjoint(&c)
        #expect((c[segment: 0..<k] - Q.transposed * b).norm <= unit * b.norm)
        qr.applyQ(&c)
        #expect((c - b).norm <= unit * b.norm)
      }
    }
    try body(p.type)
  }

  @Test(arguments: Precision.allCases) func leastSquaresIsOrthogonal(_ p: Precision) throws {
    func body<T: Scalar>(_: T.Type) throws {
      for (m, n) in [(1, 1), (5, 5), (70, 33), (40, 1), (6, 0)] {
        var numbers = Numbers(23)
        let A: Matrix<T> = numbers.matrix(m, n)
        let b: Vector<T> = numbers.vector(m)
        let x = try QR(A).leastSquares(b)
        let residual = b - A * x
        // Aᵀ r = 0 up to the backward error of the factorization: ‖Aᵀ r‖ ≤ c m n ulp ‖A‖ (‖A‖ ‖x‖ + ‖b‖).
        let a = A.frobeniusNorm
        #expect((A.transposed * residual).norm <= T(m * n + 1) * .ulpOfOne * a * (a * x.norm + b.norm), "\(m) × \(n)")
        // The decomposition by singular values knows nothing of this one and must give the same point.
        let y = try SVD.leastSquares(A, b)
        let s = try SVD<T>.singularValues(of: A)
        let condition = n == 0 ? 1 : s[0] / s[n - 1]
        #expect((x - y).norm <= T(m * n + 1) * .ulpOfOne * condition * condition * (x.norm + b.norm))
      }
    }
    try body(p.type)
  }

  @Test func dependentColumnsAreAnError() throws {
    let A: Matrix<Double> = Matrix([[1, 1], [1, 1], [1, 1]])
    let qr = try QR(A)
    let error = #expect(throws: FactorizationError.self) { try qr.leastSquares([1, 2, 3]) }
    guard case .rankDeficient(let column, _) = error else { Issue.record("\(String(describing: error))"); return }
    #expect(column == 1)
    // The smallest of the minimizers x₁ + x₂ = 2 is (1, 1).
    let x = try SVD.leastSquares(A, [1, 2, 3])
    #expect((x - [1, 1]).norm <= 20 * Double.ulpOfOne)
  }
}

@Suite struct SpectralFactorizationTests {
  @Test(arguments: Precision.allCases) func eigenvaluesOfSecondDifferences(_ p: Precision) throws {
    func body<T: Scalar>(_: T.Type) throws {
      for n in sizes {
        let A: Matrix<T> = secondDifferences(n)
        let eigen = try SymmetricEigen(A)
        let expected: Vector<T> = secondDifferenceValues(n)
        // Backward stable: within a modest multiple of n ulp of ‖A‖ ≤ 4 (Weyl).
        let tolerance = 4 * T(n + 1) * .ulpOfOne
        #expect((eigen.values - expected).maxNorm <= tolerance, "n = \(n)")
        #expect((try SymmetricEigen.eigenvalues(of: A) - expected).maxNorm <= tolerance)
        let Q = eigen.vectors
        var QD = Q.transposed.packed(as: .columnMajor)
        QD.scaleRows(by: eigen.values)
        #expect((A - Q * QD).frobeniusNorm <= 4 * T(n + 1) * T(n).squareRoot() * .ulpOfOne, "n = \(n)")
        #expect((Q.transposed * Q - .identity(n)).frobeniusNorm <= 4 * T(n + 1) * T(n).squareRoot() * .ulpOfOne)
        // A is definite, so its singular values are its eigenvalues in the other order.
        let s = try SVD<T>.singularValues(of: A)
        #expect((s - Vector(expected.reversed())).maxNorm <= tolerance)
      }
    }
    try body(p.type)
  }

  @Test(arguments: Precision.allCases) func singularVectors(_ p: Precision) throws {
    func body<T: Scalar>(_: T.Type) throws {
      for (m, n) in [(0, 0), (0, 3), (3, 0), (1, 1), (40, 9), (9, 40), (65, 65)] {
        var numbers = Numbers(31)
        let A: Matrix<T> = numbers.matrix(m, n, layout: .rowMajor)
        let svd = try SVD(A)
        let k = min(m, n)
        var SV = svd.vTransposed
        SV.scaleRows(by: svd.values)
        // A backward error of a few ulp of ‖A‖ for each of the m + n reflections on either side.
        let unit = T(m + n) * .ulpOfOne
        #expect((A - svd.u * SV).frobeniusNorm <= unit * A.frobeniusNorm, "\(m) × \(n)")
        #expect((svd.u.transposed * svd.u - .identity(k)).frobeniusNorm <= unit * T(k + 1))
        #expect((svd.vTransposed * svd.vTransposed.transposed - .identity(k)).frobeniusNorm <= unit * T(k + 1))
        #expect(zip(svd.values, svd.values.dropFirst()).allSatisfy { $0 >= $1 })
        #expect(svd.rank() == k)
      }
    }
    try body(p.type)
  }

  @Test func onlyTheLowerTriangleIsReadInEitherLayout() throws {
    for layout in [Layout.columnMajor, .rowMajor] {
      let A: Matrix<Double> = Matrix([[2, .nan], [1, 2]], layout: layout)
      #expect((try SymmetricEigen.eigenvalues(of: A) - [1, 3]).maxNorm <= 8 * .ulpOfOne)
    }
  }

  @Test func nonFiniteInputIsAnError() {
    let A: Matrix<Float> = Matrix([[1, 0], [.nan, 1]])
    #expect(throws: FactorizationError.notFinite(row: 1, column: 0)) { try SymmetricEigen(A) }
    #expect(throws: FactorizationError.notFinite(row: 1, column: 0)) { try SVD(A) }
    #expect(throws: FactorizationError.notFinite(row: 1, column: 0)) { try QR(A) }
  }

  @Test func rankToleranceIsRelative() throws {
    let A: Matrix<Double> = Matrix([[1e8, 0], [0, 1]])
    let svd = try SVD(A)
    #expect(svd.rank() == 2)
    #expect(svd.rank(tolerance: 1e-6) == 1)
    #expect(svd.leastSquares([1e8, 5], tolerance: 1e-6) == [1, 0])
    #expect(try SVD(Matrix<Double>.zeros(2, 3)).rank() == 0)
  }
}
