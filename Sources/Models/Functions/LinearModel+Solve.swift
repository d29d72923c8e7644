public import ImplicitDiff
public import LinAlg
public import NonsmoothMaps

extension LinearModel: PenalizedMinimizer {
  /// Working sets take a handful of passes; a problem that needs more than this is not one for them.
  private static var workingSetPasses: Int { 200 }

  /// By working sets of blocks where the penalty is a ``BlockPenalty``.
  public func minimum<G: ProximalMap<Element>>(
    with penalty: G, parameters λ: Vector<Element>, from start: Vector<Element>?, iterationLimit: Int,
    progress: ((SolveProgress<Element>) -> Void)?
  ) -> PenalizedMinimum<Element>? {
    guard let penalty = penalty as? any BlockPenalty<Element> else { return nil }
    return minimum(byBlocks: penalty, λ, start, iterationLimit, progress)
  }

  private func minimum<G: BlockPenalty<Element>>(
    byBlocks penalty: G, _ λ: Vector<Element>, _ start: Vector<Element>?, _ iterationLimit: Int,
    _ progress: ((SolveProgress<Element>) -> Void)?
  ) -> PenalizedMinimum<Element>? {
    var parameters = λ
    // The solver takes the ridge as the last parameter.
    if case .fixed(let ridge) = ridge { parameters = Vector(Array(λ) + [ridge]) }
    let solver = BlockWorkingSetSolver<Element>(passLimit: min(iterationLimit, Self.workingSetPasses))
    let found = solver.solve(loss, penalty, parameters: parameters, from: start) {
      progress?(.workingSets(pass: $0, violation: $1))
    }
    guard found.outcome == .converged else { return nil }
    return PenalizedMinimum(
      state: found.estimate, method: "working-sets", iterations: found.passes, dualityGap: found.dualityGap,
      seconds: found.seconds)
  }
}
