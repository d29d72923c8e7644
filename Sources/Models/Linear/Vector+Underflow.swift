import LinAlg

extension Vector {
  /// The least |xᵢ| over the entries i that d and w both do not vanish at; infinity where there are none. Of a product with d and w
  /// it tells whether an entry has underflowed.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func smallestNonzeroMagnitude(where d: Vector, _ w: Vector) -> Element {
    precondition(d.count == count && w.count == count, "Vector: counts \(count), \(d.count), \(w.count) differ")
    let (x, d, w) = (base, d.base, w.base)
    var least = Element.infinity
    for i in 0..<count where d[i] != 0 && w[i] != 0 { least = Swift.min(least, x[i].magnitude) }
    return least
  }
}
