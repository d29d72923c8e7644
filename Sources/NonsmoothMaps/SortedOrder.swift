import LinAlg

enum SortedOrder {
  /// The coordinates by falling u, or by falling |u|.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func falling<Element: Scalar>(_ u: Vector<Element>, magnitudes: Bool) -> [Int] {
    let p = u.base
    var keyed = (0..<u.count).map { (magnitudes ? p[$0].magnitude : p[$0], $0) }
    keyed.sort { $0.0 > $1.0 }
    return keyed.map { $0.1 }
  }
}
