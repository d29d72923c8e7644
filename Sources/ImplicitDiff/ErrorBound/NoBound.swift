/// Why there is no bound on an error.
public enum NoBound<Element: Sendable & Equatable>: Error, Sendable, Equatable {
  /// A number of the problem is a NaN or infinite.
  case notFinite
  /// The parameters are outside the map's domain.
  case outsideDomain
  /// Nothing is known of the pieces of the penalty's proximal map: it is not convex, or states no ``PieceBound``.
  case penaltyHasNoBound
  /// The rounding errors of f are not known, as where it is given by an operator's products, or it is not known to be convex.
  case functionHasNoBound
  /// The curvature of f may jump, as ℓ″ of the Huber loss does: the derivative at the solution may be another one.
  case hessianMayJump
  /// No modulus of strong convexity is known, and none was found on the piece.
  case noStrongConvexity
  /// A kink may lie between the state and the solution: it is `distance` away at least, and the solution may be `error` away.
  case pieceNotIdentified(distance: Element, error: Element)
  /// The objective knows no Lipschitz constant or no rounding error of its gradients, as one of closures does not.
  case objectiveHasNoConstants
  /// Numbers this large or small over- or underflow on the way to a bound.
  case outOfRange

  /// A word for reports, as `piece-not-identified`.
  public var name: String {
    switch self {
    case .notFinite: "not-finite"
    case .outsideDomain: "outside-domain"
    case .penaltyHasNoBound: "penalty-has-no-bound"
    case .functionHasNoBound: "function-has-no-bound"
    case .hessianMayJump: "hessian-may-jump"
    case .noStrongConvexity: "no-strong-convexity"
    case .pieceNotIdentified: "piece-not-identified"
    case .objectiveHasNoConstants: "objective-has-no-constants"
    case .outOfRange: "out-of-range"
    }
  }

  /// One sentence that says why, and what helps.
  public var advice: String {
    switch self {
    case .notFinite: "a NaN or an infinity is among the numbers of the problem"
    case .outsideDomain: "the parameters are outside the domain"
    case .penaltyHasNoBound: "nothing is known of the pieces of this penalty"
    case .functionHasNoBound: "the rounding errors of the smooth function, or that it is convex, are not known"
    case .hessianMayJump: "the second derivative of the loss jumps"
    case .noStrongConvexity: "no strong convexity is known or was found on the piece; a ridge gives some"
    case .pieceNotIdentified(let distance, let error):
      "a kink may be as near as \(distance), and the solution as far as \(error): solve to a smaller tolerance"
    case .objectiveHasNoConstants: "the outer objective states no Lipschitz constant of its gradient"
    case .outOfRange: "numbers of this size over- or underflow on the way to a bound"
    }
  }
}
