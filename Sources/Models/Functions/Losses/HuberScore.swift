public import LinAlg

/// Huber's robust regression, (1/n) Σ ℓ(xᵢ·w − yᵢ): quadratic up to residuals of 1, linear beyond.
public typealias HuberLoss<Element: Scalar> = SeparableLoss<HuberScore<Element>>

/// ℓ(z, y) = t²/2 for |t| ≤ 1 and |t| − ½ beyond, t = z − y: the threshold is one unit of the targets.
///
/// For a threshold δ divide the targets and the 1-norm's strengths by δ; w is then in units of δ, the ridge the same. ℓ″ jumps at |t| = 1,
/// where 1 is taken. Past the threshold ℓ″ = 0 while ℓ′ is not: models of second order may have no minimum there, so solve by
/// ``FixedPointSolver``.
public struct HuberScore<Element: Scalar>: ScoreLoss {
  public static var curvatureBound: Element { 1 }
  public static var curvatureLipschitzConstant: Element { .infinity }

  @inlinable
  public static func value(score z: Element, target y: Element) -> Element {
    let t = (z - y).magnitude
    return t > 1 ? t - 1 / 2 : t * t / 2
  }

  @inlinable
  public static func residual(score z: Element, target y: Element) -> Element {
    let t = y - z
    return t > 1 ? 1 : t < -1 ? -1 : t
  }

  @inlinable
  public static func curvature(score z: Element, target y: Element) -> Element {
    let t = z - y
    // A NaN stays one.
    return t.magnitude > 1 ? 0 : 1 + 0 * t
  }

  /// r²/2 − r y for |r| ≤ 1, which residuals are.
  @inlinable
  public static func conjugate(ofNegative r: Element, target y: Element) -> Element {
    r.magnitude <= 1 ? r * r / 2 - r * y : .infinity
  }
}
