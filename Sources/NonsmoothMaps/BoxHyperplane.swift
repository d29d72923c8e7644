public import LinAlg

/// The constraint lower ≤ w ≤ upper, aᵀw = c, with c as the only parameter: the dual of a support vector machine with intercept, portfolios, and,
/// with a = 1 and
/// bounds 0 and b, the capped simplex.
///
/// x = clip(u − τ a) with the τ that meets the equation. With F the coordinates strictly between their bounds D = diag(1_F) − a_F a_Fᵀ/‖a_F‖², a
/// projector, and
/// B = a_F/‖a_F‖², outside of D's range. A coordinate that meets a bound counts as clipped under all rules of ``KinkRule``. Cost: O(p) expected.
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
  public func admits(count p: Int) -> Bool { normal.count == p }

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
  private func clip(_ j: Int, _ y: Element) -> Element { min(max(y, lower.base[j]), upper.base[j]) }

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
  func multiplier(_ u: Vector<Element>, _ c: Element) -> Element? {
    precondition(u.count == normal.count, "BoxHyperplane: \(normal.count) bounds for \(u.count) coordinates")
    if u.firstNonFinite != nil { return nil }
    let (left, right) = bracket(u, c)
    var (rest, square) = (-c, Element(0))
    for j in 0..<u.count {
      let inner = left.isFinite && right.isFinite ? left / 2 + right / 2 : (left.isFinite ? left : right)
      let a = normal[j]
      // Free between the two places if it meets its bounds at neither side of the interval.
      let (from, to) = places(j, u[j])
      if from <= left && to >= right {
        rest += a * u[j]
        square += a * a
      } else {
        rest += a * (inner <= from ? (a > 0 ? upper[j] : lower[j]) : (a > 0 ? lower[j] : upper[j]))
      }
    }
    return square > 0 ? min(max(rest / square, left), right) : right
  }

  /// The places between which coordinate j is free, in order: where u − τ a meets its bounds.
  @inline(__always)
  private func places(_ j: Int, _ u: Element) -> (from: Element, to: Element) {
    let a = normal.base[j]
    let (x, y) = ((u - upper.base[j]) / a, (u - lower.base[j]) / a)
    return a > 0 ? (x, y) : (y, x)
  }

  /// The neighbouring places, or ±∞, between which τ lies: the sum over the clipped coordinates falls with τ and is at most c at the right one
  /// first. The median of three of the places that are left halves them, as expected, and coordinates
  /// that no place of is left are known to be free or clipped.
  ///
  /// K. C. Kiwiel: Breakpoint searching algorithms for the continuous quadratic knapsack problem. Math. Program. 112 (2008).
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func bracket(_ u: Vector<Element>, _ c: Element) -> (left: Element, right: Element) {
    let (p, a) = (u.base, normal.base)
    var (left, right) = (-Element.infinity, Element.infinity)
    var open = Array(0..<u.count)
    var candidates: [Element] = []
    candidates.reserveCapacity(2 * u.count)
    for j in 0..<u.count {
      let (from, to) = places(j, p[j])
      if from.isFinite { candidates.append(from) }
      if to.isFinite { candidates.append(to) }
    }
    // Of the coordinates that are known: constants, and a u and a² of the free ones.
    var (fixed, slope) = (Element(0), Element(0))
    while !candidates.isEmpty {
      let (x, y, z) = (candidates[0], candidates[candidates.count / 2], candidates[candidates.count - 1])
      let τ = max(min(x, y), min(max(x, y), z))
      var sum = fixed - τ * slope
      for j in open { sum += a[j] * clip(j, p[j] - τ * a[j]) }
      if sum <= c { right = τ } else { left = τ }
      candidates.removeAll { $0 <= left || $0 >= right }
      open.removeAll { j in
        let (from, to) = places(j, p[j])
        if to <= left {
          fixed += a[j] * (a[j] > 0 ? lower.base[j] : upper.base[j])
        } else if from >= right {
          fixed += a[j] * (a[j] > 0 ? upper.base[j] : lower.base[j])
        } else if from <= left && to >= right {
          fixed += a[j] * p[j]
          slope += a[j] * a[j]
        } else {
          return false
        }
        return true
      }
    }
    return (left, right)
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
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    var hash = PieceHash()
    for j in 0..<w.count { hash.add(w[j] >= upper[j] ? 2 : (w[j] <= lower[j] ? 1 : 0)) }
    return hash.value
  }
}
