public import LinAlg

extension ClusterLinearization {
  /// For a g that is homogeneous of degree one: on a piece prox is linear in u and λ together, x = D u + B λ. Where the runs of x are not those
  /// of the argument, the value does not meet that formula, and what it misses is counted against the piece.
  ///
  /// - Parameter thresholds: a bound on what is added to u, in the 1-norm.
  func piece(
    at u: Vector<Element>, value x: Vector<Element>, parameters λ: Vector<Element>, thresholds: Element, norm B: Element
  ) -> PieceBound<Element>? {
    let root = Element(u.count).squareRoot()
    let magnitude = u.oneNorm + thresholds
    var formula = Vector<Element>.zeros(u.count)
    apply(u, into: &formula)
    addParameters(λ, to: &formula)
    let missed = formula.distance(to: x)
    // Distances are gaps and sums divided by norms of at least 1/√p, of up to p values.
    guard
      var bound = PieceBound.ofSums(
        count: u.count, distance: kinkDistance, magnitude: root * magnitude, parameters: B, isMask: isMask)
    else { return nil }
    bound.radius -= root * Element(u.count) * missed
    bound.valueRounding += missed
    return bound
  }
}

extension TotalVariation: CertifiablePenalty {
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: ClusterLinearization<Element>
  ) -> PieceBound<Element>? {
    let p = Element(u.count)
    return L.piece(at: u, value: x, parameters: λ, thresholds: 2 * p * s * λ[0], norm: 2 * s * p.squareRoot())
  }
}

extension NearlyIsotonic: CertifiablePenalty {
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: ClusterLinearization<Element>
  ) -> PieceBound<Element>? {
    let p = Element(u.count)
    return L.piece(at: u, value: x, parameters: λ, thresholds: 2 * p * s * λ[0], norm: 2 * s * p.squareRoot())
  }
}

extension FusedLasso: CertifiablePenalty {
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: ClusterLinearization<Element>
  ) -> PieceBound<Element>? {
    let p = Element(u.count)
    return L.piece(
      at: u, value: x, parameters: λ, thresholds: 2 * p * s * (λ[0] + λ[1]), norm: 4 * s * p.squareRoot())
  }
}

extension Isotonic: CertifiablePenalty {
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: ClusterLinearization<Element>
  ) -> PieceBound<Element>? { L.piece(at: u, value: x, parameters: λ, thresholds: 0, norm: 0) }
}

extension SortedL1: CertifiablePenalty {
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: ClusterLinearization<Element>
  ) -> PieceBound<Element>? {
    L.piece(at: u, value: x, parameters: λ, thresholds: s * λ[0] * weights.oneNorm, norm: s * weights.norm)
  }
}

extension OrderedSum: CertifiablePenalty {
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: ClusterLinearization<Element>
  ) -> PieceBound<Element>? {
    L.piece(at: u, value: x, parameters: λ, thresholds: s * λ[0] * weights.oneNorm, norm: s * weights.norm)
  }
}
