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
    case .exp: for i in 0..<n { out[i] = Element.exp(x[i]) }
    case .log: for i in 0..<n { out[i] = Element.log(x[i]) }
    case .sqrt: for i in 0..<n { out[i] = x[i].squareRoot() }
    case .reciprocal: for i in 0..<n { out[i] = 1 / x[i] }
    case .square: for i in 0..<n { out[i] = x[i] * x[i] }
    case .abs: for i in 0..<n { out[i] = x[i].magnitude }
    case .sign: for i in 0..<n { out[i] = x[i] > 0 ? 1 : x[i] < 0 ? -1 : x[i] }
    case .tanh: for i in 0..<n { out[i] = Element.tanh(x[i]) }
    case .sigmoid: for i in 0..<n { out[i] = Sigmoid.value(x[i]) }
    case .softplus: for i in 0..<n { out[i] = Sigmoid.softplus(x[i]) }
    case .sin: for i in 0..<n { out[i] = Element.sin(x[i]) }
    case .cos: for i in 0..<n { out[i] = Element.cos(x[i]) }
    case .tanhSlope:
      for i in 0..<n {
        // 1 − tanh² = 1/cosh², which does not cancel.
        let c = Element.cosh(x[i])
        out[i] = 1 / c / c
      }
    case .sigmoidSlope: for i in 0..<n { out[i] = Sigmoid.slope(x[i]) }
    case .positivePart: for i in 0..<n { out[i] = x[i] > 0 ? x[i] : x[i].isNaN ? x[i] : 0 }
    case .isPositive: for i in 0..<n { out[i] = x[i] > 0 ? 1 : x[i].isNaN ? x[i] : 0 }
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

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func sum<Element: Scalar>(_ n: Int, _ x: UnsafePointer<Element>) -> Element {
    var sum: Element = 0
    for i in 0..<n { sum += x[i] }
    return sum
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
