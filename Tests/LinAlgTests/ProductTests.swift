import LinAlg
import TestSupport
import Testing

/// How an operand reaches a product: each names a layout and whether it is a transposed view or a block of a larger one.
private enum Form: CaseIterable {
  case columnMajor, rowMajor, transposedColumnMajor, transposedRowMajor, columnMajorBlock, rowMajorBlock,
    transposedBlock

  /// The matrix with these entries in this form.
  func make<T: Scalar>(_ m: Int, _ n: Int, _ entry: (Int, Int) -> T) -> Matrix<T> {
    switch self {
    case .columnMajor: return Matrix(rows: m, columns: n, layout: .columnMajor, entry)
    case .rowMajor: return Matrix(rows: m, columns: n, layout: .rowMajor, entry)
    case .transposedColumnMajor: return Matrix(rows: n, columns: m, layout: .columnMajor) { entry($1, $0) }.transposed
    case .transposedRowMajor: return Matrix(rows: n, columns: m, layout: .rowMajor) { entry($1, $0) }.transposed
    case .columnMajorBlock: return Self.block(m, n, .columnMajor, entry)
    case .rowMajorBlock: return Self.block(m, n, .rowMajor, entry)
    case .transposedBlock: return Self.block(n, m, .columnMajor) { entry($1, $0) }.transposed
    }
  }

  /// A block inside a frame of NaN: a kernel that reads outside it shows.
  private static func block<T: Scalar>(
    _ m: Int, _ n: Int, _ layout: Layout, _ entry: (Int, Int) -> T
  ) -> Matrix<T> {
    Matrix(rows: m + 3, columns: n + 4, layout: layout) { i, j in
      (1..<m + 1).contains(i) && (2..<n + 2).contains(j) ? entry(i - 1, j - 2) : .nan
    }[1..<m + 1, 2..<n + 2]
  }
}

/// Whole numbers small enough that no sum of products rounds: kernels have to agree with plain loops by ==.
@Suite struct ProductTests {
  private static let shapes = [
    (0, 0, 0), (0, 3, 2), (3, 0, 2), (3, 2, 0), (1, 1, 1), (1, 5, 1), (5, 1, 4), (4, 7, 3), (17, 9, 33), (8, 16, 8),
  ]

  private static func plain<T: Scalar>(_ A: Matrix<T>, _ B: Matrix<T>) -> Matrix<T> {
    Matrix(rows: A.rows, columns: B.columns) { i, j in
      var sum: T = 0
      for k in 0..<A.columns { sum += A[i, k] * B[k, j] }
      return sum
    }
  }

  @Test(arguments: Precision.allCases) func matrixTimesMatrix(_ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      for (m, k, n) in Self.shapes {
        var numbers = Numbers(UInt64(m * 100 + n))
        let (a, b): (Matrix<T>, Matrix<T>) = (numbers.matrix(m, k, whole: 9), numbers.matrix(k, n, whole: 9))
        let c: Matrix<T> = numbers.matrix(m, n, whole: 9)
        let product = Self.plain(a, b)
        let combined = Matrix<T>(rows: m, columns: n) { 2 * product[$0, $1] - 3 * c[$0, $1] }
        for formA in Form.allCases {
          let A: Matrix<T> = formA.make(m, k) { a[$0, $1] }
          for formB in Form.allCases {
            let B: Matrix<T> = formB.make(k, n) { b[$0, $1] }
            for layout in [Layout.columnMajor, .rowMajor] {
              var C = Matrix<T>(repeating: .nan, rows: m, columns: n, layout: layout)
              C.assignProduct(A, B)
              #expect(C == product, "\(m) × \(k) × \(n), \(formA), \(formB), \(layout)")
              C.copy(from: c)
              C.assignProduct(A, B, alpha: 2, beta: -3)
              #expect(C == combined, "\(m) × \(k) × \(n), \(formA), \(formB), \(layout)")
            }
          }
        }
      }
    }
    body(p.type)
  }

  @Test(arguments: Precision.allCases) func matrixTimesVector(_ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      for (m, n, _) in Self.shapes {
        var numbers = Numbers(UInt64(m * 100 + n))
        let a: Matrix<T> = numbers.matrix(m, n, whole: 9)
        let (x, y): (Vector<T>, Vector<T>) = (numbers.vector(n, whole: 9), numbers.vector(m, whole: 9))
        let product = Self.plain(a, Matrix(rows: n, columns: 1, layout: .columnMajor, entries: x)).column(0)
        for form in Form.allCases {
          let A: Matrix<T> = form.make(m, n) { a[$0, $1] }
          var z = Vector<T>(repeating: .nan, count: m)
          z.assignProduct(A, x)
          #expect(z == product, "\(m) × \(n), \(form)")
          #expect(A * x == product)
          z.copy(from: y)
          z.assignProduct(A, x, alpha: 2, beta: -3)
          #expect(z == Vector(count: m) { 2 * product[$0] - 3 * y[$0] }, "\(m) × \(n), \(form)")
          // Through the operator's protocol, forwards and backwards.
          A.apply(x, into: &z)
          #expect(z == product)
          var back = Vector<T>(repeating: .nan, count: n)
          A.applyAdjoint(y, into: &back)
          let expected = Self.plain(a.transposed, Matrix(rows: m, columns: 1, layout: .columnMajor, entries: y))
          #expect(back == expected.column(0), "\(m) × \(n), \(form)")
        }
      }
    }
    body(p.type)
  }

  @Test(arguments: Precision.allCases) func gramAndOuterProducts(_ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      for (m, n, _) in Self.shapes {
        var numbers = Numbers(UInt64(m * 100 + n))
        let a: Matrix<T> = numbers.matrix(m, n, whole: 9)
        let (x, y): (Vector<T>, Vector<T>) = (numbers.vector(m, whole: 9), numbers.vector(n, whole: 9))
        let gram = Self.plain(a.transposed, a)
        for form in Form.allCases {
          let A: Matrix<T> = form.make(m, n) { a[$0, $1] }
          for layout in [Layout.columnMajor, .rowMajor] {
            var G = Matrix<T>(repeating: .nan, rows: n, columns: n, layout: layout)
            G.assignGram(A)
            #expect(G == gram, "\(m) × \(n), \(form), \(layout)")
            G = Matrix<T>(rows: n, columns: n, layout: layout) { T($0 + $1) }
            G.assignGram(A, alpha: 2, beta: -1)
            #expect(G == Matrix<T>(rows: n, columns: n) { 2 * gram[$0, $1] - T($0 + $1) }, "\(m) × \(n), \(form)")
          }
          var B = A
          B.addOuterProduct(2, x, y)
          #expect(B == Matrix<T>(rows: m, columns: n) { a[$0, $1] + 2 * x[$0] * y[$1] }, "\(m) × \(n), \(form)")
          #expect(A == a)  // the original of the copy, and whatever a block was cut from
        }
      }
    }
    body(p.type)
  }

  @Test(arguments: Precision.allCases) func rowsColumnsAndScalings(_ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      var numbers = Numbers(8)
      let a: Matrix<T> = numbers.matrix(70, 9, whole: 9)
      let picked = IndexSubset([0, 3, 4, 8], universe: 9)
      let pickedRows = IndexSubset([1, 2, 69], universe: 70)
      for form in Form.allCases {
        let A: Matrix<T> = form.make(70, 9) { a[$0, $1] }
        #expect(A.columns(picked) == Matrix(rows: 70, columns: 4) { a[$0, picked[$1]] }, "\(form)")
        #expect(A.rows(pickedRows) == Matrix(rows: 3, columns: 9) { a[pickedRows[$0], $1] }, "\(form)")
        #expect(A.column(5) == Vector(count: 70) { a[$0, 5] })
        #expect(A.row(5) == Vector(count: 9) { a[5, $0] })
        for layout in [Layout.columnMajor, .rowMajor] {
          #expect(A.packed(as: layout) == a && A.packed(as: layout).layout == layout)
          var copy = Matrix<T>(repeating: .nan, rows: 70, columns: 9, layout: layout)
          copy.copy(from: A)
          #expect(copy == a)
        }
        var B = A
        B.scale(by: 3)
        B.addToDiagonal(1)
        #expect(B == Matrix(rows: 70, columns: 9) { 3 * a[$0, $1] + ($0 == $1 ? 1 : 0) }, "\(form)")
        B.fill(2)
        #expect(B == Matrix(repeating: 2, rows: 70, columns: 9))
        #expect(A.diagonal == Vector(count: 9) { a[$0, $0] })
        let sum = (0..<9).reduce(T(0)) { $0 + a.column($1).dot(a.column($1)) }
        // 630 squares of whole numbers: the sum is exact, the root and the norms of columns are not.
        #expect((A.frobeniusNorm - sum.squareRoot()).magnitude <= 70 * .ulpOfOne * sum.squareRoot())
      }
      var C = a
      C.scaleRows(by: Vector(count: 70) { T($0 % 5) })
      #expect(C == Matrix(rows: 70, columns: 9) { T($0 % 5) * a[$0, $1] })
    }
    body(p.type)
  }

  @Test func zeroScalesAwayNaN() {
    var A = Matrix<Double>(repeating: .nan, rows: 2, columns: 2)
    A.scale(by: 0)
    #expect(A == .zeros(2, 2))
    var x: Vector<Double> = [.nan, .infinity]
    x.scale(by: 0)
    #expect(x == [0, 0])
    x = [.nan, .nan]
    x.combine(2, [1, 2], 0)
    #expect(x == [2, 4])
  }
}

@Suite(.serialized) struct ThreadTests {
  @Test func theNumberOfThreadsComesBack() {
    struct Failure: Error {}
    let before = BLAS.threads
    #expect(before == 1)
    let wanted = min(2, BLAS.processors)
    #expect(BLAS.withThreads(2) { BLAS.threads } == wanted)
    #expect(BLAS.threads == before)
    #expect(throws: Failure.self) { try BLAS.withThreads(2) { throw Failure() } }
    #expect(BLAS.threads == before)
    BLAS.withThreads(2) { BLAS.withThreads(1) { #expect(BLAS.threads == 1) } }
    #expect(BLAS.threads == before)
    #expect(!BLAS.kernel.isEmpty && BLAS.configuration.contains("OpenBLAS"))
  }
}
