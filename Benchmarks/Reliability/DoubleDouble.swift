/// A number of about 106 bits as the unevaluated sum of two doubles, with the exponent range of `Double`: the arithmetic of
/// the independent truth.
///
/// Source: Dekker, *A floating-point technique for extending the available precision*, Numer. Math. 18 (1971); Hida, Li,
/// Bailey, *Algorithms for quad-double precision floating point arithmetic* (2001).
package struct DoubleDouble: Comparable, Sendable {
  package var high: Double
  package var low: Double

  /// The relative rounding error of one operation, with room to spare.
  package static let ulp = 0x1p-102

  package init(_ x: Double) { (high, low) = (x, 0) }

  private init(quick high: Double, _ low: Double) {
    let sum = high + low
    self.high = sum
    self.low = low - (sum - high)
  }

  package static let zero = DoubleDouble(0)
  package static let one = DoubleDouble(1)
  /// log 2.
  package static let logarithmOf2 = DoubleDouble(quick: 0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56)

  /// The nearest double.
  package var value: Double { high }
  package var magnitude: DoubleDouble { high < 0 || (high == 0 && low < 0) ? -self : self }
  package var isFinite: Bool { high.isFinite }
  /// −1, 0 or 1.
  package var sign: DoubleDouble { self > .zero ? .one : self < .zero ? -.one : .zero }

  package static func + (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let (s, e) = twoSum(a.high, b.high)
    let (t, f) = twoSum(a.low, b.low)
    let first = DoubleDouble(quick: s, e + t)
    return DoubleDouble(quick: first.high, first.low + f)
  }

  package static prefix func - (a: DoubleDouble) -> DoubleDouble { DoubleDouble(quick: -a.high, -a.low) }
  package static func - (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble { a + (-b) }

  package static func * (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let product = a.high * b.high
    let error = (-product).addingProduct(a.high, b.high)
    return DoubleDouble(quick: product, error + (a.high * b.low + a.low * b.high))
  }

  package static func / (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let first = a.high / b.high
    guard first.isFinite else { return DoubleDouble(first) }
    var rest = a - b * DoubleDouble(first)
    let second = rest.high / b.high
    rest = rest - b * DoubleDouble(second)
    return DoubleDouble(quick: first, second) + DoubleDouble(rest.high / b.high)
  }

  package static func += (a: inout DoubleDouble, b: DoubleDouble) { a = a + b }
  package static func -= (a: inout DoubleDouble, b: DoubleDouble) { a = a - b }

  package static func < (a: DoubleDouble, b: DoubleDouble) -> Bool {
    a.high < b.high || (a.high == b.high && a.low < b.low)
  }

  package func squareRoot() -> DoubleDouble {
    guard high > 0 else { return .zero }
    let x = DoubleDouble(high.squareRoot())
    return x + (self - x * x) / (x + x)
  }

  /// eˣ: reduced by log 2 and by 2⁹, ten terms of the series, squared nine times.
  package func exponential() -> DoubleDouble {
    guard high > -700 else { return .zero }
    guard high < 700 else { return DoubleDouble(.infinity) }
    let k = (high / 0.6931471805599453).rounded()
    let r = (self - DoubleDouble(k) * Self.logarithmOf2).scaled(by: -9)
    var term = r
    var sum = r
    for i in 2...10 {
      term = term * r / DoubleDouble(Double(i))
      sum += term
    }
    // With m = eˣ − 1: e²ˣ − 1 = m (m + 2), which keeps the digits of a small m.
    for _ in 0..<9 { sum = sum * (sum + DoubleDouble(2)) }
    return (sum + .one).scaled(by: Int(k))
  }

  /// log x to two digits or so.
  package static func logarithm(_ x: Double) -> Double { (Double(x.exponent) + x.significand - 1) * logarithmOf2.high }

  /// Times 2ᵏ, exact while in range.
  package func scaled(by k: Int) -> DoubleDouble {
    DoubleDouble(quick: Self.scale(high, by: k), Self.scale(low, by: k))
  }

  /// x 2ᵏ, rounded once where it leaves the range.
  package static func scale(_ x: Double, by k: Int) -> Double {
    x.isFinite && x != 0 ? Double(sign: .plus, exponent: k, significand: x) : x
  }

  private static func twoSum(_ a: Double, _ b: Double) -> (Double, Double) {
    let s = a + b
    let v = s - a
    return (s, (a - (s - v)) + (b - v))
  }
}

extension Array where Element == DoubleDouble {
  /// Σ aᵢ bᵢ.
  package func dot(_ other: [DoubleDouble]) -> DoubleDouble {
    var sum = DoubleDouble.zero
    for i in indices { sum += self[i] * other[i] }
    return sum
  }

  /// The Euclidean norm, as a double: figures of error need no more.
  package var norm: Double { dot(self).squareRoot().value }
}
