import LinAlg
import RealModule
import Testing

@Suite struct LUTests {
  @Test(arguments: Precision.allCases) func backwardError(_ p: Precision) throws {
    func body<T: Scalar>(_: T.Type) throws {
      for n in factorizationSizes {
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
