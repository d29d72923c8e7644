import LinAlg
import RandomStreams
import Testing

@Suite struct SupportFactorTests {
  private static let (n, p) = (90, 70)

  private static func design<Element: Scalar>(_: Element.Type) -> Matrix<Element> {
    var stream = RandomStream(seed: 8)
    return Matrix(rows: n, columns: p, layout: .columnMajor) { _, _ in Element(stream.nextNormal()) }
  }

  /// (AᵀA/n)_SS + ρ I by plain sums.
  private static func matrix<Element: Scalar>(_ A: Matrix<Element>, _ S: [Int], _ ρ: Element) -> Matrix<Element> {
    Matrix(rows: S.count, columns: S.count) { i, j in
      var sum: Element = i == j ? ρ * Element(n) : 0
      for r in 0..<n { sum += A[r, S[i]] * A[r, S[j]] }
      return sum / Element(n)
    }
  }

  /// Supports that gain, lose and regain columns; few changes are updates and not factorizations, and every solution solves its own system.
  private static func check<Element: Scalar>(_ type: Element.Type) {
    let A = design(type)
    let gram = GrowingGram<Element>()
    let factor = SupportFactor<Element>()
    var stream = RandomStream(seed: 21)
    var S = Set(0..<40)
    let ridge = Element(1) / 8
    for step in 0..<30 {
      switch step {
      case 0: break
      case 10: S = Set(20..<60)  // too many at once
      default:
        // Two out and two in, of those that went lately among them.
        for _ in 0..<2 { S.remove(S.sorted()[Int(stream.nextUniform() * Double(S.count))]) }
        while S.count < 40 { S.insert(Int(stream.nextUniform() * Double(p))) }
      }
      let support = IndexSubset(S.sorted(), universe: p)
      gram.add(gram.missing(support), of: A, alpha: 1 / Element(n))
      #expect(factor.update(to: support, of: gram, ridge: ridge))
      let b = Vector<Element>(count: 40) { _ in Element(stream.nextNormal()) }
      var x = Vector(copying: b)
      factor.solve(&x, on: support)
      let H = matrix(A, support.elements, ridge)
      // Factors and triangular solves on at most 50 columns leave 50 ulps of the product of norms each; so do the sums here.
      let size = (0..<40).reduce(Element(0)) { $0 + H[$1, $1] }
      #expect((H * x - b).maxNorm <= 200 * .ulpOfOne * size * x.norm)
    }
    // One to begin with, one of its own for the support that changed whole, and some as columns that are held grow to a quarter.
    #expect(factor.factorizations >= 2 && factor.factorizations <= 10 && factor.changes >= 60)
  }

  @Test func solutionsFollowTheSupport() {
    Self.check(Double.self)
    Self.check(Float.self)
  }

  /// Columns that depend on each other have no factor, and leave the way open for those that do not.
  @Test func dependentColumnsAreRefused() {
    var A = Self.design(Double.self)
    for i in 0..<Self.n { A[i, 41] = A[i, 3] }
    let gram = GrowingGram<Double>()
    let factor = SupportFactor<Double>()
    let first = IndexSubset(Array(0..<40), universe: Self.p)
    let second = IndexSubset(Array(0..<40) + [41], universe: Self.p)
    gram.add(second.elements, of: A, alpha: 1)
    #expect(factor.update(to: first, of: gram, ridge: 0))
    #expect(!factor.update(to: second, of: gram, ridge: 0))
    #expect(factor.update(to: first, of: gram, ridge: 0))
    // With a ridge there is one.
    #expect(factor.update(to: second, of: gram, ridge: 0.5))
    // Either of the two alone is as good as the other.
    let other = IndexSubset((0..<40).filter { $0 != 3 } + [41], universe: Self.p)
    #expect(factor.update(to: first, of: gram, ridge: 0) && factor.update(to: other, of: gram, ridge: 0))
    var x = Vector<Double>(repeating: 1, count: 40)
    factor.solve(&x, on: other)
    let H = Self.matrix(A, other.elements, 0)
    let b = Vector<Double>(repeating: 1.0 / Double(Self.n), count: 40)
    #expect((H * x - b).maxNorm <= 1e-12)
  }
}
