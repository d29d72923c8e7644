public import LinAlg
public import NonsmoothMaps

/// How solving a fixed-point equation ended.
public enum FixedPointOutcome<Element: Scalar>: Sendable, Equatable {
  /// ‖Φ(w) − w‖ met the tolerance.
  case converged
  /// The iteration limit came first.
  case iterationLimit
  /// The increments ‖w_{t+1} − w_t‖ did not shrink over a whole window: Φ is not a contraction here. The factor is
  /// their geometric mean growth per step.
  case notContracting(factor: Element)
  /// A NaN or an infinity appeared at this iteration; 0 stands for the parameters.
  case notFinite(iteration: Int)
  /// The parameters are outside the map's domain: nothing was computed.
  case outsideDomain(ParameterViolation)

  /// One sentence that says what happened and what to try next.
  public var advice: String {
    switch self {
    case .converged: "The fixed point was reached."
    case .iterationLimit: "The iteration limit was reached first: raise it, loosen the tolerance, or use acceleration."
    case .notContracting(let factor):
      "The map does not contract (measured factor \(factor) a step): reduce the step size."
    case .notFinite(let iteration):
      "A NaN or an infinity appeared at iteration \(iteration): check the data and the step size."
    case .outsideDomain(let violation): "The parameters are outside the map's domain: \(violation)."
    }
  }
}

/// When the iterates came to the piece of the map that the last one lies on (`FixedPointMap.signature(at:parameters:)`).
public struct SupportIdentification: Sendable, Equatable {
  /// The first iterate on that piece.
  public var firstStep: Int
  /// The first iterate from which on none left it.
  public var stableStep: Int

  public init(firstStep: Int, stableStep: Int) {
    self.firstStep = firstStep
    self.stableStep = stableStep
  }
}

/// A fixed point as far as it was found.
public struct FixedPointSolution<Element: Scalar>: Sendable {
  /// The last iterate, whatever the outcome.
  public var estimate: Vector<Element>
  public var outcome: FixedPointOutcome<Element>
  /// Evaluations of Φ.
  public var iterations: Int
  /// ‖Φ(w) − w‖₂ at the last evaluation.
  public var residual: Element
  /// The geometric mean factor by which the residual shrank per step over the last window; nil before there was one. An
  /// estimate of the local rate, not a bound.
  public var measuredFactor: Element?
  /// When the support was identified; step 0 is the start.
  public var identification: SupportIdentification
  /// w_0, w_1, …, if they were asked for.
  public var iterates: [Vector<Element>]
  /// Wall-clock seconds.
  public var seconds: Double

  /// The solution, if it converged.
  ///
  /// - Throws: ``ConvergenceFailure`` otherwise.
  public func get() throws(ConvergenceFailure) -> Vector<Element> {
    guard outcome == .converged else {
      throw ConvergenceFailure(
        method: "fixed-point", iterations: iterations, residual: Double(residual), advice: outcome.advice)
    }
    return estimate
  }
}

extension FixedPointSolution {
  /// Nothing was computed: parameters outside the domain, or (nil) a start that is no number.
  static func refused(_ violation: ParameterViolation?, start: Vector<Element>) -> FixedPointSolution {
    var outcome = FixedPointOutcome<Element>.notFinite(iteration: 0)
    if let violation, !violation.isNotFinite { outcome = .outsideDomain(violation) }
    return FixedPointSolution(
      estimate: start, outcome: outcome, iterations: 0, residual: .infinity, measuredFactor: nil,
      identification: SupportIdentification(firstStep: 0, stableStep: 0), iterates: [], seconds: 0)
  }
}
