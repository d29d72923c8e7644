public import LinAlg
public import NonsmoothMaps

/// How the computation of a derivative ended.
public enum DerivativeOutcome<Element: Scalar>: Sendable, Equatable {
  /// The accuracy asked for was reached.
  case converged
  /// The number of iterations was given in advance and all were done; nothing is said of the accuracy.
  case fixedIterations
  /// The iteration limit came before the accuracy asked for.
  case iterationLimit
  /// The residual or the increments stopped falling above the accuracy asked for.
  case stagnated
  /// The iteration does not contract: its increments grew by this factor per step.
  case notContracting(factor: Element)
  /// A system that must be positive definite is not: this curvature was met, or this leading minor failed.
  case indefinite(curvature: Element)
  /// The linear system is singular to working precision.
  case singular
  /// The Krylov recurrence broke down.
  case breakdown
  /// A NaN or an infinity appeared.
  case notFinite
  /// The parameters are outside the map's domain: nothing was computed.
  case outsideDomain(ParameterViolation)

  /// Whether the number may be used as what was asked for.
  public var isUsable: Bool { self == .converged || self == .fixedIterations }

  /// One sentence that says what happened and what to try next.
  public var advice: String {
    switch self {
    case .converged: "The accuracy asked for was reached."
    case .fixedIterations: "The given number of iterations was done."
    case .iterationLimit:
      "The iteration limit was reached first: raise it, loosen the tolerance, or use a direct method."
    case .stagnated:
      "The residual stopped falling: the tolerance is below what this precision allows, or the system is nearly singular."
    case .notContracting(let factor):
      "The iteration does not contract (measured factor \(factor)): reduce the step size."
    case .indefinite(let curvature):
      "The system is not positive definite (curvature \(curvature)): the inner problem is not strongly convex on the support."
    case .singular:
      "The system is singular: the inner problem has no unique solution on the support; add strong convexity."
    case .breakdown: "The Krylov recurrence broke down: use another solver."
    case .notFinite: "A NaN or an infinity appeared: check the data and the step size."
    case .outsideDomain(let violation): "The parameters are outside the map's domain: \(violation)."
    }
  }
}

/// What a derivative cost and how it ended.
public struct DerivativeReport<Element: Scalar>: Sendable {
  public var outcome: DerivativeOutcome<Element>
  /// The method that ran, for example `aid-cg`; for the automatic choice, the one it chose.
  public var method: String
  /// Iterations of the linear solver or of the differentiated map.
  public var iterations: Int
  /// Products with A1 or A1ᵀ (or with their restriction to the support), a block counted once per column.
  public var products: Int
  /// AID: ‖y − (I − A1ᵀ) v‖ at the end, over the coordinates that the answer depends on (the largest over several
  /// right-hand sides). ITD: the norm of the last increment (forward) or of the part not yet pulled back (reverse). nil where it
  /// was not measured.
  public var residual: Element?
  /// ‖Φ(w) − w‖ at the state differentiated, nil where the caller vouched for it and Φ was not evaluated.
  public var innerResidual: Element?
  /// Stochastic strategies with replicates: the estimated standard error of the answer in the Euclidean norm.
  public var standardError: Element?
  /// Wall-clock seconds.
  public var seconds: Double
  /// Of these, AID: until the map was linearized and its right-hand sides were there. 0 for other strategies.
  public var linearizingSeconds = 0.0

  public init(
    outcome: DerivativeOutcome<Element>, method: String, iterations: Int = 0, products: Int = 0,
    residual: Element? = nil,
    innerResidual: Element? = nil, seconds: Double = 0
  ) {
    self.outcome = outcome
    self.method = method
    self.iterations = iterations
    self.products = products
    self.residual = residual
    self.innerResidual = innerResidual
    self.seconds = seconds
  }
}

/// A derivative that was computed but may not be accurate: its value comes out through ``get()``, which throws where
/// the computation did not reach what was asked for.
public struct Derivative<Value, Element: Scalar> {
  /// The number as it stands, whatever the outcome.
  public var estimate: Value
  public var report: DerivativeReport<Element>

  public init(estimate: Value, report: DerivativeReport<Element>) {
    self.estimate = estimate
    self.report = report
  }

  /// The value, if the outcome is usable.
  ///
  /// - Throws: ``ConvergenceFailure`` otherwise.
  public func get() throws(ConvergenceFailure) -> Value {
    guard report.outcome.isUsable else {
      throw ConvergenceFailure(
        method: report.method, iterations: report.iterations, residual: report.residual.map { Double($0) },
        advice: report.outcome.advice)
    }
    return estimate
  }
}

extension Derivative: Sendable where Value: Sendable {}

/// A request that cannot be carried out, whatever the numbers.
public enum DifferentiationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The solver needs a symmetric system and the linearization has none.
  case notSymmetric(solver: String)
  /// A number given to the strategy makes no sense; the text names it and its range.
  case invalidArgument(String)
  /// A step size outside the range for which the method is known to be stable; the text names the limit.
  case stepOutOfRange(String)
  /// No plan of NSID's parameters can be promised.
  case plan(NSIDPlanError)
  /// The strategy cannot compute this quantity.
  case unsupported(strategy: String, what: String)

  public var description: String {
    switch self {
    case .notSymmetric(let solver):
      "\(solver) needs a symmetric system, and this map's linearization declares none: use GMRES, BiCGSTAB, the fixed-point iteration or the direct method"
    case .invalidArgument(let text), .stepOutOfRange(let text): text
    case .plan(let error): error.description
    case .unsupported(let strategy, let what): "\(strategy) cannot compute \(what)"
    }
  }
}
