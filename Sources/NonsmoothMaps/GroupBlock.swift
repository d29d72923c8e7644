import LinAlg

/// A block of a ``GroupLinearization``: R = a (I − h hᵀ) + b h hᵀ on some coordinates of a group.
struct GroupBlock<Element: Scalar> {
  /// Its places in `members`.
  var range: Range<Int>
  var a: Element
  var b: Element
  /// Whether a is below 1, although it may be rounded to 1: there is a threshold, t > 0.
  var isCurved: Bool
  /// Whether R is the single column b h.
  var isLine: Bool { a == 0 || range.count == 1 }
  var group: Int
}
