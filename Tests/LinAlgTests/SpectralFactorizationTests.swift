import LinAlg
import Testing

@Suite struct SpectralFactorizationTests {
  @Test(arguments: Precision.allCases) func eigenvaluesOfSecondDifferences(_ p: Precision) throws {
    func body<T: Scalar>(_: T.Type) throws {
      for n in factorizationSizes {
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
