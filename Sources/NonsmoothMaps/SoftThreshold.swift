public import LinAlg

/// Soft thresholding `S_t(u) = sign(u) max(|u| − t, 0)`, entry by entry: the proximal map of `t ‖·‖₁`.
///
/// Its derivative is 1 where |u| > t and 0 where |u| < t; at |u| = t the ``KinkRule`` decides.
public enum SoftThreshold {
  /// out ← S_t(u).
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public static func apply<Element: Scalar>(_ u: Vector<Element>, threshold t: Element, into out: inout Vector<Element>)
  {
    precondition(u.count == out.count, "SoftThreshold: counts \(u.count) and \(out.count) differ")
    Element._softThreshold(u.count, u.base, t, out.mutableBase())
  }

  /// u ← S_t(u).
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public static func apply<Element: Scalar>(threshold t: Element, to u: inout Vector<Element>) {
    let p = u.mutableBase()
    Element._softThreshold(u.count, p, t, p)
  }

  /// d ← the diagonal of the derivative at u; the number of entries that are not zero.
  @discardableResult
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public static func derivative<Element: Scalar>(
    at u: Vector<Element>, threshold t: Element, kink: KinkRule, into d: inout Vector<Element>
  ) -> Int {
    precondition(u.count == d.count, "SoftThreshold: counts \(u.count) and \(d.count) differ")
    if t == 0 {  // S₀ is the identity: no kink anywhere
      d.fill(1)
      return d.count
    }
    return Element._softThresholdMask(u.count, u.base, t, Element(kink.derivative), d.mutableBase())
  }

  /// d ← the diagonal of the derivative read off the value S_t(u), t > 0: 1 where it is not zero. At a kink the value is
  /// zero, so this is the rule ``KinkRule/zero``.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public static func derivative<Element: Scalar>(ofValue value: Vector<Element>, into d: inout Vector<Element>) {
    precondition(value.count == d.count, "SoftThreshold: counts \(value.count) and \(d.count) differ")
    _ = Element._softThresholdMask(value.count, value.base, 0, 0, d.mutableBase())
  }

  /// The margin min |‖uᵢ| − t|: how far u is from the nearest kink, entry by entry. Infinity for no entries.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public static func margin<Element: Scalar>(at u: Vector<Element>, threshold t: Element) -> Element {
    Element._softThresholdMargin(u.count, u.base, t)
  }

  // MARK: - A threshold an entry

  /// uᵢ ← S_{tᵢ}(uᵢ).
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public static func apply<Element: Scalar>(thresholds t: Vector<Element>, to u: inout Vector<Element>) {
    precondition(u.count == t.count, "SoftThreshold: counts \(u.count) and \(t.count) differ")
    let p = u.mutableBase()
    Element._softThresholdEach(u.count, p, t.base, p)
  }

  /// d ← the diagonal of the derivative at u; 1 where the threshold is 0.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public static func derivative<Element: Scalar>(
    at u: Vector<Element>, thresholds t: Vector<Element>, kink: KinkRule, into d: inout Vector<Element>
  ) {
    precondition(
      u.count == d.count && u.count == t.count, "SoftThreshold: counts \(u.count), \(t.count), \(d.count) differ")
    Element._softThresholdEachMask(u.count, u.base, t.base, Element(kink.derivative), d.mutableBase())
  }

  /// min |‖uᵢ| − tᵢ|. Where tᵢ = 0 the map itself has no kink at uᵢ = 0, but its derivative with respect to the threshold jumps there.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public static func margin<Element: Scalar>(at u: Vector<Element>, thresholds t: Vector<Element>) -> Element {
    precondition(u.count == t.count, "SoftThreshold: counts \(u.count) and \(t.count) differ")
    return Element._softThresholdEachMargin(u.count, u.base, t.base)
  }
}
