public import LinAlg

/// The constraint lower ≤ w ≤ upper, aᵀw = c, with c as the only parameter: the dual of a support vector machine with intercept, portfolios, and, with a = 1 and
/// bounds 0 and b, the capped simplex.
///
/// x = clip(u − τ a) with the τ that meets the equation. With F the coordinates strictly between their bounds D = diag(1_F) − a_F a_Fᵀ/‖a_F‖², a projector, and
/// B = a_F/‖a_F‖², outside of D's range. A coordinate that meets a bound counts as clipped under all rules of ``KinkRule``. Cost: O(p log p), by bisection over
/// the places at which coordinates meet their bounds.
public struct BoxHyperplane<Element: Scalar>: ProximalMap {
  public let normal: Vector<Element>
  /// May be −∞.
  public let lower: Vector<Element>
  /// May be ∞.
  public let upper: Vector<Element>

  /// - Precondition: as many bounds as coordinates, lower < upper, and a normal whose entries are finite and not 0.
  public init(normal: Vector<Element>, lower: Vector<Element>, upper: Vector<Element>) {
    precondition(
      normal.count > 0 && normal.count == lower.count && normal.count == upper.count,
      "BoxHyperplane: \(lower.count) and \(upper.count) bounds for \(normal.count) coordinates")
    for j in 0..<normal.count {
      precondition(lower[j] < upper[j], "BoxHyperplane: the bounds of coordinate \(j) leave nothing between")
      precondition(normal[j].isFinite && normal[j] != 0, "BoxHyperplane: entry \(j) of the normal is \(normal[j])")
    }
    self.normal = normal
    self.lower = lower
    self.upper = upper
  }

  public var parameterCount: Int { 1 }

  /// c must be reached strictly within the bounds.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    if let violation = ParameterViolation.notFinite(in: λ) { return violation }
    var (least, most) = (Element(0), Element(0))
    for j in 0..<normal.count {
      let (x, y) = (normal[j] * lower[j], normal[j] * upper[j])
      least += min(x, y)
      most += max(x, y)
    }
    if λ[0] > least && λ[0] < most { return nil }
    return ParameterViolation(
      index: 0, value: Double(λ[0]), expected: "a number between \(least) and \(most), which the bounds allow")
  }

  @inline(__always)
  private func clip(_ j: Int, _ y: Element) -> Element { min(max(y, lower[j]), upper[j]) }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    var (sum, size) = (Element(0), λ[0].magnitude)
    for j in 0..<w.count {
      if w[j].isNaN { return .nan }
      if w[j] < lower[j] || w[j] > upper[j] { return .infinity }
      sum += normal[j] * w[j]
      size += (normal[j] * w[j]).magnitude
    }
    return (sum - λ[0]).magnitude <= 4 * Element(w.count + 2) * .ulpOfOne * size ? 0 : .infinity
  }

  /// τ, nil where u is not finite.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func multiplier(_ u: Vector<Element>, _ c: Element) -> Element? {
    precondition(u.count == normal.count, "BoxHyperplane: \(normal.count) bounds for \(u.count) coordinates")
    if u.firstNonFinite != nil { return nil }
    var places: [Element] = []
    for j in 0..<u.count {
      for bound in [lower[j], upper[j]] where bound.isFinite { places.append((u[j] - bound) / normal[j]) }
    }
    places.sort()
    func sum(_ τ: Element) -> Element {
      var sum: Element = 0
      for j in 0..<u.count { sum += normal[j] * clip(j, u[j] - τ * normal[j]) }
      return sum
    }
    // The sum falls with τ: the first place at which it is at most c.
    var (low, high) = (0, places.count)
    while low < high {
      let middle = (low + high) / 2
      if sum(places[middle]) <= c { high = middle } else { low = middle + 1 }
    }
    let left = low == 0 ? -Element.infinity : places[low - 1]
    let right = low == places.count ? Element.infinity : places[low]
    var (rest, square) = (-c, Element(0))
    for j in 0..<u.count {
      let inner = left.isFinite && right.isFinite ? left / 2 + right / 2 : (left.isFinite ? left : right)
      let a = normal[j]
      // Free between the two places if it meets its bounds at neither side of the interval.
      let (from, to) =
        a > 0 ? ((u[j] - upper[j]) / a, (u[j] - lower[j]) / a) : ((u[j] - lower[j]) / a, (u[j] - upper[j]) / a)
      if from <= left && to >= right {
        rest += a * u[j]
        square += a * a
      } else {
        rest += a * (inner <= from ? (a > 0 ? upper[j] : lower[j]) : (a > 0 ? lower[j] : upper[j]))
      }
    }
    return square > 0 ? min(max(rest / square, left), right) : right
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    guard let τ = multiplier(u, λ[0]) else { return u.fill(.nan) }
    let p = u.mutableBase()
    for j in 0..<u.count { p[j] = clip(j, p[j] - τ * normal[j]) }
  }

  public func makeLinearization(count p: Int) -> ComplementLinearization<Element> {
    ComplementLinearization(count: p)
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: ComplementLinearization<Element>
  ) {
    guard let τ = multiplier(u, λ[0]) else { return L.fill(free: .zeros(u.count), kinkDistance: .nan) }
    var y = Vector(copying: u)
    y.add(-τ, normal)
    fill(y, L, isArgument: true)
  }

  /// Always possible: F is where w is strictly between the bounds.
  public func linearize(
    atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    into L: ComplementLinearization<Element>
  ) -> Bool {
    fill(w, L, isArgument: false)
    return true
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func fill(_ y: Vector<Element>, _ L: ComplementLinearization<Element>, isArgument: Bool) {
    var free = normal
    let q = free.mutableBase()
    for j in 0..<y.count where !(y[j] > lower[j] && y[j] < upper[j]) { q[j] = 0 }
    let n = free.norm
    // Without a free coordinate τ is not unique, and neither is the distance.
    if n == 0 { return L.fill(free: free, kinkDistance: isArgument ? 0 : nil) }
    var distance = Element.infinity
    for j in 0..<y.count {
      let gap = min((y[j] - lower[j]).magnitude, (y[j] - upper[j]).magnitude)
      let share = normal[j] / n
      distance = min(distance, free[j] == 0 ? gap / (1 + share * share).squareRoot() : gap)
    }
    let c = (1 / n) * free
    L.fill(
      free: free, normal: c, columns: [(1 / n) * c], inRange: false, kinkDistance: isArgument ? distance : nil)
  }

  /// Which coordinates are at which bound.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    var hash = PieceHash()
    for j in 0..<w.count { hash.add(w[j] >= upper[j] ? 2 : (w[j] <= lower[j] ? 1 : 0)) }
    return hash.value
  }
}
