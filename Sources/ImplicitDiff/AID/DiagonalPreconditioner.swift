import LinAlg

/// The inverse of a system's diagonal, in memory that is used again.
final class DiagonalPreconditioner<Element: Scalar>: LinearOperator {
  private var inverse = Vector<Element>.zeros(0)

  var rows: Int { inverse.count }
  var columns: Int { inverse.count }

  /// Takes a diagonal; false where it would not help: an entry is not positive, or they all lie within a factor of two, where
  /// nothing that it changes pays for its product.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func load(_ diagonal: Vector<Element>) -> Bool {
    if inverse.count != diagonal.count { inverse = .zeros(diagonal.count) }
    var least = Element.infinity
    var greatest: Element = 0
    for k in 0..<diagonal.count {
      least = min(least, diagonal[k])
      greatest = max(greatest, diagonal[k])
      inverse[k] = 1 / diagonal[k]
    }
    return least > 0 && greatest.isFinite && greatest > 2 * least
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) { y.assignProduct(inverse, x) }
}
