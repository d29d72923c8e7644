internal import LinAlg
internal import RealModule

/// Enclosures over intervals, ends rounded outward.
extension Elementary {
  /// The values of the function over an interval; all numbers where it is not defined everywhere.
  func values<Element: Scalar>(_ x: ClosedInterval<Element>) -> ClosedInterval<Element> {
    if x.lower.isNaN || x.upper.isNaN { return .all }
    let values: ClosedInterval<Element> =
      switch self {
      case .exp: x.monotone { Element.exp($0) }
      case .log: x.lower > 0 ? x.monotone { Element.log($0) } : .all
      case .sqrt: x.lower >= 0 ? x.monotone { $0.squareRoot() } : .all
      case .reciprocal: x.contains(0) ? .all : ClosedInterval(1 / x.upper, 1 / x.lower)
      case .square: x.magnitudes.monotone { $0 * $0 }
      case .abs: x.magnitudes
      case .sign: ClosedInterval(x.lower > 0 ? 1 : x.lower < 0 ? -1 : 0, x.upper > 0 ? 1 : x.upper < 0 ? -1 : 0)
      case .tanh: x.monotone { Element.tanh($0) }
      case .sigmoid: x.monotone { Sigmoid.value($0) }
      case .softplus: x.monotone { Sigmoid.softplus($0) }
      case .sin, .cos: ClosedInterval(-1, 1)
      case .tanhSlope:
        x.fallingFromZero {
          let c = Element.cosh($0)
          return 1 / c / c
        }
      case .sigmoidSlope: x.fallingFromZero { Sigmoid.slope($0) }
      case .positivePart: x.monotone { max($0, 0) }
      case .isPositive: ClosedInterval(x.lower > 0 ? 1 : 0, x.upper > 0 ? 1 : 0)
      }
    return values.widened
  }

  /// The values of the derivative; all numbers where there is a jump or a pole.
  func slopes<Element: Scalar>(_ x: ClosedInterval<Element>) -> ClosedInterval<Element> {
    let none = ClosedInterval<Element>(0, 0)
    switch self {
    case .exp: return Self.exp.values(x)
    case .log: return x.lower > 0 ? Self.reciprocal.values(x) : .all
    case .sqrt: return x.lower > 0 ? Self.reciprocal.values(Self.sqrt.values(x)).scaled(1 / 2) : .all
    case .reciprocal:
      return x.contains(0) ? .all : Self.square.values(Self.reciprocal.values(x)).scaled(-1)
    case .square: return x.scaled(2)
    case .abs: return Self.sign.values(x)
    case .sign: return x.contains(0) && x != none ? .all : none
    case .tanh: return Self.tanhSlope.values(x)
    case .sigmoid: return Self.sigmoidSlope.values(x)
    case .softplus: return Self.sigmoid.values(x)
    case .sin, .cos: return ClosedInterval(-1, 1)
    case .tanhSlope:
      // |2 t (1 − t²)| is largest at t² = 1/3: 4/(3√3).
      return (Self.tanh.values(x) * Self.tanhSlope.values(x)).scaled(-2).widened
        .intersection(ClosedInterval(-0.77, 0.77))
    case .sigmoidSlope:
      // |σ (1 − σ) (1 − 2σ)| is at most 1/(6√3).
      let factor = Self.sigmoid.values(x).scaled(-2) + ClosedInterval(1, 1)
      return (Self.sigmoidSlope.values(x) * factor).widened.intersection(ClosedInterval(-0.0963, 0.0963))
    case .positivePart: return Self.isPositive.values(x)
    case .isPositive: return x.lower <= 0 && x.upper > 0 ? .all : none
    }
  }

  /// The rounding error of one evaluation in ulps of the value: twice what the C library documents or was measured of the kernels (KernelElementaryTests), and the operations about it.
  var ulps: Int {
    switch self {
    case .abs, .sign, .positivePart, .isPositive: 0
    case .square, .sqrt, .reciprocal: 1
    case .exp, .sin, .cos: 4
    case .log, .tanh: 8
    case .sigmoid, .softplus, .tanhSlope, .sigmoidSlope: 12
    }
  }
}

/// xᶜ over intervals.
extension Power {
  static func values<Element: Scalar>(_ x: ClosedInterval<Element>, _ c: Element) -> ClosedInterval<Element> {
    if x.lower.isNaN || x.upper.isNaN { return .all }
    if let n = Int(exactly: c) {
      if n < 0 { return Elementary.reciprocal.values(values(x, -c)) }
      return (n % 2 == 0 ? x.magnitudes : x).monotone { Element.pow($0, n) }.widened
    }
    if c < 0 { return Elementary.reciprocal.values(values(x, -c)) }
    return x.lower >= 0 ? x.monotone { Element.pow($0, c) }.widened : .all
  }

  static func slopes<Element: Scalar>(_ x: ClosedInterval<Element>, _ c: Element) -> ClosedInterval<Element> {
    values(x, c - 1).scaled(c).widened
  }

  /// In ulps of the value: a whole power is a product of |c| factors; another exponent is known to eight ulps, which log x multiplies.
  static func ulps<Element: Scalar>(_ c: Element, at x: Element) -> Element {
    let own = 4 + c.magnitude
    return c == c.rounded() || x == 0 ? own : own + 8 * c.magnitude * Element.log(x.magnitude).magnitude
  }
}

extension ClosedInterval {
  /// The values of an even function that falls with |x|.
  fileprivate func fallingFromZero(_ f: (Element) -> Element) -> ClosedInterval {
    let m = magnitudes
    return ClosedInterval(f(m.upper), f(m.lower))
  }
}
