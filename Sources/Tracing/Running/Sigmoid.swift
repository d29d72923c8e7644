internal import LinAlg
internal import RealModule

/// The logistic function and what belongs to it, each without overflow or cancellation.
enum Sigmoid {
  @inline(__always)
  static func value<Element: Scalar>(_ x: Element) -> Element {
    // exp(−|x|) is at most 1.
    let e = Element.exp(-x.magnitude)
    return x >= 0 ? 1 / (1 + e) : e / (1 + e)
  }

  /// σ (1 − σ).
  @inline(__always)
  static func slope<Element: Scalar>(_ x: Element) -> Element {
    let e = Element.exp(-x.magnitude)
    return e / ((1 + e) * (1 + e))
  }

  /// log(1 + exp(x)).
  @inline(__always)
  static func softplus<Element: Scalar>(_ x: Element) -> Element {
    (x > 0 ? x : x.isNaN ? x : 0) + Element.log(onePlus: Element.exp(-x.magnitude))
  }
}

/// Powers of real numbers: those of a negative number exist for whole exponents.
enum Power {
  static func value<Element: Scalar>(_ x: Element, _ c: Element) -> Element {
    if let n = Int(exactly: c) { return Element.pow(x, n) }
    return Element.pow(x, c)
  }
}
