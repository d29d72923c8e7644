internal import LinAlg
internal import NonsmoothMaps
internal import RealModule

/// Loops over entries; `out` may be an operand.
enum Kernels {
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func apply<Element: Scalar>(
    _ f: Elementary, _ n: Int, _ x: UnsafePointer<Element>, _ out: UnsafeMutablePointer<Element>
  ) {
    switch f {
    case .exp: Element._elementaryExp(n, x, out)
    case .log: Element._elementaryLog(n, x, out)
    case .sqrt: Element._elementarySqrt(n, x, out)
    case .reciprocal: Element._elementaryReciprocal(n, x, out)
    case .square: Element._elementarySquare(n, x, out)
    case .abs: Element._elementaryAbs(n, x, out)
    case .tanh: Element._elementaryTanh(n, x, out)
    case .sigmoid: Element._elementarySigmoid(n, x, out)
    case .softplus: Element._elementarySoftplus(n, x, out)
    case .tanhSlope: Element._elementaryTanhSlope(n, x, out)
    case .sigmoidSlope: Element._elementarySigmoidSlope(n, x, out)
    case .positivePart: Element._elementaryPositivePart(n, x, out)
    case .isPositive: Element._elementaryIsPositive(n, x, out)
    case .sign: for i in 0..<n { out[i] = x[i] > 0 ? 1 : x[i] < 0 ? -1 : x[i] }
    case .sin: for i in 0..<n { out[i] = Element.sin(x[i]) }
    case .cos: for i in 0..<n { out[i] = Element.cos(x[i]) }
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func power<Element: Scalar>(
    _ c: Element, _ n: Int, _ x: UnsafePointer<Element>, _ out: UnsafeMutablePointer<Element>
  ) { for i in 0..<n { out[i] = Power.value(x[i], c) } }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func offset<Element: Scalar>(
    _ c: Element, _ n: Int, _ x: UnsafePointer<Element>, _ out: UnsafeMutablePointer<Element>
  ) { for i in 0..<n { out[i] = x[i] + c } }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func scale<Element: Scalar>(
    _ α: Element, _ n: Int, _ x: UnsafePointer<Element>, _ out: UnsafeMutablePointer<Element>
  ) { for i in 0..<n { out[i] = α * x[i] } }

  /// out ← α x; the least entry, 0 of none, NaN counting as one below 0.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func scaleAndLeast<Element: Scalar>(_ α: Element, _ x: Vector<Element>, into out: inout Vector<Element>)
    -> Element
  {
    let (n, x, y) = (x.count, x.base, out.mutableBase())
    var least: Element = 0
    var isNumber = true
    for i in 0..<n {
      let value = α * x[i]
      y[i] = value
      least = value < least ? value : least
      isNumber = isNumber && value == value
    }
    return isNumber ? least : -.infinity
  }

  /// The least interval that holds all entries; all numbers where one is none, 0 of none.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func range<Element: Scalar>(_ x: Vector<Element>) -> ClosedInterval<Element> {
    guard let first = x.first else { return ClosedInterval(0, 0) }
    let (n, x) = (x.count, x.base)
    var (lower, upper, isNumber) = (first, first, true)
    for i in 0..<n {
      lower = x[i] < lower ? x[i] : lower
      upper = x[i] > upper ? x[i] : upper
      isNumber = isNumber && x[i] == x[i]
    }
    return isNumber ? ClosedInterval(lower, upper) : .all
  }

  /// y ← y + a ∘ b.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func addProduct<Element: Scalar>(
    _ n: Int, _ a: UnsafePointer<Element>, _ b: UnsafePointer<Element>, _ y: UnsafeMutablePointer<Element>
  ) { for i in 0..<n { y[i] += a[i] * b[i] } }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func greater<Element: Scalar>(
    _ n: Int, _ a: UnsafePointer<Element>, _ b: UnsafePointer<Element>, _ out: UnsafeMutablePointer<Element>
  ) {
    for i in 0..<n {
      let difference = a[i] - b[i]
      out[i] = a[i] > b[i] ? 1 : difference.isNaN ? .nan : 0
    }
  }

  /// `t` has one entry or n.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func softThreshold<Element: Scalar>(
    _ n: Int, _ u: UnsafePointer<Element>, _ t: UnsafePointer<Element>, _ step: Int,
    _ out: UnsafeMutablePointer<Element>
  ) {
    if step == 0 { Element._softThreshold(n, u, t[0], out) } else { Element._softThresholdEach(n, u, t, out) }
  }

  /// 1 where |u| > t, and everywhere where the threshold is 0: S₀ is the identity.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func beyondThreshold<Element: Scalar>(
    _ n: Int, _ u: UnsafePointer<Element>, _ t: UnsafePointer<Element>, _ step: Int,
    _ out: UnsafeMutablePointer<Element>
  ) {
    if step != 0 {
      Element._softThresholdEachMask(n, u, t, 0, out)
    } else if t[0] == 0 {
      for i in 0..<n { out[i] = 1 }
    } else {
      _ = Element._softThresholdMask(n, u, t[0], 0, out)
    }
  }

  /// The softmax of each of n rows of c entries, column by column in memory; where `sizes` is given, log Σ exp goes there instead.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func softmaxRows<Element: Scalar>(
    _ n: Int, _ c: Int, _ z: UnsafePointer<Element>, _ out: UnsafeMutablePointer<Element>?,
    sizes: UnsafeMutablePointer<Element>?
  ) {
    for i in 0..<n {
      // Without a column there is nothing to read: log 0.
      var top = c > 0 ? z[i] : 0
      for k in 1..<max(1, c) { top = z[k * n + i] > top ? z[k * n + i] : top }
      var sum: Element = 0
      for k in 0..<c {
        let e = Element.exp(z[k * n + i] - top)
        out?[k * n + i] = e
        sum += e
      }
      if let sizes { sizes[i] = top + Element.log(sum) }
      if let out { for k in 0..<c { out[k * n + i] /= sum } }
    }
  }
}
