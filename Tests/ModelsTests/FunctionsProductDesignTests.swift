import LinAlg
import Models
import TestSupport
import Testing

/// What a design does that is known by its products alone, against the same matrix stored.
@Suite struct FunctionsProductDesignTests {
  // Small integers: every sum is exact in whatever order, so the results are equal.
  private static func compare<E: Scalar>(_: E.Type, chosen: Bool) {
    let X = Matrix<E>(rows: 6, columns: 5) { E(($0 * 7 + $1 * 3) % 5 - 2) }
    var design = ProductDesign<E>(
      rows: 6, columns: 5, multiply: { $1.assignProduct(X, $0) },
      multiplyTransposed: { $1.assignProduct(X.transposed, $0) })
    var stored = DenseDesign(X)
    if chosen {
      // Twice: a choice among chosen columns.
      for S in [IndexSubset([0, 1, 3, 4], universe: 5), IndexSubset([0, 2, 3], universe: 4)] {
        design = design.columns(S)
        stored = stored.columns(S)
      }
    }
    let (n, p) = (6, design.columns)
    #expect(design.rows == n && p == (chosen ? 3 : 5) && design.storedCount == n * p && !design.isStored)
    func same<R: Equatable>(_ what: String, _ body: (any DesignMatrix<E>) -> R) {
      #expect(body(design) == body(stored), "\(what), \(E.self), \(chosen)")
    }
    let x = Vector<E>(count: p) { E($0 % 3 - 1) }
    let r = Vector<E>(count: n) { E($0 % 4 - 1) }
    let d = Vector<E>(count: n) { E($0 % 3) }
    let S = IndexSubset([0, 2], universe: p)
    let few: Vector<E> = [2, -1]
    let rows = [4, 1, 4]
    for (α, β) in [(E(1), E(0)), (2, 1), (-1, 3)] {
      same("product") {
        var y = r
        $0.multiply(x, alpha: α, beta: β, into: &y)
        return y
      }
      same("transposed product") {
        var y = x
        $0.multiplyTransposed(r, alpha: α, beta: β, into: &y)
        return y
      }
    }
    for layout in [Layout.columnMajor, .rowMajor] {
      let V = Matrix<E>(rows: p, columns: 2, layout: layout) { E($0 - $1) }
      let R = Matrix<E>(rows: n, columns: 2, layout: layout) { E($0 * $1 - 2) }
      same("block") {
        var Y = Matrix<E>.zeros(n, 2, layout: layout)
        $0.multiply(block: V, into: &Y)
        return Y
      }
      same("transposed block") {
        var Y = Matrix<E>.zeros(p, 2, layout: layout)
        $0.multiplyTransposed(block: R, alpha: 3, into: &Y)
        return Y
      }
    }
    let W = Matrix<E>(rows: p, columns: 2) { E($0 - $1) }
    for indices in [nil, rows] {
      let count = indices?.count ?? n
      let R = Matrix<E>(rows: count, columns: 2, layout: .rowMajor) { E($0 * $1 - 1) }
      let c = Vector<E>(count: count) { E($0 - 1) }
      same("rows of a block") {
        var Y = Matrix<E>.zeros(count, 2, layout: .rowMajor)
        $0.multiply(rows: indices, block: W, into: &Y)
        return Y
      }
      same("transposed rows of a block") {
        var V = W
        $0.addTransposedProduct(rows: indices, block: R, alpha: 2, to: &V)
        return V
      }
      same("rows") {
        var a = Vector<E>.zeros(count)
        $0.multiply(rows: indices, x, into: &a)
        return a
      }
      same("added rows") {
        var z = x
        $0.addRows(indices, c, scale: 2, to: &z)
        return z
      }
      for targets in [nil, r] {
        same("row Grams") {
          var z = x
          $0.addRowGrams(rows: indices, x, targets: targets, scale: 2, to: &z)
          return z
        }
      }
    }
    same("chosen columns") {
      var y = r
      $0.addProduct(columns: S, few, to: &y)
      return y
    }
    same("chosen columns, transposed") {
      var out = few
      $0.multiplyTransposed(columns: S, r, alpha: 2, into: &out)
      return out
    }
    same("row norms") {
      var norms = r
      $0.squaredRowNorms(into: &norms)
      return norms
    }
    // Weights that are squares of integers, as the stored one scales by their roots.
    let squares = Vector<E>(count: n) { d[$0] * d[$0] }
    for weights in [nil, squares] {
      same("Gram matrix") {
        var C = Matrix<E>.zeros(2, 2)
        $0.gram(columns: S, weights: weights, alpha: 2, into: &C, workspace: ColumnGram())
        return C
      }
      same("norms of chosen columns") {
        var norms = few
        $0.squaredColumnNorms(S, weights: weights, into: &norms)
        return norms
      }
    }
    var (norms, columnNorms) = (x, x)
    design.squaredColumnNorms(into: &norms)
    stored.squaredColumnNorms(into: &columnNorms)
    // The stored one squares a rounded norm.
    for j in 0..<p { #expect((norms[j] - columnNorms[j]).magnitude <= 8 * .ulpOfOne * columnNorms[j]) }
    let (a, b) = (design.gramSpectrum(scale: 1), stored.gramSpectrum(scale: 1))
    let slack = a.largestErrorBound + b.largestErrorBound
    #expect((a.largest - b.largest).magnitude <= slack)
    #expect((a.smallest - b.smallest).magnitude <= a.smallestErrorBound + b.smallestErrorBound + slack)
  }

  @Test(arguments: [false, true])
  func everyRequirementIsMet(_ chosen: Bool) {
    Self.compare(Double.self, chosen: chosen)
    Self.compare(Float.self, chosen: chosen)
  }
}
