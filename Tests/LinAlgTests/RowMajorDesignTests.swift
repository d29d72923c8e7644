import LinAlg
import Testing

/// What a design by rows keeps of its columns, and when it copies all of them. The data are integers: every sum is exact.
@Suite struct RowMajorDesignTests {
  /// Every subset that is asked for is there in its order, whatever was asked for before; beyond half of X all of it is copied.
  @Test func gathersTheColumnsThatAreAskedFor() throws {
    let (n, p) = (37, 40)
    let A = DesignTests.integers(n, p, seed: 1)
    let design = RowMajorDesign(A.packed(as: .rowMajor))
    for chosen in [[3, 9, 31], [0, 3, 4, 39], [], [9], Array(0..<8), [2, 31, 38]] {
      let S = IndexSubset(chosen, universe: p)
      let (matrix, places) = try #require(design.dense(columns: S))
      #expect(places.count == S.count)
      for k in 0..<S.count { #expect(matrix.column(places[k]) == A.column(S[k])) }
      var own = Vector<Double>.zeros(chosen.count)
      design.columns(S).squaredColumnNorms(into: &own)
      for k in 0..<S.count {
        // A square root, squared again: exact to 2 ulps.
        let exact = A.column(S[k]).dot(A.column(S[k]))
        #expect((own[k] - exact).magnitude <= 2 * exact.ulp)
      }
      #expect(!design.hasDenseColumns)
    }
    let most = IndexSubset((0..<p).filter { $0 % 3 != 0 }, universe: p)
    let (matrix, places) = try #require(design.dense(columns: most))
    #expect(places == most && matrix == A && design.hasDenseColumns)
  }

  /// Gram matrices of a growing set are made of whatever columns are there.
  @Test func gramMatricesGrow() {
    let (n, p) = (600, 200)
    let A = DesignTests.integers(n, p, seed: 2)
    let design = RowMajorDesign(A.packed(as: .rowMajor))
    let (growing, reference) = (GrowingGram<Double>(), GrowingGram<Double>())
    for chosen in [[150, 3, 77], [4, 199], [0, 1, 2]] {
      growing.add(chosen, of: design, alpha: 2)
      reference.add(chosen, of: A, alpha: 2)
    }
    let S = IndexSubset([0, 3, 4, 77, 150, 199], universe: p)
    var (found, expected) = (Matrix<Double>.zeros(6, 6), Matrix<Double>.zeros(6, 6))
    growing.gather(S, into: &found)
    reference.gather(S, into: &expected)
    #expect(found == expected && !design.hasDenseColumns)
  }

  /// Large enough for several tasks.
  @Test(arguments: [(900, 1501), (9001, 150)])
  func parallelProductsAreTheSerialOnes(_ n: Int, _ p: Int) {
    let A = DesignTests.integers(n, p, seed: 3)
    let (x, r) = (DesignTests.integers(p, seed: 4), DesignTests.integers(n, seed: 5))
    let byRow = A.packed(as: .rowMajor)
    for design in [RowMajorDesign(byRow), RowMajorDesign(single: Matrix<Float>(converting: byRow))] {
      var y = r
      design.multiply(x, alpha: 2, beta: -1, into: &y)
      #expect(y == 2 * (A * x) - r)
      var z = x
      design.multiplyTransposed(r, alpha: -1, beta: 3, into: &z)
      #expect(z == 3 * x - A.transposed * r)
      var norms = x
      design.squaredColumnNorms(into: &norms)
      #expect(norms == Vector(count: p) { A.column($0).dot(A.column($0)) })
    }
  }

  /// A column whose squares overflow is finite; an entry that is not is found by row and column, also in single precision.
  @Test func findsWhatIsNotFinite() throws {
    var A = Matrix<Double>(rows: 20, columns: 9, layout: .rowMajor) { Double($0 + $1) }
    A[4, 7] = 1e200
    var norms = Vector<Double>.zeros(9)
    let large = RowMajorDesign(A)
    large.squaredColumnNorms(into: &norms)
    #expect(norms[7] == .infinity && large.firstNonFinite == nil)
    A[17, 2] = .nan
    A[16, 8] = -.infinity
    let found = try #require(RowMajorDesign(A).firstNonFinite)
    #expect(found.row == 16 && found.column == 8 && found.value == -.infinity)
    var B = Matrix<Float>(rows: 20, columns: 9, layout: .rowMajor) { Float($0 + $1) }
    #expect(RowMajorDesign(single: B).firstNonFinite == nil)
    B[19, 0] = .nan
    let single = try #require(RowMajorDesign(single: B).firstNonFinite)
    #expect(single.row == 19 && single.column == 0 && single.value.isNaN)
  }

  /// Squares that underflow leave the norm that a dense design finds.
  @Test func smallColumnsHaveTheirNorms() {
    let A = Matrix<Double>(rows: 11, columns: 3, layout: .rowMajor) { i, j in [1e-170, 1e-155, 0][j] * Double(i + 1) }
    var (found, expected) = (Vector<Double>.zeros(3), Vector<Double>.zeros(3))
    RowMajorDesign(A).squaredColumnNorms(into: &found)
    DenseDesign(A).squaredColumnNorms(into: &expected)
    // Sums of eleven terms in two orders: 11 roundings of half an ulp each at most.
    for j in 0..<3 { #expect((found[j] - expected[j]).magnitude <= 11 * .ulpOfOne * expected[j]) }
  }
}
