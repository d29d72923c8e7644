public import LinAlg

extension SortedL1: PolyhedralPenalty {
  public func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    try OrderedPieces(of: u, weights: weights, threshold: s * λ[0], usesSizes: true, tolerance: tolerance)
      .cone(radius: radius)
  }

  public func firstCrossing(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element? {
    let pieces = try? OrderedPieces(
      u, weights: weights, threshold: s * λ[0], usesSizes: true, tolerance: tolerance, rates: rates.argument)
    return pieces?.firstCrossing(argument: rates.argument, value: rates.value, threshold: s * rates.parameters[0])
  }
}

extension OrderedSum: PolyhedralPenalty {
  public func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    try OrderedPieces(of: u, weights: weights, threshold: s * λ[0], usesSizes: false, tolerance: tolerance)
      .cone(radius: radius)
  }

  public func firstCrossing(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element? {
    let pieces = try? OrderedPieces(
      u, weights: weights, threshold: s * λ[0], usesSizes: false, tolerance: tolerance, rates: rates.argument)
    return pieces?.firstCrossing(argument: rates.argument, value: rates.value, threshold: s * rates.parameters[0])
  }
}

/// The largest size is a sorted norm of one weight.
extension LInfinityNorm: PolyhedralPenalty {
  private func weights(_ p: Int) -> Vector<Element> { Vector(count: p) { $0 == 0 ? 1 : 0 } }

  public func criticalCone(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, tolerance: Element, radius: Element
  ) throws(KinkRefusal) -> CriticalCone<Element> {
    try OrderedPieces(of: u, weights: weights(u.count), threshold: s * λ[0], usesSizes: true, tolerance: tolerance)
      .cone(radius: radius)
  }

  public func firstCrossing(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    tolerance: Element, rates: (argument: Vector<Element>, value: Vector<Element>, parameters: Vector<Element>)
  ) -> Element? {
    let pieces = try? OrderedPieces(
      u, weights: weights(u.count), threshold: s * λ[0], usesSizes: true, tolerance: tolerance, rates: rates.argument)
    return pieces?.firstCrossing(argument: rates.argument, value: rates.value, threshold: s * rates.parameters[0])
  }
}
