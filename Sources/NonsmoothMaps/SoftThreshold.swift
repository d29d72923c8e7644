public import LinAlg

/// Soft thresholding `S_t(u) = sign(u) max(|u| − t, 0)`, entry by entry: the proximal map of `t ‖·‖₁`.
///
/// Its derivative is 1 where |u| > t and 0 where |u| < t; at |u| = t the ``KinkRule`` decides.
public enum SoftThreshold {
  /// out ← S_t(u).
  public static func apply<Element: Scalar>(_ u: Vector<Element>, threshold t: Element, into out: inout Vector<Element>)
  {
    precondition(u.count == out.count, "SoftThreshold: counts \(u.count) and \(out.count) differ")
    Element._softThreshold(u.count, u.base, t, out.mutableBase())
  }

  /// u ← S_t(u).
  public static func apply<Element: Scalar>(threshold t: Element, to u: inout Vector<Element>) {
    let p = u.mutableBase()
    Element._softThreshold(u.count, p, t, p)
  }

  /// d ← the diagonal of the derivative at u; the number of entries that are not zero.
  @discardableResult
  public static func derivative<Element: Scalar>(
    at u: Vector<Element>, threshold t: Element, kink: KinkRule, into d: inout Vector<Element>
  ) -> Int {
    precondition(u.count == d.count, "SoftThreshold: counts \(u.count) and \(d.count) differ")
    return Element._softThresholdMask(u.count, u.base, t, Element(kink.derivative), d.mutableBase())
  }

  /// The margin min |‖uᵢ| − t|: how far u is from the nearest kink, entry by entry. Infinity for no entries.
  public static func margin<Element: Scalar>(at u: Vector<Element>, threshold t: Element) -> Element {
    Element._softThresholdMargin(u.count, u.base, t)
  }
}
