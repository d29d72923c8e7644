public import LinAlg

/// The squared hinge loss of a linear classifier, (1/n) Σ ½ max(0, 1 − yᵢ xᵢ·w)², yᵢ = ±1: the L2-loss support vector machine.
public typealias SquaredHingeLoss<Element: Scalar> = SeparableLoss<SquaredHingeScore<Element>>

/// ℓ(z, y) = ½ max(0, 1 − y z)², y = ±1. ℓ″ jumps from 1 to 0 at y z = 1, where 0 is taken.
public struct SquaredHingeScore<Element: Scalar>: ScoreLoss {
  public static func isTarget(_ y: Element) -> Bool { y.magnitude == 1 }
  public static var targetDescription: String { "−1 or 1" }
  public static var curvatureBound: Element { 1 }
  public static var curvatureLipschitzConstant: Element { .infinity }

  @inlinable
  public static func value(score z: Element, target y: Element) -> Element {
    let m = 1 - y * z
    return m < 0 ? 0 : m * m / 2
  }

  @inlinable
  public static func residual(score z: Element, target y: Element) -> Element {
    let m = 1 - y * z
    return m < 0 ? 0 : y * m
  }

  @inlinable
  public static func curvature(score z: Element, target y: Element) -> Element {
    let t = y * z
    // A NaN stays one; far from the jump z may be infinite.
    return t >= 1 ? 0 : t.isNaN ? t : 1
  }

  /// β²/2 − β for β = y r ≥ 0, which residuals have.
  @inlinable
  public static func conjugate(ofNegative r: Element, target y: Element) -> Element {
    let β = y * r
    return β >= 0 ? β * β / 2 - β : .infinity
  }
}
