public import LinAlg
public import NonsmoothMaps

/// A smooth function f that knows a better way to minimize f + g than the proximal-gradient iteration, for some penalties g: `map.solve(at:)` takes it.
public protocol PenalizedMinimizer<Element>: SmoothFunction {
  /// The minimizer of f + g; nil where the way does not suit the penalty or the parameters, or did not get there: the iteration is then tried.
  ///
  /// - Parameters:
  ///   - λ: the penalty's parameters, then those of f, all in the domain.
  ///   - start: where to begin, p entries.
  ///   - tolerance: the objective may be above its minimum by this times itself, where the way can prove that of a point; nil for w to rounding.
  func minimum<G: ProximalMap<Element>>(
    with penalty: G, parameters λ: Vector<Element>, from start: Vector<Element>?, tolerance: Element?,
    iterationLimit: Int, progress: ((SolveProgress<Element>) -> Void)?
  ) -> PenalizedMinimum<Element>?
}

/// A minimizer of f + g that was found, and how.
public struct PenalizedMinimum<Element: Scalar>: Sendable {
  public var state: Vector<Element>
  /// What found it, for example `working-sets`.
  public var method: String
  /// Passes over the data.
  public var iterations: Int
  /// How far the objective is above its minimum at most; nil where that was not measured.
  public var dualityGap: Element?
  /// f + g there; nil where it was not computed.
  public var objective: Element?
  /// Wall-clock seconds.
  public var seconds: Double

  public init(
    state: Vector<Element>, method: String, iterations: Int, dualityGap: Element?, objective: Element? = nil,
    seconds: Double
  ) {
    self.objective = objective
    self.state = state
    self.method = method
    self.iterations = iterations
    self.dualityGap = dualityGap
    self.seconds = seconds
  }
}

extension ProximalGradientMap {
  /// By f's own way where it is a ``PenalizedMinimizer`` that has one for the penalty, otherwise by the iteration with Newton's method.
  public func solve(
    at λ: Vector<Element>, from start: Vector<Element>?, iterationLimit: Int,
    progress: ((SolveProgress<Element>) -> Void)?
  ) -> Solution<ProximalGradientMap> {
    if violation(parameters: λ) == nil,
      let found = (smooth as? any PenalizedMinimizer<Element>)?.minimum(
        with: penalty, parameters: λ, from: start, tolerance: nil, iterationLimit: iterationLimit, progress: progress)
    {
      return Solution(
        map: self, parameters: λ, state: found.state, outcome: .converged, method: found.method,
        iterations: found.iterations, residual: nil, dualityGap: found.dualityGap, seconds: found.seconds)
    }
    return solveByNewton(at: λ, from: start, iterationLimit: iterationLimit, progress: progress)
  }

  /// A point whose objective is at most 1/(1 − `tolerance`) times the minimum, for uses that need no more: values, not derivatives. To rounding where
  /// `tolerance` is nil, and where f has no way that can prove it.
  package func minimum(
    at λ: Vector<Element>, from start: Vector<Element>?, tolerance: Element?
  ) throws(ConvergenceFailure) -> PenalizedMinimum<Element> {
    if violation(parameters: λ) == nil,
      let found = (smooth as? any PenalizedMinimizer<Element>)?.minimum(
        with: penalty, parameters: λ, from: start, tolerance: tolerance, iterationLimit: 1_000_000, progress: nil)
    {
      return found
    }
    let solution = solveByNewton(at: λ, from: start, iterationLimit: 1_000_000, progress: nil)
    return PenalizedMinimum(
      state: try solution.get(), method: solution.method, iterations: solution.iterations, dualityGap: nil,
      seconds: solution.seconds)
  }
}
