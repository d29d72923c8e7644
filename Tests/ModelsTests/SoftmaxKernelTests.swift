import Foundation
import LinAlg
import Models
import Testing

/// The softmax and its log-sum-exp against the C library's exponential.
@Suite struct SoftmaxKernelTests {
  @Test func twoClassesAreWithinSomeUlps() {
    check(Double.self, step: 0.007, lowest: -707)
    check(Float.self, step: 0.0043, lowest: -86)
  }

  /// Rows (0, x) and (x, 0) have the softmax (1, e) / (1 + e), e = exp(x).
  ///
  /// The exponential is good to 1.25 ulps, of which at most a half again comes from the sum, and the sum, its inverse and a product are rounded:
  /// 1.25 + 0.63 + 3 · 0.5. The exponential compared with may be off by as much as that.
  private func check<T: Scalar>(_: T.Type, step: Double, lowest: Double) {
    let n = Int(-lowest / step)
    for swapped in [false, true] {
      let x = (0..<n).map { T(-step * Double($0)) }
      var z = Vector<T>(count: 2 * n) { ($0 % 2 == 1) == swapped ? 0 : x[$0 / 2] }
      var logSums = Vector<T>.zeros(n)
      T._softmaxRows(n, 2, z.mutableBase(), logSums.mutableBase())
      for i in 0..<n {
        let e = Foundation.exp(Double(x[i]))
        let (a, b) = (Double(z[2 * i]), Double(z[2 * i + 1]))
        let (small, large) = swapped ? (a, b) : (b, a)
        let exact = (e / (1 + e), 1 / (1 + e))
        #expect(abs(small - exact.0) <= 7 * Double(T.ulpOfOne) * exact.0, "softmax(\(x[i]), 0)")
        #expect(abs(large - exact.1) <= 7 * Double(T.ulpOfOne) * exact.1, "softmax(0, \(x[i]))")
        // The sum is at most 2 and rounded once, its exponential 1.25 ulps off, the logarithm rounded.
        #expect(abs(Double(logSums[i]) - Foundation.log1p(e)) <= 4 * Double(T.ulpOfOne))
      }
    }
  }

  /// A shift by a large number changes nothing but the log-sum-exp, and neither over- nor underflows.
  @Test func largeScoresDoNotOverflow() {
    var z: Vector<Double> = [1e300, 1e300, -1e300, -1e300, 0, -1e300]
    var logSums = Vector<Double>.zeros(3)
    Double._softmaxRows(3, 2, z.mutableBase(), logSums.mutableBase())
    #expect(z[0] == 0.5 && z[1] == 0.5 && z[2] == 0.5 && z[3] == 0.5 && z[4] == 1 && z[5] < 1e-300)
    #expect(logSums == [1e300, -1e300, 0])
  }

  /// Multiplication by diag(p) − p pᵀ, in place and not. Eighths of whole numbers: nothing rounds.
  @Test(arguments: [1, 2, 3, 8, 10, 16, 33]) func jacobianIsTheDefinition(_ c: Int) {
    let n = 5
    let p = Vector<Double>(count: n * c) { Double(($0 * 5) % 7) / 8 }
    let z = Vector<Double>(count: n * c) { Double(($0 * 11) % 13) - 6 }
    let exact = Vector<Double>(count: n * c) { k in
      let row = k / c * c..<(k / c + 1) * c
      return 2 * p[k] * (z[k] - row.reduce(0) { $0 + p[$1] * z[$1] })
    }
    var (beside, inPlace) = (Vector<Double>.zeros(n * c), Vector(copying: z))
    Double._softmaxJacobianRows(n, c, 2, p.base, z.base, beside.mutableBase())
    let q = inPlace.mutableBase()
    Double._softmaxJacobianRows(n, c, 2, p.base, q, q)
    #expect(beside == exact)
    #expect(inPlace == exact)
  }
}
