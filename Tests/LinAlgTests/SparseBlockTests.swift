import LinAlg
import TestSupport
import Testing

/// Products of sparse matrices with blocks of columns against plain loops, with integers as data: equality is `==`.
@Suite struct SparseBlockTests {
  static let shapes = [
    (0, 0), (0, 5), (5, 0), (1, 1), (1, 40), (40, 1), (7, 5), (5, 7), (50, 33), (33, 50),
  ]
  static let counts = [0, 1, 2, 3, 5, 8, 10, 16, 17, 33]
  static let layouts = [Layout.columnMajor, .rowMajor]

  /// Small integers, about two thirds zeros; every third row and every fourth column empty.
  static func sparse(_ n: Int, _ p: Int) -> Matrix<Double> {
    let A = DesignTests.integers(n, p, seed: 21)
    return Matrix(rows: n, columns: p) { i, j in i % 3 == 2 || j % 4 == 1 ? 0 : A[i, j] }
  }

  static func block<T: Scalar>(_ rows: Int, _ columns: Int, layout: Layout, _ seed: Int) -> Matrix<T> {
    Matrix(rows: rows, columns: columns, layout: layout) { i, j in T((i * 5 + j * 3 + seed) % 9 - 4) }
  }

  static func times(_ A: Matrix<Double>, _ B: Matrix<Double>) -> Matrix<Double> {
    Matrix(rows: A.rows, columns: B.columns) { i, j in (0..<A.columns).reduce(0) { $0 + A[i, $1] * B[$1, j] } }
  }

  @Test(arguments: shapes)
  func productsAreTheNaiveOnes(_ n: Int, _ p: Int) {
    let dense = Self.sparse(n, p)
    let A = SparseMatrix(dense)
    for c in Self.counts {
      for (given, wanted) in Self.layouts.flatMap({ a in Self.layouts.map { (a, $0) } }) {
        let V: Matrix<Double> = Self.block(p, c, layout: given, 1)
        var Y = Matrix<Double>(repeating: .nan, rows: n, columns: c, layout: wanted)
        A.multiply(block: V, into: &Y)
        #expect(Y == Self.times(dense, V), "\(n) × \(p) times \(c) columns, \(given) to \(wanted)")
        let R: Matrix<Double> = Self.block(n, c, layout: given, 2)
        var X = Matrix<Double>(repeating: .nan, rows: p, columns: c, layout: wanted)
        A.multiplyTransposed(block: R, alpha: 3, into: &X)
        let expected = Self.times(dense.transposed, R)
        #expect(
          X == Matrix(rows: p, columns: c) { 3 * expected[$0, $1] },
          "\(p) × \(n) times \(c) columns, \(given) to \(wanted)")
      }
    }
  }

  /// All rows, and chosen ones with repetitions, of every design.
  @Test(arguments: shapes)
  func productsWithRowsAreTheNaiveOnes(_ n: Int, _ p: Int) {
    guard p > 0 else { return }
    let A = Self.sparse(n, p)
    let batches = [nil, [], n > 0 ? (0..<6).map { ($0 * 5 + 1) % n } : []] as [[Int]?]
    for design in [SparseMatrix(A), DenseDesign(A)] as [any DesignMatrix<Double>] {
      for c in Self.counts {
        for batch in batches {
          let rows = batch ?? Array(0..<n)
          let chosen = Matrix(rows: rows.count, columns: p) { A[rows[$0], $1] }
          let W: Matrix<Double> = Self.block(p, c, layout: .columnMajor, 1)
          var Y = Matrix<Double>(repeating: .nan, rows: rows.count, columns: c, layout: .rowMajor)
          design.multiply(rows: batch, block: W, into: &Y)
          #expect(Y == Self.times(chosen, W), "\(rows.count) rows of \(n) × \(p), \(c) columns")
          let R: Matrix<Double> = Self.block(rows.count, c, layout: .rowMajor, 2)
          let start: Matrix<Double> = Self.block(p, c, layout: .columnMajor, 3)
          var V = start
          design.addTransposedProduct(rows: batch, block: R, alpha: -2, to: &V)
          let added = Self.times(chosen.transposed, R)
          #expect(
            V == Matrix(rows: p, columns: c) { start[$0, $1] - 2 * added[$0, $1] },
            "\(rows.count) rows of \(n) × \(p), \(c) columns")
        }
      }
    }
  }

  /// α, β, leading dimensions above the columns and a range of the lines; entries outside stay as they are.
  @Test(arguments: Precision.allCases)
  func theKernelIsTheNaiveLoop(_ precision: Precision) {
    func body<T: Scalar>(_: T.Type) {
      let pointers = [0, 0, 3, 4, 4, 9, 10]
      let indices: [Int32] = [0, 2, 5, 4, 0, 1, 2, 3, 5, 1]
      let values = (0..<10).map { T($0 - 4) }
      for c in Self.counts {
        let ldx = c + 3
        let ldy = c + 2
        let x = (0..<6 * ldx).map { T($0 * 7 % 11 - 5) }
        for β in [T(0), 2] {
          var y = (0..<6 * ldy).map { T($0 * 3 % 7) }
          var expected = y
          for i in 1..<5 {
            for j in 0..<c {
              var sum = T(0)
              for k in pointers[i]..<pointers[i + 1] { sum += values[k] * x[Int(indices[k]) * ldx + j] }
              expected[i * ldy + j] = 3 * sum + β * expected[i * ldy + j]
            }
          }
          T._sparseBlock(1, 5, pointers, indices, values, c, 3, x, ldx, β, &y, ldy)
          #expect(y == expected, "\(T.self), \(c) columns, β = \(β)")
        }
        var y = Array(repeating: T.nan, count: 6 * ldy)
        T._sparseBlock(0, 6, pointers, indices, values, c, 1, x, ldx, 0, &y, ldy)
        #expect((0..<6).allSatisfy { i in (0..<c).allSatisfy { !y[i * ldy + $0].isNaN } }, "β = 0 overwrites")
      }
    }
    body(precision.type)
  }

  /// Enough entries for several tasks.
  @Test func parallelProductsAreTheNaiveOnes() throws {
    let (n, p, c) = (30_000, 500, 7)
    let pointers = (0...p).map { $0 * 1000 }
    let indices = (0..<p).flatMap { j in (0..<1000).map { Int32($0 * 30 + j % 30) } }
    let values = (0..<1000 * p).map { Double($0 % 7 - 3) }
    let A = try SparseMatrix(rows: n, columns: p, columnPointers: pointers, rowIndices: indices, values: values)
    let V: Matrix<Double> = Self.block(p, c, layout: .columnMajor, 1)
    let R: Matrix<Double> = Self.block(n, c, layout: .rowMajor, 2)
    var expectedY = Matrix<Double>.zeros(n, c)
    var expectedX = Matrix<Double>.zeros(p, c)
    for j in 0..<c {
      for f in 0..<p {
        for k in pointers[f]..<pointers[f + 1] {
          expectedY[Int(indices[k]), j] += values[k] * V[f, j]
          expectedX[f, j] += values[k] * R[Int(indices[k]), j]
        }
      }
    }
    for layout in Self.layouts {
      var Y = Matrix<Double>(repeating: .nan, rows: n, columns: c, layout: layout)
      A.multiply(block: V, into: &Y)
      #expect(Y == expectedY)
      var X = Matrix<Double>(repeating: .nan, rows: p, columns: c, layout: layout)
      A.multiplyTransposed(block: R, alpha: 1, into: &X)
      #expect(X == expectedX)
    }
  }

  @Test func chosenColumnsAreAMatrixOfTheirOwn() {
    let A = Self.sparse(20, 13)
    for chosen in [[], [4], [0, 1, 2, 7, 12]] {
      let S = IndexSubset(chosen, universe: 13)
      #expect(SparseMatrix(A).columns(S).dense() == A.columns(S))
    }
  }

  @Test(.enabled(if: Allocations.areCounted)) func repeatedProductsAllocateNothing() {
    let A = SparseMatrix(Self.sparse(130, 300))
    let W: Matrix<Double> = Self.block(300, 5, layout: .columnMajor, 1)
    var Y = Matrix<Double>.zeros(130, 5, layout: .rowMajor)
    var G = Matrix<Double>.zeros(300, 5)
    func both() {
      A.multiply(block: W, into: &Y)
      A.multiplyTransposed(block: Y, alpha: 1, into: &G)
      A.addTransposedProduct(rows: nil, block: Y, alpha: 1, to: &G)
    }
    both()
    #expect(Allocations.count { both() }.allocations == 0)
  }
}
