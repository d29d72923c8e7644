import LinAlg
import NonsmoothMaps
import Testing

/// The C loops against the definitions, at lengths around the widths of vectors, by ==: each entry takes at most one rounded operation, so there
/// is one right answer.
@Suite struct SoftThresholdTests {
  private static let counts = [0, 1, 3, 7, 8, 15, 16, 17, 31, 33, 64, 100]

  private func array<T: Scalar>(_ n: Int, _ body: (UnsafeMutablePointer<T>) -> Void) -> [T] {
    var out = [T](repeating: -7, count: n + 1)
    out.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
    #expect(out[n] == -7, "wrote past the end of \(n)")
    return Array(out[..<n])
  }

  @Test(arguments: [true, false]) func oneThreshold(_ isDouble: Bool) {
    func body<T: Scalar>(_: T.Type) {
      for n in Self.counts {
        var numbers = Numbers(UInt64(n))
        let u: [T] = (0..<n).map { $0 % 5 == 0 ? [T(0.5), -0.5, 0, -0.0][$0 % 4] : numbers.unit() }
        let t: T = 0.5
        let out = array(n) { T._softThreshold(n, u, t, $0) }
        #expect(out == u.map { $0 > t ? $0 - t : ($0 < -t ? $0 + t : 0) }, "n = \(n)")
        for atKink in [T(0), 0.5, 1] {
          var count = 0
          let mask = array(n) { count = T._softThresholdMask(n, u, t, atKink, $0) }
          let expected = u.map { $0.magnitude > t ? 1 : ($0.magnitude == t ? atKink : 0) }
          #expect(mask == expected, "n = \(n)")
          #expect(count == expected.count { $0 != 0 })
        }
        #expect(T._softThresholdMargin(n, u, t) == u.map { ($0.magnitude - t).magnitude }.min() ?? .infinity)
      }
    }
    if isDouble { body(Double.self) } else { body(Float.self) }
  }

  @Test(arguments: [true, false]) func keepsNaN(_ isDouble: Bool) {
    func body<T: Scalar>(_: T.Type) {
      for n in Self.counts where n > 0 {
        for i in 0..<n {
          var u = [T](repeating: 2, count: n)
          u[i] = .nan
          let out = array(n) { T._softThreshold(n, u, 1, $0) }
          #expect(out.indices.allSatisfy { $0 == i ? out[$0].isNaN : out[$0] == 1 }, "entry \(i) of \(n)")
        }
      }
      #expect(array(2) { T._softThreshold(2, [.infinity, -.infinity], 1, $0) } == [.infinity, -.infinity])
    }
    if isDouble { body(Double.self) } else { body(Float.self) }
  }

  @Test(arguments: [0, 1, 5, 16, 33])
  func thresholdsByEntryAgreeWithTheScalarOnes(_ n: Int) {
    let u = Vector<Double>(count: n) { Double(($0 * 5) % 9) - 4 }
    let t = Vector<Double>(count: n) { Double($0 % 4) }
    var (out, mask) = (Vector<Double>.zeros(n), Vector<Double>.zeros(n))
    Double._softThresholdEach(n, u.base, t.base, out.mutableBase())
    Double._softThresholdEachMask(n, u.base, t.base, 0.5, mask.mutableBase())
    var margin = Double.infinity
    for i in 0..<n {
      let a = abs(u[i]) - t[i]
      #expect(out[i] == (a > 0 ? (u[i] > 0 ? a : -a) : 0))
      #expect(mask[i] == (t[i] == 0 || a > 0 ? 1 : a == 0 ? 0.5 : 0))
      margin = min(margin, abs(a))
    }
    #expect(Double._softThresholdEachMargin(n, u.base, t.base) == margin)
  }

  /// What is written over the input is what the definition says: the loops go by vectors either way.
  @Test(arguments: [true, false]) func inPlace(_ isDouble: Bool) {
    func body<T: Scalar>(_: T.Type) {
      for n in Self.counts {
        let x = Vector<T>(count: n) { T(($0 * 37) % 23) - 11 }
        let t = Vector<T>(count: n) { T($0 % 4) }
        var (one, each) = (Vector(copying: x), Vector(copying: x))
        SoftThreshold.apply(threshold: 2, to: &one)
        #expect(one == Vector(count: n) { x[$0] > 2 ? x[$0] - 2 : x[$0] < -2 ? x[$0] + 2 : 0 })
        SoftThreshold.apply(thresholds: t, to: &each)
        #expect(each == Vector(count: n) { x[$0] > t[$0] ? x[$0] - t[$0] : x[$0] < -t[$0] ? x[$0] + t[$0] : 0 })
      }
    }
    if isDouble { body(Double.self) } else { body(Float.self) }
  }
}
