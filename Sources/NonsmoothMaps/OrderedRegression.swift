import LinAlg

/// What the proximal maps of ordered weighted sums share: sort, subtract the weights, take means until the result does not increase.
struct OrderedRegression<Element: Scalar> {
  /// Coordinates by falling u, or |u|.
  let order: [Int]
  /// Minus u in that order with its weights subtracted, before and after means are taken.
  let negated: Vector<Element>
  let x: Vector<Element>

  /// - Parameters:
  ///   - weights: ω, not increasing.
  ///   - t: what ω is multiplied by.
  ///   - magnitudes: whether |u| takes the place of u.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  init(_ u: Vector<Element>, weights: Vector<Element>, scale t: Element, magnitudes: Bool) {
    precondition(u.count == weights.count, "Ordered sum: \(weights.count) weights for \(u.count) coordinates")
    let order = SortedOrder.falling(u, magnitudes: magnitudes)
    var negated = Vector<Element>.zeros(u.count)
    let (p, ω, q) = (u.base, weights.base, negated.mutableBase())
    for i in 0..<order.count {
      let entry = p[order[i]]
      q[i] = t * ω[i] - (magnitudes ? entry.magnitude : entry)
    }
    var x = Vector(copying: negated)
    MonotoneRegression.apply(to: &x)
    self.order = order
    self.negated = negated
    self.x = x
  }
}
