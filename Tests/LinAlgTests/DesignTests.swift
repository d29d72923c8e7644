import LinAlg
import RandomStreams
import Testing

/// Dense and sparse designs against plain loops, with integers as data: every product is exact, so equality is `==`.
@Suite struct DesignTests {
  /// Small integers, about two thirds zeros.
  static func integers(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix<Double> {
    var random = RandomStream(seed: seed)
    return Matrix(rows: rows, columns: columns) { _, _ in
      let k = random.nextIndex(below: 15)
      return k < 10 ? 0 : Double(k - 12)
    }
  }

  static func integers(_ count: Int, seed: UInt64) -> Vector<Double> {
    var random = RandomStream(seed: seed)
    return Vector(count: count) { _ in Double(random.nextIndex(below: 9)) - 4 }
  }

  static func times(_ A: Matrix<Double>, _ x: Vector<Double>) -> Vector<Double> {
    Vector(count: A.rows) { i in (0..<A.columns).reduce(0) { $0 + A[i, $1] * x[$1] } }
  }

  static let shapes = [(1, 1), (1, 7), (7, 1), (5, 4), (64, 33), (129, 100), (1030, 17), (1500, 40)]

  @Test(arguments: shapes)
  func productsAreTheNaiveOnes(_ n: Int, _ p: Int) throws {
    let A = Self.integers(n, p, seed: 1)
    let x = Self.integers(p, seed: 2)
    let r = Self.integers(n, seed: 3)
    let support = IndexSubset((0..<p).filter { $0 % 3 != 1 }, universe: p)
    let Ax = Self.times(A, x)
    let masked = Vector(count: p) { $0 % 3 != 1 ? x[$0] : 0 }
    let Amasked = Self.times(A, masked)
    let At = A.transposed
    let Atr = Self.times(At, r)
    let byRow = A.packed(as: .rowMajor)
    let designs: [any DesignMatrix<Double>] = [
      DenseDesign(A), SparseMatrix(A), DenseDesign(byRow), RowMajorDesign(byRow),
      RowMajorDesign(single: Matrix<Float>(converting: byRow)),
    ]
    for design in designs {
      var y = r
      design.multiply(x, alpha: 2, beta: 3, into: &y)
      #expect(y == Vector(count: n) { 2 * Ax[$0] + 3 * r[$0] })
      y.fill(.nan)
      design.multiply(x, alpha: 1, beta: 0, into: &y)
      #expect(y == Ax)
      var z = x
      design.multiplyTransposed(r, alpha: 2, beta: -1, into: &z)
      #expect(z == Vector(count: p) { 2 * Atr[$0] - x[$0] })

      let values = Vector(count: support.count) { x[support[$0]] }
      var sum = r
      design.addProduct(columns: support, values, to: &sum)
      #expect(sum == Vector(count: n) { r[$0] + Amasked[$0] })
      var dots = values
      design.multiplyTransposed(columns: support, r, alpha: 3, into: &dots)
      #expect(dots == Vector(count: support.count) { 3 * Atr[support[$0]] })

      var G = Matrix<Double>(repeating: .nan, rows: support.count, columns: support.count)
      design.gram(columns: support, weights: nil, alpha: 2, into: &G, workspace: ColumnGram())
      let chosen = A.columns(support)
      #expect(
        G
          == Matrix(rows: support.count, columns: support.count) { i, j in
            2 * (0..<n).reduce(0) { $0 + chosen[$1, i] * chosen[$1, j] }
          })

      // Weights that are squares of integers: their roots are exact, and so are all products.
      let d = Vector(count: n) { Double(($0 % 4) * ($0 % 4)) }
      design.gram(columns: support, weights: d, alpha: 2, into: &G, workspace: ColumnGram())
      #expect(
        G
          == Matrix(rows: support.count, columns: support.count) { i, j in
            2 * (0..<n).reduce(0) { $0 + d[$1] * chosen[$1, i] * chosen[$1, j] }
          })

      var chosenNorms = values
      design.squaredColumnNorms(support, weights: d, into: &chosenNorms)
      #expect(
        chosenNorms
          == Vector(count: support.count) { j in (0..<n).reduce(0) { $0 + d[$1] * chosen[$1, j] * chosen[$1, j] } })
      design.squaredColumnNorms(support, weights: nil, into: &chosenNorms)
      #expect(
        chosenNorms == Vector(count: support.count) { j in (0..<n).reduce(0) { $0 + chosen[$1, j] * chosen[$1, j] } })

      var rowNorms = r
      design.squaredRowNorms(into: &rowNorms)
      #expect(rowNorms == Vector(count: n) { i in (0..<p).reduce(0) { $0 + A[i, $1] * A[i, $1] } })

      var norms = x
      design.squaredColumnNorms(into: &norms)
      // The dense norm is a square root, squared again: exact to 2 ulps.
      for j in 0..<p {
        let exact = (0..<n).reduce(0) { $0 + A[$1, j] * A[$1, j] }
        #expect((norms[j] - exact).magnitude <= 2 * exact.ulp)
      }

      var block = Matrix<Double>.zeros(n, 3)
      let V = Matrix<Double>(rows: p, columns: 3) { Double(($0 + $1) % 5) - 2 }
      design.multiply(block: V, into: &block)
      for j in 0..<3 { #expect(block.column(j) == Self.times(A, V.column(j))) }
      var back = Matrix<Double>.zeros(p, 3)
      design.multiplyTransposed(block: block, alpha: 2, into: &back)
      for j in 0..<3 { #expect(back.column(j) == 2 * Self.times(At, block.column(j))) }

      var grams = x
      let chosenRows = (0..<9).map { ($0 * 5) % n }
      design.addRowGrams(rows: chosenRows, x, targets: r, scale: 2, to: &grams)
      var expected = x
      for i in chosenRows {
        let a = Ax[i] - r[i]
        for j in 0..<p { expected[j] += 2 * a * A[i, j] }
      }
      #expect(grams == expected)

      var some = Vector<Double>.zeros(9)
      design.multiply(rows: chosenRows, x, into: &some)
      #expect(some == Vector(count: 9) { Ax[chosenRows[$0]] })
      var all = Vector<Double>.zeros(n)
      design.multiply(rows: nil, x, into: &all)
      #expect(all == Ax)
      var added = x
      design.addRows(chosenRows, some, scale: 3, to: &added)
      var wanted = x
      for (k, i) in chosenRows.enumerated() { for j in 0..<p { wanted[j] += 3 * some[k] * A[i, j] } }
      #expect(added == wanted)
      added = x
      design.addRows(nil, r, scale: -1, to: &added)
      #expect(added == Vector(count: p) { x[$0] - Atr[$0] })
    }
  }

  @Test(arguments: shapes)
  func fusedGramProductsAreTheNaiveOnes(_ n: Int, _ p: Int) {
    let A = Self.integers(n, p, seed: 4)
    let x = Self.integers(p, seed: 5)
    let d = Self.integers(n, seed: 6)
    let fused = FusedGram<Double>()
    var y = Vector<Double>(repeating: .nan, count: p)
    fused.assign(to: &y, columns: nil, of: A, x, alpha: 2)
    let Ax = Self.times(A, x)
    #expect(y == 2 * Self.times(A.transposed, Ax))
    fused.assign(to: &y, columns: nil, of: A, x, weights: d)
    let dAx = Vector(count: n) { d[$0] * Ax[$0] }
    #expect(y == Self.times(A.transposed, dAx))
    let support = IndexSubset((0..<p).filter { $0 % 2 == 0 }, universe: p)
    let chosen = A.columns(support)
    let xs = Vector(count: support.count) { x[support[$0]] }
    var ys = xs
    fused.assign(to: &ys, columns: support, of: A, xs)
    #expect(ys == Self.times(chosen.transposed, Self.times(chosen, xs)))
  }

  /// A few right-hand sides at once, in every number that tiles of four leave over; integers make the sums exact in any order.
  @Test func blocksOfAFewColumnsAreExact() {
    for (n, p) in [(37, 60_001), (1999, 1203)] {
      let A = Self.integers(n, p, seed: 3)
      for q in [2, 3, 4, 5, 9, 10, 17] {
        let R = Self.integers(n, q, seed: 4)
        var V = Matrix<Double>.zeros(p, q)
        V.assignLargeProduct(A.transposed, R, alpha: 2)
        for j in stride(from: 0, to: p, by: 7) {
          for l in 0..<q { #expect(V[j, l] == 2 * A.column(j).dot(R.column(l))) }
        }
        #expect(V[p - 1, q - 1] == 2 * A.column(p - 1).dot(R.column(q - 1)))
      }
    }
  }

  /// Large enough for several tasks.
  @Test func parallelProductsAreTheSerialOnes() {
    let (n, p) = (40_000, 60)
    let A = Self.integers(n, p, seed: 7)
    let x = Self.integers(p, seed: 8)
    var y = Vector<Double>.zeros(n)
    y.assignLargeProduct(A, x)
    var serial = y
    serial.assignProduct(A, x)
    #expect(y == serial)
    var z = Vector<Double>.zeros(p)
    z.assignLargeProduct(A.transposed, y)
    var expected = z
    expected.assignProduct(A.transposed, y)
    #expect(z == expected)
    var fused = z
    FusedGram<Double>().assign(to: &fused, columns: nil, of: A, x)
    #expect(fused == expected)
    for q in [3, 70] {
      let V = Self.integers(p, q, seed: 9)
      var Y = Matrix<Double>.zeros(p, q)
      FusedGram<Double>().assign(to: &Y, of: A, block: V)
      var image = Matrix<Double>.zeros(n, q)
      image.assignProduct(A, V)
      var twice = Y
      twice.assignProduct(A.transposed, image)
      #expect(Y == twice)
    }
    var G = Matrix<Double>.zeros(p, p)
    ColumnGram<Double>().assign(to: &G, columns: IndexSubset(Array(0..<p), universe: p), of: A)
    var H = G
    H.assignGram(A)
    #expect(G == H)
  }

  @Test func sparseStructureIsChecked() throws {
    func fails(_ p: [Int], _ i: [Int32], _ v: [Double]) -> SparseStructureError? {
      do {
        _ = try SparseMatrix(rows: 3, columns: 2, columnPointers: p, rowIndices: i, values: v)
        return nil
      } catch { return error }
    }
    #expect(fails([0, 2, 3], [0, 2, 1], [1, 2, 3]) == nil)
    #expect(fails([0, 2], [0, 2], [1, 2]) == .pointerCount(found: 2, expected: 3))
    #expect(fails([1, 2, 3], [0, 2, 1], [1, 2, 3]) == .pointers(line: 0))
    #expect(fails([0, 3, 2], [0, 2, 1], [1, 2, 3]) == .pointers(line: 1))
    #expect(fails([0, 2, 3], [0, 2], [1, 2, 3]) == .entryCount(indices: 2, values: 3, lastPointer: 3))
    #expect(fails([0, 2, 3], [2, 0, 1], [1, 2, 3]) == .index(line: 0, position: 1))
    #expect(fails([0, 2, 3], [0, 3, 1], [1, 2, 3]) == .index(line: 0, position: 1))
    #expect(fails([0, 2, 3], [-1, 0, 1], [1, 2, 3]) == .index(line: 0, position: 0))
    let A = try SparseMatrix(
      rows: 3, columns: 2, columnPointers: [0, 2, 3], rowIndices: [0, 2, 1], values: [1, 2, .nan])
    #expect(try #require(A.firstNonFinite) == (1, 1))
    #expect(A.dense()[2, 0] == 2)
  }

  @Test(arguments: [(40, 25), (25, 40)])
  func sparseSpectraAreTheDenseOnes(_ n: Int, _ p: Int) {
    let A = Self.integers(n, p, seed: 9)
    let dense = DenseDesign(A).gramSpectrum(scale: 0.5)
    let sparse = SparseMatrix(A).gramSpectrum(scale: 0.5)
    #expect((sparse.largest - dense.largest).magnitude <= sparse.largestErrorBound + dense.largestErrorBound)
    #expect((sparse.smallest - dense.smallest).magnitude <= sparse.smallestErrorBound + dense.smallestErrorBound)
  }
}
