import Foundation
import LinAlg
import Testing

/// The branch-free exponential and the softmax built on it, against the C library's.
@Suite struct ExponentialTests {
  @Test func theExponentialIsWithinTwoUlps() {
    // 1.25 ulps of its own, and less than the rest of two is the library's.
    let x = Vector<Double>(count: 200_001) { Double($0 - 100_000) * 0.00707 }
    var y = x
    x.withExp(into: &y)
    for i in 0..<x.count where x[i] > -707 && x[i] < 708 {
      let exact = Foundation.exp(x[i])
      #expect((y[i] - exact).magnitude <= 2 * exact.ulp, "exp(\(x[i]))")
    }
    let f = Vector<Float>(count: 20_001) { Float($0 - 10_000) * 0.0086 }
    var g = f
    f.withExp(into: &g)
    for i in 0..<f.count where f[i] > -86 && f[i] < 87 {
      let exact = Float(Foundation.exp(Double(f[i])))
      #expect((g[i] - exact).magnitude <= 2 * exact.ulp, "exp(\(f[i]))")
    }
  }
}

extension Vector {
  /// y ← exp(x).
  fileprivate func withExp(into y: inout Vector) {
    let out = y.mutableBase()
    Element._exp(count, base, out)
  }
}
