/// How a computation ended: a linear solve, the solution of a fixed-point equation or of a penalized model, a derivative.
public enum Outcome<Element: Scalar>: Sendable, Equatable {
  /// The accuracy asked for was reached, or all that rounding allows; what measures it is said where it is asked for.
  case converged
  /// The number of iterations was given in advance and all were done; nothing is said of the accuracy.
  case fixedIterations
  /// The limit on iterations, or passes over the data, came before the accuracy asked for.
  case iterationLimit
  /// The residual, the increments or the objective stopped falling above the accuracy asked for: the system is singular and inconsistent, so
  /// ill-conditioned that rounding keeps them there, or (GMRES) the restart length is too short.
  case stagnated
  /// The iteration does not contract: its increments grew by this factor per step, their geometric mean.
  case notContracting(factor: Element)
  /// A matrix that must be positive definite is not. The curvature is pᵀA p / pᵀp of a direction that was met, so A has an eigenvalue at or below
  /// it, or 0 where a leading minor failed.
  case indefinite(curvature: Element)
  /// The linear system is singular to working precision.
  case singular
  /// The recurrence of a Krylov method divided by zero, in the place that is named.
  case breakdown(KrylovBreakdown)
  /// A NaN or an infinity appeared, at this iteration where it is known; 0 stands for what was given.
  case notFinite(iteration: Int? = nil)
  /// The parameters are outside the domain: nothing was computed.
  case outsideDomain(ParameterViolation)
}

extension Outcome {
  /// Whether the number may be used as what was asked for.
  public var isUsable: Bool { self == .converged || self == .fixedIterations }

  /// The same outcome with its numbers rounded to another precision.
  public init<Other: Scalar>(converting other: Outcome<Other>) {
    switch other {
    case .converged: self = .converged
    case .fixedIterations: self = .fixedIterations
    case .iterationLimit: self = .iterationLimit
    case .stagnated: self = .stagnated
    case .notContracting(let factor): self = .notContracting(factor: Element(factor))
    case .indefinite(let curvature): self = .indefinite(curvature: Element(curvature))
    case .singular: self = .singular
    case .breakdown(let place): self = .breakdown(place)
    case .notFinite(let iteration): self = .notFinite(iteration: iteration)
    case .outsideDomain(let violation): self = .outsideDomain(violation)
    }
  }

  /// What happened and what to try next.
  public var advice: String {
    switch self {
    case .converged: "The accuracy asked for was reached."
    case .fixedIterations: "The given number of iterations was done."
    case .iterationLimit:
      "The limit on iterations came first: raise it, loosen the tolerance or start nearer; acceleration, a preconditioner or a direct "
        + "method may need fewer."
    case .stagnated:
      "The residual stopped falling: the tolerance is below what this precision allows, or the system is nearly singular. Scale the "
        + "data, solve in double precision, or give GMRES a longer restart."
    case .notContracting(let factor):
      "The iteration does not contract (measured factor \(factor) a step): reduce the step size."
    case .indefinite(let curvature):
      "The system is not positive definite (curvature \(curvature)): the inner problem is not strongly convex on the support. MINRES "
        + "needs symmetry alone, GMRES nothing."
    case .singular:
      "The system is singular: the inner problem has no unique solution on the support; add strong convexity."
    case .breakdown(let place): "The Krylov recurrence broke down: \(place)."
    case .notFinite(let iteration):
      "A NaN or an infinity appeared\(Self.place(iteration)): check the data, the start and the step size, and that no parameter vanishes "
        + "beside the data. A map chooses its own step by the curvature of f: where nothing bounds that, give the map `step: .fixed(s)` or f its bounds "
        + "(`curvature:`)."
    case .outsideDomain(let violation): "The parameters are outside the domain: \(violation)."
    }
  }

  private static func place(_ iteration: Int?) -> String {
    switch iteration {
    case nil: ""
    case 0?: " in what was given"
    case let iteration?: " at iteration \(iteration)"
    }
  }
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

extension KrylovBreakdown: CustomStringConvertible {
  public var description: String {
    switch self {
    case .preconditioner: "the preconditioner is not positive definite; use GMRES with it, or another one"
    case .sigma: "BiCGSTAB's residual is orthogonal to its image (A is close to skew-symmetric); use GMRES"
    case .omega: "BiCGSTAB's stabilizing step vanished (A is close to skew-symmetric); use GMRES"
    }
  }
}
