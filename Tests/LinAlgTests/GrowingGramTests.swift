import LinAlg
import RandomStreams
import Testing

@Suite struct GrowingGramTests {
  /// Integers as data make the products exact: every entry is the sum itself, whatever the order of summation.
  @Test(arguments: [(5, 7), (600, 9), (1300, 40)])
  func productsAreExactHoweverTheColumnsCame(_ n: Int, _ p: Int) {
    check(n, p, Double.self)
    check(n, p, Float.self)
  }

  private func check<Element: Scalar>(_ n: Int, _ p: Int, _: Element.Type) {
    var stream = RandomStream(seed: UInt64(n * p))
    let A = Matrix<Element>(rows: n, columns: p, layout: .columnMajor) { _, _ in
      Element(stream.nextIndex(below: 7) - 3)
    }
    var columns = Array(0..<p)
    stream.shuffle(&columns)
    let gram = GrowingGram<Element>()
    let cuts = [0, 1, p / 2, p / 2, p]
    for (a, b) in zip(cuts, cuts.dropFirst()) {
      gram.add(Array(columns[a..<b]), of: A, alpha: 2)
      let S = IndexSubset(columns[..<b].sorted().filter { $0 % 3 != 1 }, universe: p)
      #expect(gram.covers(S) && gram.missing(S).isEmpty && gram.count == b)
      var C = Matrix<Element>.zeros(S.count, S.count)
      gram.gather(S, into: &C)
      var single = Matrix<Float>.zeros(S.count, S.count)
      gram.gatherSingle(S, into: &single)
      for i in 0..<S.count {
        for j in 0..<S.count {
          let exact =
            2
            * A.column(S[i]).reduce(into: (sum: Element(0), k: 0)) { state, x in
              state.sum += x * A[state.k, S[j]]
              state.k += 1
            }.sum
          #expect(C[i, j] == exact)
          if i >= j { #expect(single[i, j] == Float(exact)) }
        }
      }
    }
    // The same batches, the same bits.
    let again = GrowingGram<Element>()
    for batch in gram.batches { again.add(batch, of: A, alpha: 2) }
    #expect(again.count == p && again.batches == gram.batches)
    gram.reset()
    #expect(gram.count == 0 && !gram.covers(IndexSubset([0], universe: p)))
  }
}
