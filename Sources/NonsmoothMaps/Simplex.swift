public import LinAlg

/// The constraint w ≥ 0, Σ w = r, with the sum r as the only parameter: g is 0 on the simplex and infinite off it.
///
/// prox subtracts a threshold τ and clips at 0. With S = {u > τ}, D is the projector diag(1_S) − 1_S 1_Sᵀ/|S| of rank |S| − 1, and B = 1_S/|S|,
/// outside of D's
/// range. At u = τ the ``KinkRule`` decides: `zero` counts the coordinate as off S, `one` as in S. `midpoint` takes the element of `zero`: the mean of two
/// of these projectors is none.
///
/// L. Condat: Fast projection onto the simplex and the ℓ1 ball. Math. Program. 158 (2016).
public struct Simplex<Element: Scalar>: ProximalMap {
  public init() {}

  public var parameterCount: Int { 1 }

  /// The sum must be positive.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    ParameterViolation.notPositive(λ[0], expected: "a sum above 0")
  }

  /// 0 on the simplex, to the rounding error of the sum; infinite off it.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    var sum: Element = 0
    for j in 0..<w.count {
      if w[j].isNaN { return .nan }
      if w[j] < 0 { return .infinity }
      sum += w[j]
    }
    return (sum - λ[0]).magnitude <= 2 * Element(w.count + 1) * .ulpOfOne * λ[0] ? 0 : .infinity
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    guard u.count > 0 else { return }
    guard let threshold = SimplexThreshold(u, magnitudes: false, sum: λ[0]) else { return u.fill(.nan) }
    let p = u.mutableBase()
    for j in 0..<u.count { p[j] = max(0, threshold.excess(p[j])) }
  }

  public func makeLinearization(count p: Int) -> FaceLinearization<Element> { FaceLinearization(count: p) }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: FaceLinearization<Element>
  ) {
    guard let threshold = SimplexThreshold(u, magnitudes: false, sum: λ[0]) else {
      return L.fillFace(kinkDistance: .nan) { _ in 0 }
    }
    L.fillFace(threshold, of: u, kink: kink) { _ in 1 }
  }

  /// Always possible: S is where w is not 0.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func linearize(
    atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>, into L: FaceLinearization<Element>
  ) -> Bool {
    L.fillFace(kinkDistance: nil) { w[$0] == 0 ? 0 : 1 }
    return true
  }
}

extension ParameterViolation {
  /// That the only parameter is NaN, infinite or not positive, or nil.
  static func notPositive<Element: Scalar>(_ value: Element, expected: String) -> ParameterViolation? {
    if value.isFinite && value > 0 { return nil }
    return ParameterViolation(index: 0, value: Double(value), expected: value.isFinite ? expected : "a finite number")
  }
}
