import LinAlg
import RandomStreams
import Testing

/// Gram matrices and factors in single precision of numbers in double precision.
@Suite struct SinglePrecisionTests {
  /// Small integers: sums below 2²⁴ are exact in `Float`, whatever the order.
  @Test(arguments: [(1, 1), (7, 3), (513, 20), (1500, 33), (3000, 260)])
  func gramMatricesOfIntegersAreExact(_ n: Int, _ p: Int) {
    let A = DesignTests.integers(n, p, seed: 8)
    let S = IndexSubset((0..<p).filter { $0 % 3 != 1 }, universe: p)
    let roots = Vector(count: n) { Double($0 % 3) }
    let d = Vector(count: n) { roots[$0] * roots[$0] }
    for weights in [nil, d] {
      var C = Matrix<Float>(repeating: .nan, rows: S.count, columns: S.count)
      SingleColumnGram<Double>().assign(to: &C, columns: S, of: A, weights: weights, alpha: 2)
      for j in stride(from: 0, to: S.count, by: 7) {
        for i in j..<S.count {
          let exact = (0..<n).reduce(0) { $0 + (weights?[$1] ?? 1) * A[$1, S[i]] * A[$1, S[j]] }
          #expect(C[i, j] == Float(2 * exact))
        }
      }
    }
  }

  /// A right-hand side beyond the range of `Float` is scaled; the error is that of single precision times the condition
  /// number, below 10 here.
  @Test(arguments: [1.0, 1e200, 1e-200])
  func solvesScaleTheirRightHandSide(_ size: Double) {
    var random = RandomStream(seed: 3)
    let n = 40
    let B = Matrix<Double>(rows: n, columns: n) { _, _ in random.nextNormal() }
    var A = Matrix<Double>.identity(n)
    A.assignGram(B, alpha: 1 / Double(n))
    A.addToDiagonal(1)
    let factor = SinglePrecisionFactor<Double>()
    #expect(factor.factor(count: n) { M in for j in 0..<n { for i in 0..<n { M[i, j] = Float(A[i, j]) } } })
    let exact = Vector<Double>(count: n) { Double($0 % 5) - 2 }
    let b = size * (A * exact)
    var x = b
    factor.solve(b, into: &x)
    #expect(x.distance(to: size * exact) <= 10 * Double(n) * Double(Float.ulpOfOne) * size * exact.norm)
  }

  @Test func whatSinglePrecisionCannotSayIsRefused() {
    let factor = SinglePrecisionFactor<Double>()
    #expect(!factor.factor(count: 2) { $0 = Matrix<Float>([[1, 1], [1, 1 + 1e-6]]) })
    #expect(!factor.factor(count: 2) { $0 = Matrix<Float>([[1, 2], [2, 1]]) })
    #expect(!factor.factor(count: 2) { $0 = Matrix<Float>([[.infinity, 0], [0, 1]]) })
  }
}
