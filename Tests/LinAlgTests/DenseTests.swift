import LinAlg
import TestSupport
import Testing

@Suite struct VectorTests {
  @Test func copiesAreValues() {
    let x: Vector<Double> = [1, 2, 3, 4]
    var y = x
    y[0] = 9
    #expect(x == [1, 2, 3, 4] && y == [9, 2, 3, 4])
    var part = x[segment: 1..<3]
    #expect(part == [2, 3])
    part[0] = -1
    #expect(x == [1, 2, 3, 4] && part == [-1, 3])
    var z = x
    z[segment: 1..<3] = [7, 8]
    #expect(z == [1, 7, 8, 4] && x == [1, 2, 3, 4])
    do {
      var span = z.mutableSpan
      span[3] = 0
    }
    #expect(z == [1, 7, 8, 0] && x[3] == 4 && x.span[3] == 4)
    var w = x
    w.copy(from: z)
    #expect(w == z && x == [1, 2, 3, 4])
  }

  /// What `Collection` asks of slices: they share indices with the whole, so that algorithms that cut them work.
  @Test func slicesKeepTheIndicesOfTheWhole() {
    var x: Vector<Double> = [5, 1, 4, 1, 3]
    #expect(x[1...].startIndex == 1 && x[2..<4].endIndex == 4 && x[2...][3] == x[3])
    #expect(x[2...].firstIndex(of: 1) == 3 && x[1..<4].lastIndex(of: 1) == 3 && x.dropFirst().indices == 1..<5)
    #expect(x[1...].indices.allSatisfy { x[1...][$0] == x[$0] } && Array(x[1..<3]) == [1, 4])
    let pieces = x.split(separator: 1)
    #expect(pieces.map(\.startIndex) == [0, 2, 4] && pieces.map { x.distance(from: 0, to: $0.endIndex) } == [1, 3, 5])
    x[1..<4].sort()
    #expect(x == [5, 1, 1, 4, 3])
    x[2...].reverse()
    #expect(x == [5, 1, 3, 4, 1])
    let boundary = x[1...].partition { $0 > 2 }
    #expect(boundary == 3 && Set(x[1..<3]) == [1] && Set(x[3...]) == [3, 4] && x[0] == 5)
    x[0..<2] = x[3..<5]
    #expect(x[..<2].elementsEqual(x[3...]))
  }

  @Test func writingToAPartOfItselfIsSafe() {
    var x: Vector<Double> = [1, 2, 3, 4]
    x[segment: 0..<2] = x[segment: 2..<4]
    #expect(x == [3, 4, 3, 4])
    x.add(2, x)
    #expect(x == [9, 12, 9, 12])
  }

  @Test(.enabled(if: Allocations.areCounted)) func copyingIntoOwnMemoryAllocatesNothing() {
    let x = Vector<Double>(repeating: 1, count: 100)
    var y = Vector<Double>.zeros(100)
    func run() {
      y.copy(from: x)
      y.add(2, x)
      y.combine(1, x, 3)
      y.assign(1, x, 1, x)
      y.scale(by: 0.5)
    }
    run()
    #expect(Allocations.count { run() }.allocations == 0)
    // Assignment shares, so the next write has to allocate: what the documentation of `copy(from:)` warns of.
    #expect(
      Allocations.count {
        y = x; y[0] = 2
      }.allocations > 0)
    #expect(x[0] == 1)
  }

  @Test(arguments: Precision.allCases) func norms(_ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      let x: Vector<T> = [3, -4]
      #expect(x.norm == 5 && x.oneNorm == 7 && x.maxNorm == 4 && x.dot([2, 1]) == 2)
      #expect(x.distance(to: [0, 0]) == 5)
      let empty = Vector<T>.zeros(0)
      #expect(empty.norm == 0 && empty.oneNorm == 0 && empty.maxNorm == 0 && empty.dot(empty) == 0)
      // Squares that would overflow or vanish.
      let huge = T.greatestFiniteMagnitude / 8
      #expect(((huge * x).norm / (5 * huge) - 1).magnitude <= 4 * .ulpOfOne)
      let tiny = T.leastNormalMagnitude
      #expect(((tiny * x).norm / (5 * tiny) - 1).magnitude <= 4 * .ulpOfOne)
      let ones = Vector<T>(repeating: 1, count: 2)
      #expect(x + ones == [4, -3] && x - ones == [2, -5] && -x == [-3, 4])
      var nan = x
      nan[1] = .nan
      #expect(nan.maxNorm.isNaN && nan.norm.isNaN && nan.oneNorm.isNaN)
    }
    body(p.type)
  }

  @Test(arguments: Precision.allCases) func firstNonFiniteIsTheFirst(_ p: Precision) {
    func body<T: Scalar>(_: T.Type) {
      // Around the blocks of 64 that the kernel skips.
      for n in [0, 1, 63, 64, 65, 200] {
        var x = Vector<T>(repeating: .greatestFiniteMagnitude, count: n)
        #expect(x.firstNonFinite == nil)
        for i in (0..<n).reversed() {
          x[i] = [T.nan, .infinity, -.infinity][i % 3]
          #expect(x.firstNonFinite == i)
        }
      }
    }
    body(p.type)
  }

  @Test func gatherAndScatter() {
    let support = IndexSubset(nonzerosOf: [0, 2, 0, -1, .nan] as Vector<Double>)
    #expect(support.elements == [1, 3, 4] && support.universe == 5)
    var packed = Vector<Double>.zeros(3)
    packed.gather(support, from: [10, 11, 12, 13, 14])
    #expect(packed == [11, 13, 14])
    var full = Vector<Double>(repeating: .nan, count: 5)
    full.scatter(support, from: packed)
    #expect(full == [0, 11, 0, 13, 14])
  }

  @Test func signPatterns() {
    var x = Vector<Double>.zeros(70)
    let zero = x.signPattern
    for i in 0..<70 {
      x[i] = 1
      let plus = x.signPattern
      x[i] = -1
      #expect(plus != zero && x.signPattern != zero && x.signPattern != plus, "entry \(i)")
      x[i] = -0.0
      #expect(x.signPattern == zero)
      x[i] = 0
    }
    #expect(Vector<Double>.zeros(71).signPattern != zero)
  }
}

@Suite struct MatrixTests {
  @Test func copiesAndViewsAreValues() {
    for layout in [Layout.columnMajor, .rowMajor] {
      let A: Matrix<Double> = Matrix([[1, 2, 3], [4, 5, 6]], layout: layout)
      var B = A
      B[0, 0] = 9
      var T = A.transposed
      T[2, 1] = 8
      var block = A[0..<2, 1..<3]
      block[0, 0] = 7
      var column = A.column(2)
      column[1] = -1
      #expect(A == Matrix([[1, 2, 3], [4, 5, 6]]))
      #expect(B == Matrix([[9, 2, 3], [4, 5, 6]]))
      #expect(T == Matrix([[1, 4], [2, 5], [3, 8]]))
      #expect(block == Matrix([[7, 3], [5, 6]]))
      #expect(column == [3, -1])
      B.setColumn(1, [0, 0])
      #expect(B == Matrix([[9, 0, 3], [4, 0, 6]]))
      #expect(A.transposed.transposed == A && A.transposed.layout == layout.transposed)
      #expect(A[rows: 1..<2] == Matrix([[4, 5, 6]]) && A[columns: 0..<1] == Matrix([[1], [4]]))
    }
  }

  @Test func productsIntoAnOperandsMemoryAreSafe() {
    // C shares A's memory until it is written to.
    let A: Matrix<Double> = Matrix([[1, 1], [0, 1]])
    var C = A
    C.assignProduct(A, A)
    #expect(C == Matrix([[1, 2], [0, 1]]) && A == Matrix([[1, 1], [0, 1]]))
  }

  @Test func firstNonFiniteNamesRowAndColumn() {
    for layout in [Layout.columnMajor, .rowMajor] {
      var A = Matrix<Float>(repeating: 1, rows: 3, columns: 4, layout: layout)
      #expect(A.firstNonFinite == nil)
      A[2, 1] = .nan
      #expect(A.firstNonFinite! == (2, 1))
      #expect(A[0..<2, 0..<4].firstNonFinite == nil)
    }
  }

  @Test func conversionRounds() {
    let x = Vector<Float>(converting: [1.5, 0.1] as Vector<Double>)
    #expect(x == [1.5, Float(0.1)])
    let A = Matrix<Double>(converting: Matrix<Float>([[0.1]], layout: .rowMajor))
    #expect(A[0, 0] == Double(Float(0.1)) && A.layout == .rowMajor)
  }
}
