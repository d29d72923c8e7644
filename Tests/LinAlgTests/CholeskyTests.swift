import LinAlg
import RealModule
import TestSupport
import Testing

@Suite struct CholeskyTests {
  @Test(arguments: Precision.allCases) func integerFactorIsExact(_ p: Precision) throws {
    func body<T: Scalar>(_: T.Type) throws {
      // min(i, j) + 1 = L Lᵀ with L all ones: every step is on whole numbers, so there is nothing to round.
      for n in factorizationSizes {
        let cholesky = try Cholesky(Matrix<T>(rows: n, columns: n) { T(min($0, $1) + 1) })
        #expect(cholesky.factor == Matrix<T>(rows: n, columns: n) { $0 >= $1 ? 1 : 0 }, "n = \(n)")
        #expect(cholesky.logDeterminant == 0)
      }
    }
    try body(p.type)
  }

  @Test(arguments: Precision.allCases) func backwardError(_ p: Precision) throws {
    func body<T: Scalar>(_: T.Type) throws {
      for n in factorizationSizes {
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
