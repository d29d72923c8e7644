import LinAlg

extension Vector {
  /// The least |xⱼ| over the entries j of S that are not zero; infinity where there are none.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func smallestNonzeroMagnitude(on S: IndexSubset) -> Element {
    let x = base
    var least = Element.infinity
    for k in 0..<S.count {
      let magnitude = x[S[k]].magnitude
      if magnitude > 0 && magnitude < least { least = magnitude }
    }
    return least
  }
}
