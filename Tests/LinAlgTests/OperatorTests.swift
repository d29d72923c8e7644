import LinAlg
import RealModule
import TestSupport
import Testing

@Suite struct GramOperatorTests {
  /// α Xᵀ diag(d) X + σ I by plain loops.
  private static func plain<T: Scalar>(_ X: Matrix<T>, _ α: T, _ d: Vector<T>?, _ σ: T) -> Matrix<T> {
    Matrix(rows: X.columns, columns: X.columns) { j, k in
      var sum: T = 0
      for i in 0..<X.rows { sum += X[i, j] * (d?[i] ?? 1) * X[i, k] }
      return α * sum + (j == k ? σ : 0)
    }
  }

  @Test(arguments: [Layout.columnMajor, .rowMajor], Precision.allCases)
  func everyFormIsTheSameMatrix(_ layout: Layout, _ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      for (n, p) in [(0, 3), (3, 0), (1, 1), (9, 5), (5, 9)] {
        var numbers = Numbers(1)
        let X: Matrix<T> = numbers.matrix(n, p, layout: layout, whole: 4)
        // Squares as weights, so that their roots and all products are whole and everything is exact.
        let squares = Vector<T>(count: n) { T(($0 % 3) * ($0 % 3)) }
        let signed = Vector<T>(count: n) { T($0 % 5 - 2) }
        for d in [nil, squares, signed] {
          for (α, σ) in [(T(1), T(0)), (2, -3)] {
            let expected = Self.plain(X, α, d, σ)
            let gram = GramOperator(X, scale: α, weights: d, shift: σ)
            var G = Matrix<T>(repeating: .nan, rows: p, columns: p)
            gram.dense(into: &G)
            #expect(G == expected, "\(n) × \(p)")
            var diagonal = Vector<T>(repeating: .nan, count: p)
            gram.diagonal(into: &diagonal)
            #expect(diagonal == expected.diagonal)
            let V: Matrix<T> = numbers.matrix(p, 4, whole: 4)
            var Y = Matrix<T>(repeating: .nan, rows: p, columns: 4)
            gram.apply(block: V, into: &Y)
            #expect(Y == expected * V)
            gram.applyAdjoint(block: V[columns: 0..<4], into: &Y)
            #expect(Y == expected * V)
            var y = Vector<T>(repeating: .nan, count: p)
            gram.apply(V.column(2), into: &y)
            #expect(y == expected * V.column(2))
            gram.applyAdjoint(V.column(1), into: &y)
            #expect(y == expected * V.column(1))
          }
        }
      }
    }
    body(p.type)
  }

  @Test(.enabled(if: Allocations.areCounted)) func productsAllocateNothing() {
    var numbers = Numbers(2)
    let X: Matrix<Double> = numbers.matrix(20, 10)
    let d = Vector<Double>(repeating: 0.5, count: 20)
    let gram = GramOperator(X, weights: Vector(repeating: 1, count: 20), shift: 0.25)
    let (v, V): (Vector<Double>, Matrix<Double>) = (numbers.vector(10), numbers.matrix(10, 6))
    let narrow = V[columns: 0..<2]
    var (y, Y, Z, G) = (v, V, narrow, Matrix<Double>.zeros(10, 10))
    func run() {
      gram.setWeights(d)
      gram.apply(v, into: &y)
      gram.apply(block: V, into: &Y)
      gram.apply(block: narrow, into: &Z)
      gram.dense(into: &G)
      gram.diagonal(into: &y)
    }
    run()
    #expect(Allocations.count { run() }.allocations == 0)
  }
}

@Suite struct DiagonalOperatorTests {
  @Test func multipliesAndInverts() {
    let D = DiagonalOperator<Float>([1, 2, -4])
    #expect(D.dense() == Matrix([[1, 0, 0], [0, 2, 0], [0, 0, -4]]))
    #expect(D.adjoint.dense() == D.dense())
    #expect(DiagonalOperator<Float>(inverting: D.diagonal).diagonal == [1, 0.5, -0.25])
  }
}
