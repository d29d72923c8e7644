/// How an iterative solve ended.
public enum SolveOutcome<Element: Scalar>: Sendable, Equatable {
  /// The true residual meets the tolerance, or is down to rounding.
  ///
  /// Rounding means ‖b − A x‖ ≤ ulp (‖A‖ ‖x‖ + ‖b‖): by Rigal and Gaches (1967) x then solves a system whose data
  /// differ from A and b by one ulp in norm, so no number in this precision says that another x is better. ‖A‖ is
  /// taken from the products seen, which never overstate it. The allowance ends at √ulp ‖b‖: beyond, x is so large that
  /// the system counts as singular, and the outcome says ``stagnated``.
  case converged
  /// The allowed number of iterations was done.
  case iterationLimit
  /// The residual stopped falling above the tolerance: the system is singular and inconsistent, or so ill-conditioned
  /// that rounding keeps the residual there, or (GMRES) the restart length is too short.
  case stagnated
  /// The recurrence of the method divided by zero, in the place that is named.
  case breakdown(KrylovBreakdown)
  /// Conjugate gradients met a direction p with pᵀA p ≤ 0 (to rounding); `curvature` is pᵀA p / pᵀp, so A has an
  /// eigenvalue at or below it.
  case indefinite(curvature: Element)
  /// A, b, the preconditioner or the first guess produced a NaN or an infinity.
  case notFinite
}

/// Where a Krylov method's recurrence broke down.
public enum KrylovBreakdown: Sendable, Equatable {
  /// The preconditioner is not positive definite: rᵀM r ≤ 0 for a residual r ≠ 0 (conjugate gradients, MINRES).
  case preconditioner
  /// BiCGSTAB: rᵀA r = 0 (to rounding) for the residual r, as for a skew-symmetric A.
  case sigma
  /// BiCGSTAB: the stabilizing step vanished, sᵀA s = 0, as for a skew-symmetric A.
  case omega
}

/// What an iterative solve did.
public struct KrylovReport<Element: Scalar>: Sendable {
  public var outcome: SolveOutcome<Element>
  /// Steps of the method's recurrence, over all its cycles.
  public var iterations: Int
  /// Products with A, those for true residuals included.
  public var products: Int
  /// ‖b − A x‖ for the x returned, computed from x and not by a recurrence.
  public var residualNorm: Element
  /// ‖b‖.
  public var rightHandSideNorm: Element
  /// The method's estimate of ‖b − A x‖ after each step; empty unless asked for.
  public var history: [Element]

  public init(
    outcome: SolveOutcome<Element>, iterations: Int, products: Int, residualNorm: Element, rightHandSideNorm: Element,
    history: [Element] = []
  ) {
    self.outcome = outcome
    self.iterations = iterations
    self.products = products
    self.residualNorm = residualNorm
    self.rightHandSideNorm = rightHandSideNorm
    self.history = history
  }
}

extension SolveOutcome: CustomStringConvertible {
  public var description: String {
    switch self {
    case .converged: "converged"
    case .iterationLimit: "stopped at the limit of iterations. Raise the limit or give a preconditioner."
    case .stagnated:
      "the residual stopped falling. The system may be singular and inconsistent, or too ill-conditioned for the "
        + "tolerance in this precision; for GMRES a longer restart may help."
    case .breakdown(let place): "breakdown: \(place)"
    case .indefinite(let curvature):
      "the operator is not positive definite (curvature \(curvature)). Use MINRES if it is symmetric, GMRES if not."
    case .notFinite: "a NaN or an infinity appeared. Look at the operator, the right-hand side and the first guess."
    }
  }
}

extension KrylovBreakdown: CustomStringConvertible {
  public var description: String {
    switch self {
    case .preconditioner: "the preconditioner is not positive definite. Use GMRES with it, or another one."
    case .sigma: "BiCGSTAB's residual is orthogonal to its image (A is close to skew-symmetric). Use GMRES."
    case .omega: "BiCGSTAB's stabilizing step vanished (A is close to skew-symmetric). Use GMRES."
    }
  }
}
