public import LinAlg

extension Hyperplane: CertifiablePenalty {
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: ComplementLinearization<Element>
  ) -> PieceBound<Element>? {
    let length = normal.norm
    return .ofSums(
      count: u.count, distance: L.kinkDistance, magnitude: u.norm + λ[0].magnitude / length, parameters: 1 / length,
      isMask: L.isMask)
  }
}

extension Slab: CertifiablePenalty {
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: ComplementLinearization<Element>
  ) -> PieceBound<Element>? {
    let length = normal.norm
    return .ofSums(
      count: u.count, distance: L.kinkDistance, magnitude: u.norm + λ.maxNorm / length, parameters: 1 / length,
      isMask: L.isMask)
  }
}

extension BoxHyperplane: CertifiablePenalty {
  /// On a piece τ moves by at most 1/‖a_F‖ of what u does, and y = u − τ a by 1 + |aⱼ|/‖a_F‖ in coordinate j: until one of these meets a bound.
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: ComplementLinearization<Element>
  ) -> PieceBound<Element>? {
    guard let τ = multiplier(u, λ[0]) else { return nil }
    var (free, terms) = (Element(0), λ[0].magnitude)
    for j in 0..<u.count {
      let isFree = x[j] > lower[j] && x[j] < upper[j]
      if isFree { free = .hypot(free, normal[j]) }
      terms += (normal[j] * (isFree ? u[j] : x[j])).magnitude
    }
    guard free > 0 else { return nil }
    let share = Element(8 * (u.count + 16)) * .ulpOfOne
    // A sum over ‖a_F‖², itself a sum.
    let ofMultiplier: Element = share * (terms / free + τ.magnitude * free) / free
    var radius = Element.infinity
    for j in 0..<u.count {
      let y = u[j] - τ * normal[j]
      let error: Element = normal[j].magnitude * ofMultiplier + 2 * .ulpOfOne * (u[j].magnitude + y.magnitude)
      let isFree = x[j] > lower[j] && x[j] < upper[j]
      let margin =
        isFree ? min(y - lower[j], upper[j] - y) : (x[j] == lower[j] ? lower[j] - y : y - upper[j])
      radius = min(radius, (margin - error) / (1 + normal[j].magnitude / free))
    }
    return PieceBound(
      radius: radius * (1 - share), valueRounding: normal.norm * ofMultiplier + 4 * .ulpOfOne * (u.norm + x.norm),
      derivativeRounding: L.isMask ? 0 : share, parametersRounding: share / free)
  }
}

extension Polyhedron: CertifiablePenalty {
  /// A QR factorization is exact for rows that are η of them off. With κ = ‖A‖ ‖A⁺‖ of the active rows the point moves by ηκ of the numbers in play, D by 2ηκ, A⁺ by
  /// 2ηκ‖A⁺‖, and a multiplier over the norm of its row of A⁺, of at least 1/‖aⱼ‖, by ηκ² of them.
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: NormalComplement<Element>
  ) -> PieceBound<Element>? {
    guard let distance = L.kinkDistance else { return nil }
    let (κ, inverse) = L.condition
    let share = Element(8 * (u.count + 16)) * .ulpOfOne
    guard share * κ <= 1 / 16 else { return nil }
    var levels: Element = 0
    for i in 0..<rows.rows { levels = max(levels, λ[i].magnitude / rows.row(i).norm) }
    let size: Element = u.norm + x.norm + levels
    let magnitude: Element = 4 * share * (1 + κ) * (1 + κ) * size
    return PieceBound(
      radius: distance * (1 - share) - magnitude, valueRounding: 4 * share * (1 + κ) * size,
      derivativeRounding: L.isMask ? 0 : 4 * share * (1 + κ), parametersRounding: 4 * share * (1 + κ) * inverse)
  }
}
