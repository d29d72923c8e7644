public import LinAlg

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
  /// `converged` where ‖Φ(w) − w‖ met the tolerance; `notContracting` where the increments ‖w_{t+1} − w_t‖ did not shrink over a whole
  /// window.
  public var outcome: Outcome<Element>
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

  /// The solution, if the outcome is usable.
  ///
  /// - Throws: ``ConvergenceFailure`` otherwise.
  public func get() throws(ConvergenceFailure) -> Vector<Element> {
    guard outcome.isUsable else {
      throw ConvergenceFailure(
        method: "fixed-point", outcome: outcome, iterations: iterations, residual: residual)
    }
    return estimate
  }
}

extension FixedPointSolution {
  /// Nothing was computed: parameters outside the domain, or (nil) a start that is no number.
  static func refused(_ violation: ParameterViolation?, start: Vector<Element>) -> FixedPointSolution {
    var outcome = Outcome<Element>.notFinite(iteration: 0)
    if let violation, !violation.isNotFinite { outcome = .outsideDomain(violation) }
    return FixedPointSolution(
      estimate: start, outcome: outcome, iterations: 0, residual: .infinity, measuredFactor: nil,
      identification: SupportIdentification(firstStep: 0, stableStep: 0), iterates: [], seconds: 0)
  }
}
