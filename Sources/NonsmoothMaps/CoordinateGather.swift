import LinAlg

/// Entries of a few coordinates, compiled for Float and Double where the caller is not.
enum CoordinateGather {
  /// xᵢ ← w at coordinate i of the list.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func load<Element: Scalar>(_ coordinates: [Int], of w: Vector<Element>, into x: inout Vector<Element>) {
    let (source, target) = (w.base, x.mutableBase())
    coordinates.withUnsafeBufferPointer { c in for i in 0..<c.count { target[i] = source[c[i]] } }
  }

  /// The entries of w there ← x.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func store<Element: Scalar>(_ x: Vector<Element>, at coordinates: [Int], of w: inout Vector<Element>) {
    let (source, target) = (x.base, w.mutableBase())
    coordinates.withUnsafeBufferPointer { c in for i in 0..<c.count { target[c[i]] = source[i] } }
  }

  /// The entries of w there += x.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  static func add<Element: Scalar>(_ x: Vector<Element>, at coordinates: [Int], of w: inout Vector<Element>) {
    let (source, target) = (x.base, w.mutableBase())
    coordinates.withUnsafeBufferPointer { c in for i in 0..<c.count { target[c[i]] += source[i] } }
  }
}
