public import LinAlg

/// The solution of w = Φ(w, λ) as far as a map's own way of solving found it: an immutable value that carries how it was found.
public struct Solution<Map: FixedPointMap> {
  public let map: Map
  /// λ, m entries.
  public let parameters: Vector<Map.Element>
  /// w as it stands, whatever the outcome.
  public let state: Vector<Map.Element>
  public let outcome: Outcome<Map.Element>
  /// What found it, for example `working-sets` or `fixed-point`.
  public let method: String
  /// Passes over the data by working sets, or evaluations of Φ.
  public let iterations: Int
  /// ‖Φ(w) − w‖₂; nil where Φ was not evaluated, whose step size may take eigenvalues to find.
  public let residual: Map.Element?
  /// How far the objective is above its minimum at most; nil where that was not measured.
  public let dualityGap: Map.Element?
  /// Wall-clock seconds.
  public let seconds: Double

  public init(
    map: Map, parameters: Vector<Map.Element>, state: Vector<Map.Element>, outcome: Outcome<Map.Element>,
    method: String, iterations: Int, residual: Map.Element?, dualityGap: Map.Element? = nil, seconds: Double
  ) {
    self.map = map
    self.parameters = parameters
    self.state = state
    self.outcome = outcome
    self.method = method
    self.iterations = iterations
    self.residual = residual
    self.dualityGap = dualityGap
    self.seconds = seconds
  }

  /// w, if it was found.
  ///
  /// - Throws: ``ConvergenceFailure`` otherwise.
  public func get() throws(ConvergenceFailure) -> Vector<Map.Element> {
    guard outcome == .converged else {
      throw ConvergenceFailure(
        method: method, outcome: outcome, iterations: iterations, residual: residual)
    }
    return state
  }

  /// Where to differentiate: vouched for where it was found.
  public var problem: FixedPointProblem<Map> {
    FixedPointProblem(map, parameters: parameters, state: state, stateIsSolution: outcome == .converged)
  }
}

/// How far solving has come.
public enum SolveProgress<Element: Scalar>: Sendable {
  /// A pass over the data by working sets, and the duality gap it found.
  case pass(Int, dualityGap: Element)
  /// The same for penalties by blocks, which may have no gap: the largest violation of the optimality conditions.
  case workingSets(pass: Int, violation: Element)
  /// A step of the fixed-point iteration, and its residual.
  case iteration(Int, residual: Element)
}

extension FixedPointMap {
  public func solve(
    at λ: Vector<Element>, from start: Vector<Element>?, iterationLimit: Int,
    progress: ((SolveProgress<Element>) -> Void)?
  ) -> Solution<Self> { iterate(at: λ, from: start, iterationLimit: iterationLimit, progress: progress) }

  /// Solves by the way that the map chooses; see the requirement of the same name.
  public func solve(at λ: Vector<Element>, from start: Vector<Element>? = nil) -> Solution<Self> {
    solve(at: λ, from: start, iterationLimit: 1_000_000, progress: nil)
  }

  /// By the fixed-point iteration with Anderson's acceleration: to √ε ε^{1/4} first, and from there as far as rounding lets the residual
  /// fall. The error in w is up to residual/(1 − q), and a derivative's follows it; where the residual stops falling is no failure.
  public func iterate(
    at λ: Vector<Element>, from start: Vector<Element>? = nil, iterationLimit: Int = 1_000_000,
    progress: ((SolveProgress<Element>) -> Void)? = nil
  ) -> Solution<Self> {
    let root = Element.ulpOfOne.squareRoot()
    var solver = FixedPointSolver<Element>(
      stopping: .tolerance(root * root.squareRoot(), limit: iterationLimit), acceleration: .anderson(memory: 5))
    var done = 0
    func run(_ start: Vector<Element>?) -> FixedPointSolution<Element> {
      solver.solve(self, parameters: λ, from: start) { progress?(.iteration(done + $0, residual: $1)) }
    }
    var found = run(start)
    done = found.iterations
    if found.outcome == .converged, done < iterationLimit {
      solver.stopping = .tolerance(64 * .ulpOfOne, limit: iterationLimit - done)
      let polished = run(found.estimate)
      done += polished.iterations
      found.seconds += polished.seconds
      if polished.residual < found.residual {
        found.estimate = polished.estimate
        found.residual = polished.residual
      }
    }
    return Solution(
      map: self, parameters: λ, state: found.estimate, outcome: found.outcome, method: "fixed-point", iterations: done,
      residual: found.residual, seconds: found.seconds)
  }
}
