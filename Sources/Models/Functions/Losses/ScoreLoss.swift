public import LinAlg

/// A loss ℓ(z, y) of one score z = xᵢ·w and its target y, convex in z: all that a new loss says. ``SeparableLoss`` makes a
/// ``SmoothLoss`` of it, with its gradient, Hessian, minibatches, held-out criterion and duality gap.
///
/// A NaN among z and y must come out as one: comparisons that treat it as a number would hide it.
///
/// Where ℓ″ jumps the loss is once differentiable and its gradient piecewise smooth: ``curvature(score:target:)`` then gives one element of the
/// generalized Hessian, which is the derivative wherever no score lies on a jump exactly, and
/// ``curvatureLipschitzConstant`` is infinite, so that no error bound is given.
public protocol ScoreLoss<Element>: Sendable {
  associatedtype Element: Scalar

  /// Whether y is a target of this loss; any number unless said otherwise.
  static func isTarget(_ y: Element) -> Bool
  /// What targets must be, for the message where one is not.
  static var targetDescription: String { get }

  /// ℓ(z, y).
  static func value(score z: Element, target y: Element) -> Element
  /// −ℓ′(z, y).
  static func residual(score z: Element, target y: Element) -> Element
  /// ℓ″(z, y) ≥ 0.
  static func curvature(score z: Element, target y: Element) -> Element
  /// ℓ‴(z, y), where ℓ″ jumps that of the piece that ``curvature(score:target:)`` takes; nil where it is not known. Second derivatives of
  /// reduced objectives need it.
  static func curvatureDerivative(score z: Element, target y: Element) -> Element?

  /// A bound on ℓ″ over all scores: a step size needs it.
  static var curvatureBound: Element { get }
  /// A bound on |ℓ‴| over all scores, infinite where ℓ″ jumps.
  static var curvatureLipschitzConstant: Element { get }
  /// A bound on |ℓ′| over all scores, infinite where there is none; rounding errors are measured by it.
  static var slopeBound: Element { get }

  /// The conjugate at minus a residual, ℓ*(−r, y) = sup over z of −r z − ℓ(z, y), for c times a residual with 0 ≤ c ≤ 1: a duality
  /// gap needs it.
  static func conjugate(ofNegative r: Element, target y: Element) -> Element

  // MARK: Many at once, by the above unless there is something faster

  /// Σᵢ ℓ(zᵢ, yᵢ); r ← −ℓ′.
  static func fillResiduals(scores z: Vector<Element>, targets y: Vector<Element>, into r: inout Vector<Element>)
    -> Element
  /// d ← ℓ″.
  static func fillCurvatures(scores z: Vector<Element>, targets y: Vector<Element>, into d: inout Vector<Element>)
  /// A bound on ‖r‖'s rounding error (Euclidean) at scores that are off by `scoreError`.
  static func residualError(_ r: Vector<Element>, scoreError: Element) -> Element
}

extension ScoreLoss {
  public static func isTarget(_ y: Element) -> Bool { true }
  public static var targetDescription: String { "numbers" }
  public static var slopeBound: Element { .infinity }
  /// Not known.
  public static func curvatureDerivative(score z: Element, target y: Element) -> Element? { nil }

  // Inlinable, so that the loops are compiled for the conforming type, wherever it is.

  @inlinable
  public static func fillResiduals(
    scores z: Vector<Element>, targets y: Vector<Element>, into r: inout Vector<Element>
  ) -> Element {
    precondition(
      z.count == y.count && r.count == z.count, "\(Self.self): \(z.count) scores of \(y.count) samples into \(r.count)")
    let (scores, targets) = (z.span, y.span)
    var residuals = r.mutableSpan
    var sum: Element = 0
    for i in 0..<scores.count {
      sum += value(score: scores[i], target: targets[i])
      residuals[i] = residual(score: scores[i], target: targets[i])
    }
    return sum
  }

  @inlinable
  public static func fillCurvatures(
    scores z: Vector<Element>, targets y: Vector<Element>, into d: inout Vector<Element>
  ) {
    precondition(
      z.count == y.count && d.count == z.count, "\(Self.self): \(z.count) scores of \(y.count) samples into \(d.count)")
    let (scores, targets) = (z.span, y.span)
    var curvatures = d.mutableSpan
    for i in 0..<scores.count { curvatures[i] = curvature(score: scores[i], target: targets[i]) }
  }

  /// |ℓ″| carries the scores' error over; a residual itself is taken to err by sixteen ulps of itself or, where it is a
  /// difference of bounded terms, of their bound.
  @inlinable
  public static func residualError(_ r: Vector<Element>, scoreError: Element) -> Element {
    let scale = slopeBound.isFinite ? slopeBound * Element(r.count).squareRoot() : r.norm
    return curvatureBound * scoreError + 16 * .ulpOfOne * scale
  }
}
