public import LinAlg

/// The constraint ‖w‖₁ ≤ r, with the radius r as the only parameter: g is 0 in the ball and infinite outside.
///
/// In the ball prox is the identity and B = 0. Outside it soft-thresholds by the τ that puts u on the boundary: with S = {|u| > τ} and σ its signs,
/// D is the projector diag(1_S) − σ σᵀ/|S| and B = σ/|S|, outside of D's range. At a kink the ``KinkRule`` decides: at ‖u‖₁ = r `zero` takes the boundary's
/// element and `one` the identity; at |u| = τ `zero` counts the coordinate as off S, `one` as in S. `midpoint` takes the element of `zero`: the mean
/// of two of
/// these projectors is none.
///
/// J. Duchi, S. Shalev-Shwartz, Y. Singer, T. Chandra: Efficient projections onto the ℓ1-ball. ICML 2008.
public struct L1Ball<Element: Scalar>: ProximalMap {
  public init() {}

  public var parameterCount: Int { 1 }

  /// The radius must be positive.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    ParameterViolation.notPositive(λ[0], expected: "a radius above 0")
  }

  /// 0 in the ball, to the rounding error of the norm; infinite outside.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let norm = w.oneNorm
    return norm.isNaN ? .nan : (norm <= λ[0] + Self.rounding(w, λ) ? 0 : .infinity)
  }

  /// How far ‖w‖₁ of a point that was put on the boundary can be off.
  private static func rounding(_ w: Vector<Element>, _ λ: Vector<Element>) -> Element {
    2 * Element(w.count + 1) * .ulpOfOne * λ[0]
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    let norm = u.oneNorm
    if norm <= λ[0] { return }
    guard let threshold = SimplexThreshold(u, magnitudes: true, sum: λ[0]) else { return u.fill(.nan) }
    let p = u.mutableBase()
    for j in 0..<u.count {
      // Where τ is 0 but for rounding, nothing may grow.
      let size = min(p[j].magnitude, max(0, threshold.excess(p[j].magnitude)))
      p[j] = p[j] < 0 ? -size : size
    }
  }

  public func makeLinearization(count p: Int) -> FaceLinearization<Element> { FaceLinearization(count: p) }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: FaceLinearization<Element>
  ) {
    let norm = u.oneNorm
    if norm < λ[0] || (norm == λ[0] && kink == .one) {
      return L.fillIdentity(kinkDistance: (λ[0] - norm) / Element(u.count).squareRoot())
    }
    if norm == λ[0] { return L.fillFace(kinkDistance: 0) { u[$0] == 0 ? 0 : (u[$0] < 0 ? -1 : 1) } }
    guard let threshold = SimplexThreshold(u, magnitudes: true, sum: λ[0]) else {
      return L.fillFace(kinkDistance: .nan) { _ in 0 }
    }
    L.fillFace(threshold, of: u, kink: kink, isBall: true) { u[$0] == 0 ? 0 : (u[$0] < 0 ? -1 : 1) }
  }

  /// Always possible: at ‖w‖₁ = r, but for rounding, w is on the boundary, and S is where it is not 0.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func linearize(
    atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>, into L: FaceLinearization<Element>
  ) -> Bool {
    if w.oneNorm < λ[0] - Self.rounding(w, λ) {
      L.fillIdentity(kinkDistance: nil)
    } else {
      L.fillFace(kinkDistance: nil) { w[$0] == 0 ? 0 : (w[$0] < 0 ? -1 : 1) }
    }
    return true
  }

  /// Inside, or the signs on the boundary.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    w.oneNorm < λ[0] - Self.rounding(w, λ) ? PieceHash().value : w.signPattern
  }
}
