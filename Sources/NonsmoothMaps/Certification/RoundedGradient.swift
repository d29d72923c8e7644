public import LinAlg

/// The gradient of a smooth function f at a point w, with what bounds its rounding errors and its change between w and another point: what a penalty
/// needs to prove on which piece the exact minimizer lies.
///
/// Every bound is a multiple of a weight per coordinate: for f(w) = F(X w) the norm of the column, otherwise 1.
public struct RoundedGradient<Element: Scalar> {
  /// ∇f(w) as computed, p entries.
  public var values: Vector<Element>
  /// The weight ωⱼ of every coordinate, at least 0, p entries.
  public var weights: Vector<Element>
  /// A bound on ‖ω‖ over the active coordinates.
  public var activeWeight: Element
  /// The sum over the active coordinates of the absolute values of the terms that ∇f(w)ⱼ is the sum of.
  public var activeMagnitude: Element
  /// The rounding error of entry j is at most ωⱼ times this, plus ``entryError`` and four ulps of the entry. Infinite where it is not known.
  public var errorPerWeight: Element
  public var entryError: Element
  /// |∇f(w)ⱼ − ∇f(w')ⱼ| ≤ ωⱼ changePerRoot √((∇f(w) − ∇f(w'))·(w − w')) for any w' and coordinates j that are not active; for active ones the same of f without
  /// a ridge of curvatures up to ``ridgeCurvature``. So ‖ω‖² changePerRoot² + ``ridgeCurvature`` bounds the curvature of f along active coordinates. Infinite where f is not known
  /// to be convex.
  public var changePerRoot: Element
  /// |∇f(w)ⱼ − ∇f(w')ⱼ| ≤ ωⱼ slope ‖w − w'‖ where w' differs from w in active coordinates alone.
  public var slope: Element
  /// A modulus of strong convexity of f that is known for nothing.
  public var strongConvexity: Element
  /// The largest curvature along an active coordinate of the ridge that ``changePerRoot`` leaves out; ``strongConvexity`` unless said.
  public var ridgeCurvature: Element
  /// L_H with ‖∇²f(w)_SS − ∇²f(w')_SS‖ ≤ L_H ‖w − w'‖ for differences in active coordinates.
  public var hessianLipschitzConstant: Element
  /// A bound on the rounding error of (∇²f)_SS z for ‖z‖ = 1.
  public var hessianRounding: Element
  /// L_P with ‖∂_λ∇f(w) − ∂_λ∇f(w')‖ ≤ L_P ‖w − w'‖ on the active coordinates.
  public var mixedDerivativeLipschitzConstant: Element
  /// A bound on the rounding error of ∂_λ∇f(w) as it is multiplied by, in the Frobenius norm.
  public var mixedDerivativeRounding: Element
  /// How far from w, in active coordinates, the bounds hold for w'; infinite where they hold everywhere.
  public var radius: Element

  public init(
    values: Vector<Element>, weights: Vector<Element>, activeWeight: Element, activeMagnitude: Element,
    errorPerWeight: Element, entryError: Element, changePerRoot: Element, slope: Element, strongConvexity: Element,
    hessianLipschitzConstant: Element, hessianRounding: Element, mixedDerivativeLipschitzConstant: Element,
    mixedDerivativeRounding: Element = 0, radius: Element = .infinity, ridgeCurvature: Element? = nil
  ) {
    self.values = values
    self.weights = weights
    self.activeWeight = activeWeight
    self.activeMagnitude = activeMagnitude
    self.errorPerWeight = errorPerWeight
    self.entryError = entryError
    self.changePerRoot = changePerRoot
    self.slope = slope
    self.strongConvexity = strongConvexity
    self.hessianLipschitzConstant = hessianLipschitzConstant
    self.hessianRounding = hessianRounding
    self.mixedDerivativeLipschitzConstant = mixedDerivativeLipschitzConstant
    self.mixedDerivativeRounding = mixedDerivativeRounding
    self.radius = radius
    self.ridgeCurvature = ridgeCurvature ?? strongConvexity
  }

  /// A bound on the rounding error, in norm, of a vector of k entries, each the sum of an entry of the gradient on the active coordinates and of
  /// other terms by at most four operations, `others` the sum of the absolute values of those terms.
  public func activeError(count k: Int, others: Element) -> Element {
    activeWeight * errorPerWeight + 4 * .ulpOfOne * (activeMagnitude + others) + entryError * Element(k).squareRoot()
  }
}
