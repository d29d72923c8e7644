import LinAlg
import RandomStreams
import Testing

@Suite struct FoldGramsTests {
  private static let parts = [0..<40, 40..<95, 95..<130]

  /// Integers as data make the products exact: every entry is the sum itself, whatever was taken off what.
  @Test(arguments: [3, 12])
  func eachFoldHoldsTheProductsOfItsRows(_ p: Int) {
    check(p, Double.self)
    check(p, Float.self)
  }

  private func check<Element: Scalar>(_ p: Int, _: Element.Type) {
    var stream = RandomStream(seed: UInt64(p))
    let A = Matrix<Element>(rows: 130, columns: p, layout: .columnMajor) { i, j in
      // One column stands in the first part alone: nothing of it is left where that is held out.
      j == 2 && i >= 40 ? 0 : Element(stream.nextIndex(below: 7) - 3)
    }
    let (folds, grams) = Self.folds(of: A)
    let sets = [[0, 1], [1, 2], [0, p - 1]].map { IndexSubset(Array(Set($0)).sorted(), universe: p) }
    #expect(folds.cover([sets[0], sets[1], nil], limit: 100))
    #expect(folds.cover([sets[2], nil, sets[2]], limit: 100))
    for (k, needed) in [[sets[0], sets[2]], [sets[1]], [sets[2]]].enumerated() {
      for S in needed {
        #expect(grams[k].covers(S))
        var C = Matrix<Element>.zeros(S.count, S.count)
        grams[k].gather(S, into: &C)
        for i in 0..<S.count {
          for j in 0..<S.count {
            let exact = (0..<130).reduce(Element(0)) {
              Self.parts[k].contains($1) ? $0 : $0 + A[$1, S[i]] * A[$1, S[j]]
            }
            #expect(C[i, j] == 2 * exact)
          }
        }
      }
    }
    #expect(!folds.cover([IndexSubset(Array(0..<p), universe: p), nil, nil], limit: p - 1))
  }

  private static func folds<Element: Scalar>(of A: Matrix<Element>) -> (FoldGrams<Element>, [GrowingGram<Element>]) {
    let grams = parts.map { _ in GrowingGram<Element>() }
    let fitted = parts.map { part in
      A.gatheringRows((0..<A.rows).filter { !part.contains($0) })
    }
    let folds = FoldGrams(
      whole: A, heldOut: parts.map { A[rows: $0] }, fitted: fitted, grams: grams, scales: parts.map { _ in 2 })
    return (folds, grams)
  }

  /// What is restored has the same bits, and a batch that came another way is taken off.
  @Test func whatWasKeptIsMadeAgain() {
    var stream = RandomStream(seed: 3)
    let A = Matrix<Double>(rows: 130, columns: 30, layout: .columnMajor) { _, _ in stream.nextNormal() }
    let (first, grams) = Self.folds(of: A)
    let S = IndexSubset(Array(0..<20), universe: 30)
    let T = IndexSubset([3, 7, 21, 25], universe: 30)
    #expect(first.cover([S, T, nil], limit: 100) && first.cover([T, S, S], limit: 100))
    func entries(_ gram: GrowingGram<Double>) -> Matrix<Double> {
      var C = Matrix<Double>.zeros(S.count, S.count)
      gram.gather(S, into: &C)
      return C
    }
    let kept = grams.map(entries)
    let (second, others) = Self.folds(of: A)
    second.restore(shared: first.sharedBatches, own: first.batches)
    #expect(others.map(entries) == kept)
    others[0].add([29], of: A, alpha: 1)
    second.restoreStep()
    #expect(others[0].batches == first.batches[0] && entries(others[0]) == kept[0])
  }
}
