public import LinAlg

/// Where a solution w(λ) = Φ(w(λ), λ) is to be differentiated: one value that every strategy takes.
public struct FixedPointProblem<Map: FixedPointMap> {
  /// Φ. What was vouched for another map is not vouched for this one.
  public var map: Map { didSet { stateIsSolution = false } }
  /// λ, m entries. Assigning other parameters takes back what was vouched for `state`.
  public var parameters: Vector<Map.Element> { didSet { stateIsSolution = false } }
  /// AID and NSID linearize here; ITD iterates from here. p entries. Assigning another state takes back what was vouched
  /// for the one before.
  public var state: Vector<Map.Element> { didSet { stateIsSolution = false } }
  /// Whether the caller vouches that `state` is a fixed point for `parameters`. Maps then may read their pieces off it
  /// instead of evaluating Φ (see ``FixedPointMap/linearize(atSolution:parameters:into:)``).
  public var stateIsSolution: Bool

  /// - Precondition: `parameters` and `state` have the counts the map declares.
  public init(
    _ map: Map, parameters: Vector<Map.Element>, state: Vector<Map.Element>? = nil, stateIsSolution: Bool = false
  ) {
    let state = state ?? .zeros(map.stateCount)
    precondition(
      parameters.count == map.parameterCount && state.count == map.stateCount,
      "FixedPointProblem: \(state.count) unknowns and \(parameters.count) parameters for a map of \(map.stateCount) and \(map.parameterCount)"
    )
    self.map = map
    self.parameters = parameters
    self.state = state
    self.stateIsSolution = stateIsSolution
  }

  /// Solves the fixed-point equation from `state`; the returned problem stands at the solution found.
  public func solved(by solver: FixedPointSolver<Map.Element>) -> (
    problem: FixedPointProblem, solution: FixedPointSolution<Map.Element>
  ) {
    let solution = solver.solve(map, parameters: parameters, from: state)
    var problem = self
    problem.state = solution.estimate
    problem.stateIsSolution = solution.outcome == .converged
    return (problem, solution)
  }
}
