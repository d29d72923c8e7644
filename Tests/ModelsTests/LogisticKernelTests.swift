import Foundation
import LinAlg
import Models
import RandomStreams
import Testing

/// The logistic loss and its derivatives against the C library's functions.
@Suite struct LogisticKernelTests {
  /// The loss, the residuals −ℓ′ and the curvatures ℓ″ of scores z.
  static func run<T: Scalar>(_ z: Vector<T>, _ y: Vector<T>, scale: T = 1) -> (T, Vector<T>, Vector<T>) {
    var (r, d) = (Vector<T>.zeros(z.count), Vector<T>.zeros(z.count))
    let sum = T._logistic(z.count, z.base, y.base, scale, r.mutableBase(), d.mutableBase())
    return (sum, r, d)
  }

  /// exp within 3 ulps, then a quotient and a product: under 8 ulps for r and 10 for d; the loss is a series of e, which
  /// doubles the ulps where it is as large as its shift.
  @Test func everyValueIsWithinSomeUlps() {
    for sign in [-1.0, 1.0] {
      let z = Vector<Double>(count: 20_001) { Double($0 - 10_000) * 0.07 }
      let y = Vector<Double>(repeating: sign, count: z.count)
      let (_, r, d) = Self.run(z, y)
      for i in 0..<z.count where abs(z[i]) < 690 {
        let m = sign * z[i]
        let e = Foundation.exp(-abs(m))
        let residual = sign * (m < 0 ? 1 : e) / (1 + e)
        #expect(abs(r[i] - residual) <= 8 * residual.ulp.magnitude, "r(\(z[i]))")
        let curvature = e / ((1 + e) * (1 + e))
        #expect(abs(d[i] - curvature) <= 10 * curvature.ulp, "d(\(z[i]))")
        let loss = Self.run([z[i]], [sign]).0
        let exact = Foundation.log1p(e) + max(-m, 0)
        #expect(abs(loss - exact) <= 8 * exact.ulp, "loss(\(z[i]))")
      }
    }
  }

  @Test func floatAgreesWithDouble() {
    let z = Vector<Float>(count: 4001) { Float($0 - 2000) * 0.03 }
    let y = Vector<Float>(count: 4001) { $0 % 2 == 0 ? 1 : -1 }
    let (_, r, d) = Self.run(z, y)
    let (_, R, D) = Self.run(Vector<Double>(converting: z), Vector<Double>(converting: y))
    for i in 0..<z.count {
      #expect(abs(Double(r[i]) - R[i]) <= 8 * Double(Float(R[i]).ulp))
      #expect(abs(Double(d[i]) - D[i]) <= 10 * Double(Float(D[i]).ulp))
      let loss = Double(Self.run([z[i]] as Vector<Float>, [y[i]]).0)
      let exact = Self.run([Double(z[i])], [Double(y[i])]).0
      #expect(abs(loss - exact) <= 8 * Double(Float(exact).ulp), "\(z[i])")
    }
  }

  /// Counts around the blocks of the kernel; the sum of n half-ulp errors of positive terms is at most n ulps of it.
  @Test(arguments: [0, 1, 7, 8, 9, 255, 256, 257, 1000])
  func sumsOverAnyCount(_ n: Int) {
    var random = RandomStream(seed: UInt64(n))
    let z = Vector<Double>(count: n) { _ in 4 * random.nextUniform() - 2 }
    let y = Vector<Double>(count: n) { _ in random.nextIndex(below: 2) == 0 ? -1 : 1 }
    let (sum, r, d) = Self.run(z, y, scale: 3)
    let exact = (0..<n).reduce(0) { $0 + Foundation.log1p(Foundation.exp(-y[$1] * z[$1])) }
    #expect(abs(sum - exact) <= Double(n + 8) * exact.ulp)
    for i in 0..<n {
      let s = 1 / (1 + Foundation.exp(y[i] * z[i]))
      #expect(abs(r[i] - 3 * y[i] * s) <= 16 * (3 * s).ulp)
      #expect(abs(d[i] - 3 * s * (1 - s)) <= 16 * (3 * s * (1 - s)).ulp)
    }
    // Without r and d the sum is the same.
    #expect(Double._logistic(n, z.base, y.base, 3, nil, nil) == sum)
  }

  /// Scores far out neither overflow nor turn into NaN, and a NaN stays one.
  @Test func extremesStayFinite() {
    let (sum, r, d) = Self.run([1e300, -1e300, 800, -800], [1.0, 1, -1, -1])
    #expect(sum.isFinite && abs(sum - 1e300 - 800) <= sum.ulp)
    #expect(r[1] == 1 && r[2] == -1 && abs(r[0]) < 1e-300 && abs(r[3]) < 1e-300)
    #expect((0..<4).allSatisfy { d[$0] >= 0 && d[$0] < 1e-300 })
    let (bad, s, c) = Self.run([.nan], [1.0])
    #expect(bad.isNaN && s[0].isNaN && c[0].isNaN)
  }
}
