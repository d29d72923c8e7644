public import LinAlg

extension Simplex: CertifiablePenalty {
  /// The threshold is a mean of numbers within r of the largest entry.
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: FaceLinearization<Element>
  ) -> PieceBound<Element>? {
    .ofSums(
      count: u.count, distance: L.kinkDistance, magnitude: Element(u.count).squareRoot() * (u.maxNorm + λ[0]),
      parameters: 1)
  }
}

extension L1Ball: CertifiablePenalty {
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: FaceLinearization<Element>
  ) -> PieceBound<Element>? {
    .ofSums(
      count: u.count, distance: L.kinkDistance, magnitude: Element(u.count).squareRoot() * (u.maxNorm + λ[0]),
      parameters: 1, isMask: L.isMask)
  }
}
