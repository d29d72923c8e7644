import LinAlg
import Testing

/// Blocks of right-hand sides through XᵀDX against a plain loop, on every path.
@Suite struct FusedBlockTests {
  /// Integers small enough that every order of summation is exact: all paths give the same bits. The shapes and widths
  /// reach every plan and every remainder of its tiles.
  @Test(arguments: [(1, 1), (1, 7), (5, 4), (129, 100), (200, 90), (700, 330), (4096, 70)], [1, 2, 3, 4, 9, 33])
  func blocksAreTheNaiveOnes(_ shape: (Int, Int), _ q: Int) {
    let (n, p) = shape
    let A = DesignTests.integers(n, p, seed: 10)
    let V = DesignTests.integers(p, q, seed: 11)
    let d = DesignTests.integers(n, seed: 12)
    let support = IndexSubset((0..<p).filter { $0 % 3 != 1 }, universe: p)
    let VS = V.transposed.columns(support).transposed.with(layout: .columnMajor)
    let fused = FusedGram<Double>()
    var Y = Matrix<Double>(repeating: .nan, rows: p, columns: q)
    fused.assign(to: &Y, of: A, block: V, alpha: 2)
    #expect(Y == Self.reference(A, V, scale: 2))
    fused.assign(to: &Y, of: A, block: V, weights: d)
    #expect(Y == Self.reference(A, V, weights: d))
    var YS = Matrix<Double>(repeating: .nan, rows: support.count, columns: q)
    fused.assign(to: &YS, columns: support, of: A, block: VS, weights: d, alpha: -1)
    #expect(YS == Self.reference(A.columns(support), VS, weights: d, scale: -1))

    let gram = GramOperator(A, scale: 3, weights: d, shift: 5)
    gram.apply(block: V, into: &Y)
    var expected = Self.reference(A, V, weights: d, scale: 3)
    expected.combine(5, V, 1)
    #expect(Y == expected)
    var y = Vector<Double>.zeros(p)
    gram.apply(V.column(0), into: &y)
    #expect(y == expected.column(0))
  }

  /// scale · Aᵀ diag(d) A V by plain loops over the columns.
  private static func reference(
    _ A: Matrix<Double>, _ V: Matrix<Double>, weights d: Vector<Double>? = nil, scale: Double = 1
  ) -> Matrix<Double> {
    var result = Matrix<Double>.zeros(A.columns, V.columns)
    var image = Vector<Double>.zeros(A.rows)
    for c in 0..<V.columns {
      let sums = image.mutableBase()
      for i in 0..<A.rows { sums[i] = 0 }
      for j in 0..<A.columns {
        let (column, v) = (A.base + j * A.stride, V[j, c])
        if v != 0 { for i in 0..<A.rows { sums[i] += v * column[i] } }
      }
      if let d { for i in 0..<A.rows { sums[i] *= d[i] } }
      for j in 0..<A.columns {
        let column = A.base + j * A.stride
        var sum = 0.0
        for i in 0..<A.rows { sum += column[i] * sums[i] }
        result[j, c] = scale * sum
      }
    }
    return result
  }

  /// Every path of the block product is reached by the test above.
  @Test func theRuleForBlocks() {
    typealias Fused = FusedGram<Double>
    func plan(_ n: Int, _ p: Int, _ q: Int, _ k: Int? = nil) -> Fused.BlockPlan {
      Fused.plan(for: .zeros(n, p), columns: q, restrictedTo: k)
    }
    #expect(plan(700, 330, 1) == .vector)
    #expect(plan(2000, 784, 2) == .kernel(panel: 32))
    #expect(plan(2000, 784, 3) == .kernel(panel: 160))
    #expect(plan(700, 330, 4) == .kernel(panel: 256))
    #expect(plan(700, 330, 51) == .kernel(panel: 256))
    #expect(plan(700, 330, 52) == .products(panel: 512))
    #expect(plan(4096, 70, 8) == .kernel(panel: 256))
    #expect(plan(4096, 70, 9) == .products(panel: 512))
    #expect(plan(200, 90, 1) == .products(panel: 200))
    #expect(plan(200, 90, 8) == .products(panel: 200))
    #expect(plan(200, 90, 8, 60) == .kernel(panel: 256))
    #expect(plan(500, 3000, 2) == .products(panel: 500))
    #expect(plan(1000, 2000, 12) == .kernel(panel: 64))
    #expect(plan(1000, 2000, 13) == .products(panel: 512))
  }
}
