internal import LinAlg

/// The numbers between two ends, infinite ones included.
struct ClosedInterval<Element: Scalar>: Equatable {
  var lower: Element
  var upper: Element

  init(_ lower: Element, _ upper: Element) {
    self.lower = lower
    self.upper = upper
  }

  static var all: ClosedInterval { ClosedInterval(-.infinity, .infinity) }

  /// The values of a function that does not decrease; all numbers where an end has none.
  func monotone(_ f: (Element) -> Element) -> ClosedInterval {
    let (a, b) = (f(lower), f(upper))
    return a.isNaN || b.isNaN ? .all : ClosedInterval(a, b)
  }

  var magnitudes: ClosedInterval {
    let (a, b) = (lower.magnitude, upper.magnitude)
    return ClosedInterval(lower <= 0 && upper >= 0 ? 0 : min(a, b), max(a, b))
  }

  /// α x.
  func scaled(_ α: Element) -> ClosedInterval { self * ClosedInterval(α, α) }

  static func + (a: ClosedInterval, b: ClosedInterval) -> ClosedInterval {
    let (lower, upper) = (a.lower + b.lower, a.upper + b.upper)
    return lower.isNaN || upper.isNaN ? .all : ClosedInterval(lower, upper)
  }

  /// A product with zero is zero here even where the other factor has no bound: both stand for numbers.
  static func * (a: ClosedInterval, b: ClosedInterval) -> ClosedInterval {
    @inline(__always) func product(_ x: Element, _ y: Element) -> Element { x == 0 || y == 0 ? 0 : x * y }
    let (p, q) = (product(a.lower, b.lower), product(a.lower, b.upper))
    let (r, s) = (product(a.upper, b.lower), product(a.upper, b.upper))
    if p.isNaN || q.isNaN || r.isNaN || s.isNaN { return .all }
    return ClosedInterval(min(min(p, q), min(r, s)), max(max(p, q), max(r, s)))
  }

  /// The largest absolute value.
  var magnitude: Element { max(lower.magnitude, upper.magnitude) }

  func contains(_ x: Element) -> Bool { lower <= x && x <= upper }

  /// With room for sixteen ulps at either end: for the rounding of the operations that found the ends, and of numbers of the closure that were joined while tracing.
  var widened: ClosedInterval {
    if lower.isNaN || upper.isNaN { return .all }
    return ClosedInterval(-Self.raised(-lower), Self.raised(upper))
  }

  /// An end of −0 is the exact end of what is not positive; one of 0 may be something that underflowed.
  private static func raised(_ x: Element) -> Element {
    if x == 0 { return x.sign == .minus ? x : .leastNonzeroMagnitude }
    if x.isFinite { return x + 16 * .ulpOfOne * x.magnitude + .leastNonzeroMagnitude }
    return max(x, -.greatestFiniteMagnitude)
  }

  /// The numbers in both; `other` where rounding leaves none.
  func intersection(_ other: ClosedInterval) -> ClosedInterval {
    let (a, b) = (max(lower, other.lower), min(upper, other.upper))
    return a <= b ? ClosedInterval(a, b) : other
  }
}
