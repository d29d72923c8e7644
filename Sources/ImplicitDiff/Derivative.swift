public import LinAlg

/// What a derivative cost and how it ended.
public struct DerivativeReport<Element: Scalar>: Sendable {
  public var outcome: Outcome<Element>
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
    outcome: Outcome<Element>, method: String, iterations: Int = 0, products: Int = 0,
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
        method: report.method, outcome: report.outcome, iterations: report.iterations, residual: report.residual)
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
