import LinAlg
import RandomStreams
import RealModule
import Testing

/// Functions of one number for every entry, against those of the C library over their whole range.
@Suite struct KernelElementaryTests {
  typealias Kernel<T> = (Int, UnsafePointer<T>, UnsafeMutablePointer<T>) -> Void

  private func map<T: Scalar>(_ f: Kernel<T>, _ x: [T]) -> [T] {
    var out = [T](repeating: 0, count: x.count)
    x.withUnsafeBufferPointer { x in
      out.withUnsafeMutableBufferPointer { f(x.count, x.baseAddress!, $0.baseAddress!) }
    }
    return out
  }

  private func arguments<T: Scalar>(_ largest: Double) -> [T] {
    var random = RandomStream(seed: 3)
    var x: [T] = [0, -0.0, 1, -1, .infinity, -.infinity, .leastNonzeroMagnitude, -.leastNormalMagnitude, .ulpOfOne]
    x += [.greatestFiniteMagnitude, -.greatestFiniteMagnitude]
    for _ in 0..<20_000 {
      let size = largest * Double.pow(2, -60 * random.nextUniform())
      x.append(T(random.nextUniform() < 0.5 ? size : -size))
      x.append(T(largest * (2 * random.nextUniform() - 1)))
    }
    return x
  }

  /// `ulps` is half of what error bounds count on (``Elementary/ulps`` in Tracing); the reference itself is off by up to `own` of its ulps.
  private func compare<T: Scalar>(
    _ name: String, _ f: Kernel<T>, _ x: [T], ulps: T, own: T, _ exact: (Double) -> Double
  ) {
    let found = map(f, x)
    var worst: T = 0
    for i in x.indices {
      let reference = T(exact(Double(x[i])))
      if found[i] == reference || (found[i].isNaN && reference.isNaN) { continue }
      // An ulp of what is subnormal is the least number.
      let error = (found[i] - reference).magnitude / max(T.ulpOfOne * reference.magnitude, .leastNonzeroMagnitude)
      #expect(error <= ulps + own, "\(name)(\(x[i])) is \(found[i]) and not \(reference)")
      worst = max(worst, error)
    }
    #expect(map(f, [T.nan])[0].isNaN, "\(name)")
  }

  private func check<T: Scalar>(_: T.Type, own: T) {
    let wide: [T] = arguments(T.self == Double.self ? 800 : 110)
    compare("exp", T._elementaryExp, wide, ulps: 2, own: own) { Double.exp($0) }
    compare("tanh", T._elementaryTanh, arguments(25), ulps: 4, own: own) { Double.tanh($0) }
    compare("1 − tanh²", T._elementaryTanhSlope, wide, ulps: 6, own: 4 * own) {
      let e = Double.exp(-2 * $0.magnitude)
      return 4 * e / ((1 + e) * (1 + e))
    }
    compare("σ", T._elementarySigmoid, wide, ulps: 6, own: 3 * own) {
      let e = Double.exp(-$0.magnitude)
      return ($0 < 0 ? e : 1) / (1 + e)
    }
    compare("σ(1 − σ)", T._elementarySigmoidSlope, wide, ulps: 6, own: 4 * own) {
      let e = Double.exp(-$0.magnitude)
      return e / ((1 + e) * (1 + e))
    }
    compare("softplus", T._elementarySoftplus, wide, ulps: 6, own: 3 * own) {
      max($0, 0) + Double.log(onePlus: Double.exp(-$0.magnitude))
    }
    let positive: [T] =
      wide.map { $0.magnitude } + wide.map { T.exp($0) } + [1 - .ulpOfOne / 2, 1 + .ulpOfOne, -1, -.infinity]
    compare("log", T._elementaryLog, positive, ulps: 4, own: own) { Double.log($0) }
    for (name, kernel, exact) in [
      ("√", T._elementarySqrt, { $0.squareRoot() }), ("1/x", T._elementaryReciprocal, { 1 / $0 }),
      ("x²", T._elementarySquare, { $0 * $0 }), ("|x|", T._elementaryAbs, { $0.magnitude }),
      ("max(x, 0)", T._elementaryPositivePart, { $0 > 0 ? $0 : 0 }),
      ("x > 0", T._elementaryIsPositive, { $0 > 0 ? 1 : 0 }),
    ] as [(String, Kernel<T>, (T) -> T)] {
      let found = map(kernel, wide)
      for i in wide.indices {
        let reference = exact(wide[i])
        #expect(found[i] == reference || (found[i].isNaN && reference.isNaN), "\(name) of \(wide[i])")
        if found[i] != reference && !reference.isNaN { break }
      }
    }
  }

  /// In double precision the reference is the C library's, off by an ulp itself; in single precision it is that in double, rounded.
  @Test func double() { check(Double.self, own: 1) }
  @Test func single() { check(Float.self, own: 0.5) }

  @Test func sums() {
    let x = (0..<1003).map { Double($0 % 7) - 2.5 }
    #expect(x.withUnsafeBufferPointer { Double._sum($0.count, $0.baseAddress!) } == x.reduce(0, +))
    #expect(x.withUnsafeBufferPointer { Double._sum(0, $0.baseAddress!) } == 0)
  }
}
