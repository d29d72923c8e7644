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
    func product(_ x: Element, _ y: Element) -> Element { x == 0 || y == 0 ? 0 : x * y }
    let ends = [
      product(a.lower, b.lower), product(a.lower, b.upper), product(a.upper, b.lower), product(a.upper, b.upper),
    ]
    if ends.contains(where: \.isNaN) { return .all }
    return ClosedInterval(ends.min()!, ends.max()!)
  }
}
