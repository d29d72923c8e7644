public import LinAlg

/// How far a computed hypergradient can be from the exact one, from quantities measured after the fact.
///
/// Nothing here depends on the step size s of the map. With d the gradient of the penalized objective F at w on its piece, e =
/// ‖d‖/μ bounds ‖w − w*‖ once the piece is proven to be that of w* (``SolutionBound``). On the support S, with
/// r = y_S − s H_SS v_S and L_H, L_E, L_λ, L_P the Lipschitz constants of H, ∇_w E, ∇_λ E and ∂_λ∇F there,
///
///     ‖v − v̄‖ ≤ (‖r‖ + L_E e + s L_H e ‖v‖)/(s μ)
///     ‖∇f − ∇̂f‖ ≤ L_λ e + s L_P e ‖v‖ + (‖A2‖ + s L_P e) ‖v − v̄‖
///
/// to which every rounding error is added: of y, of the products behind r, of A2ᵀ v. docs/Theory.md derives it. Where the
/// piece is not proven, nothing is claimed.
public struct Certificate<Element: Scalar>: Sendable {
  /// What is known of the solution itself.
  public var solution: SolutionBound<Element>
  /// The gradient of the smooth part of the inner objective at w, as computed, p entries.
  public var gradient: Vector<Element>
  /// ‖r‖ on the support, as computed.
  public var adjointResidual: Element
  /// A bound on the hypergradient's error in the Euclidean norm; nil where the piece is not proven, is not the one that was
  /// differentiated, a constant of the objective is not known, or the bound is not a finite number.
  public var hypergradientErrorBound: Element?
  /// Why there is no ``hypergradientErrorBound``; nil where there is one.
  public var absence: NoBound<Element>?

  /// ‖d‖, the optimality residual of w.
  public var innerResidual: Element { solution.optimalityResidual }
  /// e, a bound on ‖w − w*‖ where ``SolutionBound/stateErrorIsProven``.
  public var stateErrorBound: Element { solution.stateError }
  /// A lower bound on the distance from w to the nearest kink, along the support.
  public var kinkDistance: Element { solution.kinkDistance }
  /// Whether w* is proven to lie on w's piece.
  public var isIdentified: Bool { solution.isIdentified }
}
