import LinAlg
import TestSupport
import Testing

@Suite struct SingleColumnsTests {
  /// Heights of one panel and of several with a remainder, one task and two. Small integers: single precision is exact.
  @Test(arguments: [(7, 3), (1000, 40), (5003, 260)], [false, true])
  func productsAreThoseOfThePlainLoop(_ size: (Int, Int), _ isWeighted: Bool) {
    let (n, k) = size
    let p = 2 * k
    let A = Matrix<Double>(rows: n, columns: p) { Double(($0 * 7 + $1 * 5) % 3) - 1 }
    let S = IndexSubset((0..<k).map { 2 * $0 + $0 % 2 }, universe: p)
    let d = isWeighted ? Vector<Double>(count: n) { [0.0, 1, 4][$0 % 3] } : nil
    let x = Vector<Float>(count: k) { Float($0 % 3) - 1 }
    let single = SingleColumns<Double>()
    single.load(columns: S, of: A, weights: d, alpha: 0.5, shift: 3)
    var y = Vector<Float>.zeros(k)
    single.apply(x, into: &y)
    var z = Vector<Double>.zeros(n)
    for i in 0..<n { for c in 0..<k { z[i] += A[i, S[c]] * Double(x[c]) } }
    for c in 0..<k {
      var sum = 0.0
      for i in 0..<n { sum += A[i, S[c]] * (d?[i] ?? 1) * z[i] }
      // All sums are integers below 2²⁴, or halves of such.
      #expect(Double(y[c]) == 0.5 * sum + 3 * Double(x[c]))
    }
  }

  /// Loaded again for other columns, it is that of those.
  @Test func loadingAgainReplacesTheColumns() {
    let A = Matrix<Float>(rows: 50, columns: 6) { Float(($0 + $1) % 4) }
    let again = SingleColumns<Float>()
    again.load(columns: IndexSubset([0, 1, 2, 3], universe: 6), of: A, alpha: 1, shift: 0)
    again.load(columns: IndexSubset([5], universe: 6), of: A, alpha: 1, shift: 0)
    var y = Vector<Float>.zeros(1)
    again.apply([2], into: &y)
    #expect(y[0] == 2 * (0..<50).reduce(Float(0)) { $0 + A[$1, 5] * A[$1, 5] })
  }
}
