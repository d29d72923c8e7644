public import ImplicitDiff
public import LinAlg

extension PenalizedMap {
  /// Working sets take a handful of passes; a problem that needs more than this is not one for them.
  private static var workingSetPasses: Int { 200 }

  /// By working sets where every strength is positive. What they cannot do, or not within their limit, is left to the iteration.
  public func solve(
    at λ: Vector<Element>, from start: Vector<Element>?, iterationLimit: Int,
    progress: ((SolveProgress<Element>) -> Void)?
  ) -> Solution<PenalizedMap> {
    if violation(parameters: λ) == nil, groups.leastStrength(λ) > 0 {
      let found = WorkingSetSolver<Element>(passLimit: min(iterationLimit, Self.workingSetPasses)).solve(
        loss, groups: groups, parameters: λ, from: start
      ) { progress?(.pass($0, dualityGap: $1)) }
      if found.outcome == .converged {
        return Solution(
          map: self, parameters: λ, state: found.estimate, outcome: .converged, method: "working-sets",
          iterations: found.passes, residual: nil, dualityGap: found.dualityGap, seconds: found.seconds)
      }
    }
    return iterate(at: λ, from: start, iterationLimit: iterationLimit, progress: progress)
  }
}
