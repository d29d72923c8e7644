import LinAlg
import RealModule
import Testing

@Suite struct ExtremalEigenvalueTests {
  @Test(arguments: [1, 2, 30, 200], Precision.allCases)
  func boundsHoldOnSecondDifferences(_ n: Int, _ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      let A: Matrix<T> = secondDifferences(n)
      let expected: Vector<T> = secondDifferenceValues(n)
      for limit in [nil, 10] {
        let found = ExtremalEigenvalues(of: A, iterationLimit: limit)
        // Within the reported bound of some eigenvalue, up to the rounding of products with A: n ulp ‖A‖.
        let rounding = 4 * T(n) * .ulpOfOne
        let toSmallest = expected.map { ($0 - found.smallest).magnitude }.min()!
        let toLargest = expected.map { ($0 - found.largest).magnitude }.min()!
        #expect(toSmallest <= found.smallestErrorBound + rounding)
        #expect(toLargest <= found.largestErrorBound + rounding)
        #expect(found.smallest >= expected[0] - rounding && found.largest <= expected[n - 1] + rounding)
        #expect(found.products <= min(n, limit ?? 300))
        if limit == nil {
          #expect(found.outcome == .converged)
          let accepted = T.ulpOfOne.squareRoot() * 4 + rounding
          #expect((found.smallest - expected[0]).magnitude <= accepted)
          #expect((found.largest - expected[n - 1]).magnitude <= accepted)
        } else if n == 200 {
          #expect(found.outcome == .iterationLimit)
          #expect(found.smallestErrorBound > 1e-4)
        }
      }
    }
    body(p.type)
  }

  @Test func aSmallInvariantSpaceEndsIt() {
    let identity = ExtremalEigenvalues<Double>(of: DiagonalOperator(Vector(repeating: 3, count: 50)))
    #expect(identity.products == 1 && identity.outcome == .converged)
    #expect((identity.smallest - 3).magnitude <= 50 * 3 * .ulpOfOne && identity.smallest == identity.largest)
    let three = ExtremalEigenvalues<Double>(of: DiagonalOperator(Vector(count: 60) { [-1, 0, 5][$0 % 3] }))
    #expect(three.products == 3)
    #expect((three.smallest + 1).magnitude <= 60 * 5 * .ulpOfOne && (three.largest - 5).magnitude <= 60 * 5 * .ulpOfOne)
    let zero = ExtremalEigenvalues<Double>(of: Matrix<Double>.zeros(4, 4))
    #expect(zero.smallest == 0 && zero.largest == 0 && zero.outcome == .converged)
  }

  @Test func aNaNIsAnOutcome() {
    let A: Matrix<Double> = Matrix([[1, 0], [0, .nan]])
    #expect(ExtremalEigenvalues(of: A).outcome == .notFinite())
    #expect(ExtremalEigenvalues.ofGram(A).outcome == .notFinite())
  }

  @Test(arguments: Precision.allCases) func gramOfAnyShape(_ p: Precision) throws {
    func body<T: Scalar>(_: T.Type) throws {
      for (n, p) in [(0, 2), (1, 1), (20, 7), (7, 20), (12, 12)] {
        for layout in [Layout.columnMajor, .rowMajor] {
          var numbers = Numbers(4)
          let X: Matrix<T> = numbers.matrix(n, p, layout: layout)
          let found = ExtremalEigenvalues.ofGram(X, scale: 1 / 4)
          #expect(found.outcome == .converged)
          // The eigenvalues are the squares of the singular values, which a different decomposition gives.
          let s = try SVD<T>.singularValues(of: X)
          let largest = n == 0 ? 0 : s[0] * s[0] / 4
          let smallest = p > n ? 0 : s[p - 1] * s[p - 1] / 4
          let allowed = 2 * found.largestErrorBound + T(n + p) * .ulpOfOne * largest
          #expect((found.largest - largest).magnitude <= allowed)
          #expect((found.smallest - smallest).magnitude <= allowed)
          if p > n { #expect(found.smallest == 0 && found.smallestErrorBound == 0) }
        }
      }
    }
    try body(p.type)
  }

  /// Above 2000 on both sides Lanczos takes over. A permuted diagonal keeps the reference exact.
  @Test func largeGramMatricesGoByLanczos() {
    let n = 2001
    let X = Matrix<Double>(rows: n, columns: n) { $0 == ($1 + 5) % n ? ($1 == 7 ? 8 : ($1 == 9 ? 1 : 2)) : 0 }
    let found = ExtremalEigenvalues.ofGram(X)
    #expect(found.products > 0 && found.outcome == .converged)
    #expect((found.largest - 64).magnitude <= found.largestErrorBound + 2001 * 64 * .ulpOfOne)
    #expect((found.smallest - 1).magnitude <= found.smallestErrorBound + 2001 * 64 * .ulpOfOne)
  }
}

@Suite struct SelfCheckTests {
  @Test func thisMachinePasses() {
    let results = BLAS.selfCheck()
    #expect(results.count == 18)
    for result in results {
      #expect(result.passed, "\(result.name): \(result.largestError) at \(result.worstCase) (\(BLAS.kernel))")
    }
    // Residuals are never exactly 0: a check that looks at nothing would be.
    #expect(results.filter { $0.name.contains("LU") }.allSatisfy { $0.largestError > 0 })
  }
}
