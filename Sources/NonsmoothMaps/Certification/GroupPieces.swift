public import LinAlg

/// On a group of norm n above its threshold t, D = I − (t/n)(I − h hᵀ) changes with the direction h and with n: for a move du = a h + b, b
/// orthogonal to h, dD is −(t/n²)(… a on the complement of h, b hᵀ + h bᵀ across), of norm at most (t/n²)(a/2 + √(a²/4 + b²)) ≤ (2/√3)(t/n²)‖du‖.
/// B's column of the strength is −s weight h, and dh = b/n.
enum GroupCurvature {
  /// 2/√3, rounded up.
  static func derivative<Element: Scalar>(threshold t: Element, norm n: Element) -> Element {
    1.1548 * (t / n) / n
  }
}

extension GroupLinearization {
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func piece(at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>) -> PieceBound<Element>? {
    let groups = groups
    // ‖u‖, the thresholds and the norms that are compared with them, in a bound on their sum.
    var thresholds: Element = 0
    var weights: Element = 0
    var pieces: [(threshold: Element, norm: Element, weight: Element)] = []
    var held = Vector(copying: u)
    if let coordinateStrengths {
      var each = Vector<Element>.zeros(u.count)
      coordinateStrengths.fill(&each, from: λ, scale: s)
      SoftThreshold.apply(thresholds: each, to: &held)
      thresholds += each.norm
    }
    for k in 0..<groups.count where groups.size(k) > 0 {
      let (n, t) = (groups.norm(k, of: held), groupThreshold(k, s, λ))
      let weight = s * Element(groups.weights[k])
      thresholds += t
      weights = .hypot(weights, weight)
      // A group of one coordinate is soft thresholding: its direction is ±1.
      if n > t && groups.size(k) > 1 { pieces.append((t, n, weight)) }
    }
    let signs = coordinateStrengths.map { s * $0.largestFactor() * Element(active.count).squareRoot() } ?? 0
    let rounding = Element(8 * (u.count + 16)) * .ulpOfOne * (u.norm + thresholds)
    return .ofSums(
      count: u.count, distance: kinkDistance, magnitude: u.norm + thresholds, parameters: weights + signs,
      isMask: isMask
    ) { ε in
      var (derivative, direction): (Element, Element) = (0, 0)
      for piece in pieces {
        let n = piece.norm - ε - rounding
        guard n > 0 else { return (.infinity, .infinity) }
        derivative = max(derivative, GroupCurvature.derivative(threshold: piece.threshold, norm: n))
        direction = max(direction, piece.weight / n)
      }
      // The strength of the coordinates has the column −s D (factors ∘ σ).
      return (derivative, .hypot(direction, derivative * signs))
    }
  }
}

extension GroupLasso: CertifiablePenalty {
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: GroupLinearization<Element>
  ) -> PieceBound<Element>? { L.piece(at: u, step: s, parameters: λ) }
}

extension SparseGroupLasso: CertifiablePenalty {
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: GroupLinearization<Element>
  ) -> PieceBound<Element>? { L.piece(at: u, step: s, parameters: λ) }
}

extension L2Norm: CertifiablePenalty {
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: ComplementLinearization<Element>
  ) -> PieceBound<Element>? {
    let (n, t) = (u.norm, s * λ[0])
    let rounding = Element(8 * (u.count + 16)) * .ulpOfOne * (n + t)
    return .ofSums(
      count: u.count, distance: L.kinkDistance, magnitude: n + t, parameters: s, isMask: L.active.count == 0
    ) { ε in
      if n <= t { return (0, 0) }
      let least = n - ε - rounding
      guard least > 0 else { return (.infinity, .infinity) }
      return (GroupCurvature.derivative(threshold: t, norm: least), s / least)
    }
  }
}

extension L2Ball: CertifiablePenalty {
  /// Outside, D = (r/n)(I − h hᵀ) varies as t/n does for a norm, and its range turns with h; B = h.
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: ComplementLinearization<Element>
  ) -> PieceBound<Element>? {
    let (n, r) = (u.norm, λ[0])
    let rounding = Element(8 * (u.count + 16)) * .ulpOfOne * (n + r)
    return .ofSums(
      count: u.count, distance: L.kinkDistance, magnitude: n + r, parameters: 1, isMask: n < r, rangeIsConstant: n < r
    ) { ε in
      if n < r { return (0, 0) }
      let least = n - ε - rounding
      guard least > 0 else { return (.infinity, .infinity) }
      return (GroupCurvature.derivative(threshold: r, norm: least), 1 / least)
    }
  }
}
