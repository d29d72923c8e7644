import LinAlg
import TestSupport
import Testing

@Suite struct SparseSymmetricMatrixTests {
  /// Whole numbers are exact in any order of summation.
  @Test(arguments: [(1, 1), (3, 8), (8, 3), (40, 25)], [0.0, 5])
  func theGramMatrixIsTheNaiveOne(_ shape: (Int, Int), _ shift: Double) throws {
    let (n, p) = shape
    var numbers = Numbers(UInt64(n + p))
    let dense = Matrix<Double>(rows: n, columns: p) { i, j in
      let v: Double = numbers.whole(3)
      return (i + 2 * j) % 4 == 0 ? v : 0
    }
    let X = SparseMatrix(dense)
    let S = IndexSubset((0..<p).filter { $0 % 3 != 1 }, universe: p)
    let chosen = dense.columns(S)
    var expected = Matrix<Double>(rows: S.count, columns: S.count) { i, j in
      2 * (0..<n).reduce(0) { $0 + chosen[$1, i] * chosen[$1, j] } + (i == j ? shift : 0)
    }
    var G = try #require(SparseSymmetricMatrix(gramOf: X, columns: S, alpha: 2, shift: shift))
    #expect(G.dense() == expected)
    // The pattern is that of pairs which share a row, and every diagonal entry.
    var entries = S.count
    var pairs = 0
    for j in 0..<S.count {
      for i in j..<S.count {
        let shared = (0..<n).filter { chosen[$0, i] != 0 && chosen[$0, j] != 0 }.count
        pairs += shared
        if i > j && shared > 0 { entries += 1 }
      }
    }
    #expect(G.entryCount == entries)
    #expect(X.sparseGramMultiplications(columns: S) == Double(pairs))
    // All columns are sampled where there are at most 32.
    #expect(S.count > 32 || X.estimatedSparseGramEntries(columns: S) == Double(entries))
    #expect(SparseSymmetricMatrix(gramOf: X, columns: S, most: entries) != nil)
    #expect(SparseSymmetricMatrix(gramOf: X, columns: S, most: entries - 1) == nil)

    let r = Vector<Double>(count: S.count) { Double($0 % 3) - 1 }
    G.scale(by: r)
    G.scale(by: 4, addingToDiagonal: r)
    expected = Matrix(rows: S.count, columns: S.count) { 4 * r[$0] * r[$1] * expected[$0, $1] + ($0 == $1 ? r[$0] : 0) }
    #expect(G.dense() == expected)
  }
}

@Suite struct IncompleteCholeskyTests {
  /// A band of whole numbers with powers of two on the diagonal: every operation is exact.
  static func band(_ n: Int, width: Int) -> Matrix<Double> {
    var numbers = Numbers(7)
    return Matrix(rows: n, columns: n) { i, j in
      if i == j { return Double(1 << (i % 3)) }
      let v: Double = numbers.whole(3)
      return i > j && i - j <= width ? v : 0
    }
  }

  private static func gram(_ L: Matrix<Double>) -> Matrix<Double> {
    var A = Matrix<Double>.zeros(L.rows, L.rows)
    A.assignProduct(L, L.transposed)
    return A
  }

  /// Nothing is dropped from a full band, so IC(0) is the Cholesky factor, and the two triangular solves invert exactly.
  @Test(arguments: [(1, 1), (2, 1), (9, 2), (60, 7), (60, 59)])
  func ofABandItIsTheCholeskyFactor(_ n: Int, _ width: Int) throws {
    let L = Self.band(n, width: width)
    // XᵀX = L Lᵀ for X = Lᵀ; the Gram matrix keeps the whole band, zeros by cancellation included.
    let X = SparseMatrix(L.transposed.packed(as: .columnMajor))
    let A = try #require(SparseSymmetricMatrix(gramOf: X, columns: IndexSubset(Array(0..<n), universe: n)))
    #expect(A.dense() == Self.gram(L))
    let factor = try #require(IncompleteCholesky(A))
    #expect(factor.shift == 0)
    #expect(factor.denseFactor() == L)
    if width < 10 {  // wider triangles grow beyond what is exact
      let z = Vector<Double>(count: n) { Double($0 % 5) - 2 }
      var y = Vector<Double>.zeros(n)
      factor.apply(A.dense() * z, into: &y)
      #expect(y == z)
    }
  }

  /// With dropped fill, L Lᵀ agrees with A on A's pattern, and differs from it elsewhere.
  @Test func onThePatternTheProductIsTheMatrix() throws {
    let side = 7
    let n = side * side
    // The Laplacian of a grid.
    let A = Matrix<Double>(rows: n, columns: n) { i, j in
      if i == j { return 4.5 }
      let (a, b) = (max(i, j), min(i, j))
      return a - b == side || (a - b == 1 && a % side != 0) ? -1 : 0
    }
    let factor = try #require(IncompleteCholesky(SparseSymmetricMatrix(lowerTriangleOf: A)))
    #expect(factor.shift == 0)
    let product = Self.gram(factor.denseFactor())
    var outside = 0
    for i in 0..<n {
      for j in 0..<n {
        // A sum of at most three products of size 4.5: some ulps.
        if A[i, j] != 0 {
          #expect((product[i, j] - A[i, j]).magnitude <= 8 * 4.5 * .ulpOfOne)
        } else if product[i, j] != 0 {
          outside += 1
        }
      }
    }
    #expect(outside > 0, "nothing was dropped")
    // (L Lᵀ)⁻¹ against the same by LAPACK.
    let x = Vector<Double>(count: n) { Double($0 % 4) - 1 }
    var y = x
    factor.apply(x, into: &y)
    var expected = x
    try Cholesky(product).solve(&expected)
    #expect(y.distance(to: expected) <= 1e-14 * expected.norm)
  }

  /// Kershaw's matrix (J. Comput. Phys. 26, 1978): positive definite, its incomplete factorization breaks down.
  @Test func aBreakdownIsShiftedAway() throws {
    let A = Matrix<Double>(rows: 4, columns: 4) {
      [[3.0, -2, 0, 2], [-2, 3, -2, 0], [0, -2, 3, -2], [2, 0, -2, 3]][$0][$1]
    }
    #expect(throws: Never.self) { try Cholesky(A) }
    let factor = try #require(IncompleteCholesky(SparseSymmetricMatrix(lowerTriangleOf: A)))
    // Without the shift the last pivot is 3 − 4/3 − 4/0.6; the schedule stops at the first shift that is enough.
    #expect(factor.shift > 0)
    func succeeds(_ shift: Double) -> Bool {
      var shifted = A
      for i in 0..<4 { shifted[i, i] *= 1 + shift }
      return IncompleteCholesky(SparseSymmetricMatrix(lowerTriangleOf: shifted))?.shift == 0
    }
    #expect(succeeds(factor.shift))
    #expect(!succeeds(factor.shift / 2))
  }

  @Test func whatNoShiftMendsIsRefused() {
    func refused(_ A: Matrix<Double>) -> Bool { IncompleteCholesky(SparseSymmetricMatrix(lowerTriangleOf: A)) == nil }
    #expect(refused(Matrix(rows: 2, columns: 2) { $0 == $1 ? Double($0) : 0 }))
    #expect(refused(Matrix(rows: 2, columns: 2) { $0 == $1 ? -1 : 0 }))
    #expect(refused(Matrix(rows: 2, columns: 2) { _, _ in .nan }))
    #expect(!refused(.zeros(0, 0)))
  }

  @Test(.enabled(if: Allocations.areCounted)) func productsAllocateNothing() throws {
    let factor = try #require(
      IncompleteCholesky(SparseSymmetricMatrix(lowerTriangleOf: Self.gram(Self.band(40, width: 3)))))
    let x = Vector<Double>(repeating: 1, count: 40)
    var y = x
    let count = (0..<3).map { _ in Allocations.count { factor.apply(x, into: &y) }.allocations }.min()
    #expect(count == 0)
  }

  /// Columns that are smooth bumps of ten samples at successive positions, a tenth of them skipped, of uneven height: the
  /// Gram matrix is a band. Measured: 1,023 iterations with the diagonal, 1 with the incomplete factorization.
  @Test func onABandConjugateGradientNeedsAFractionOfTheIterations() throws {
    let (p, width) = (600, 10)
    let X = SparseMatrix(
      Matrix<Double>(rows: p + width, columns: p) { i, j in
        guard i >= j, i < j + width else { return 0 }
        let t = (Double(i - j) + 0.5) / Double(width)
        return (0.5 + Double(j * 7919 % 101) / 40) * 16 * t * t * (1 - t) * (1 - t)
      })
    let S = IndexSubset((0..<p).filter { $0 % 10 != 3 }, universe: p)
    let A = try #require(SparseSymmetricMatrix(gramOf: X, columns: S, alpha: 1 / Double(X.rows), shift: 1e-5))
    let dense = A.dense()
    let k = S.count
    let b = Vector<Double>(count: k) { Double($0 * 5 % 11) - 5 }
    func solve(_ M: any LinearOperator<Double>) -> (Int, Vector<Double>) {
      var x = Vector<Double>.zeros(k)
      let report = ConjugateGradient<Double>(count: k).solve(dense, b, into: &x, preconditioner: M)
      #expect(report.outcome == .converged)
      return (report.iterations, x)
    }
    let jacobi = solve(DiagonalOperator(inverting: Vector(count: k) { dense[$0, $0] }))
    let incomplete = solve(try #require(IncompleteCholesky(A)))
    #expect(4 * incomplete.0 <= jacobi.0, "\(incomplete.0) and \(jacobi.0) iterations")
    #expect(incomplete.0 <= 3)
    // A row of XᵀX/n sums to at most 9 · 5.34²/610, the shift is 1e-5: a condition number below 6e4, residuals of 4e-11.
    #expect(incomplete.1.distance(to: jacobi.1) <= 1e-5 * jacobi.1.norm)
  }
}
