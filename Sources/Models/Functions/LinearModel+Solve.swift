public import ImplicitDiff
public import LinAlg
public import NonsmoothMaps

extension LinearModel: PenalizedMinimizer {
  /// Working sets take a handful of passes; a problem that needs more than this is not one for them.
  private static var workingSetPasses: Int { 200 }

  /// By working sets: of features where the penalty is a weighted 1-norm, of blocks where it is a ``BlockPenalty`` (without factors of the ridge).
  public func minimum<G: ProximalMap<Element>>(
    with penalty: G, parameters λ: Vector<Element>, from start: Vector<Element>?, iterationLimit: Int,
    progress: ((SolveProgress<Element>) -> Void)?
  ) -> PenalizedMinimum<Element>? {
    if let penalty = penalty as? any WeightedL1Penalty<Element> {
      return minimum(byFeatures: penalty, λ, start, iterationLimit, progress)
    }
    if let penalty = penalty as? any BlockPenalty<Element> {
      return minimum(byBlocks: penalty, λ, start, iterationLimit, progress)
    }
    return nil
  }

  private func minimum<G: WeightedL1Penalty<Element>>(
    byFeatures penalty: G, _ λ: Vector<Element>, _ start: Vector<Element>?, _ iterationLimit: Int,
    _ progress: ((SolveProgress<Element>) -> Void)?
  ) -> PenalizedMinimum<Element>? {
    let m = penalty.parameterCount
    var strengths = Vector<Element>.zeros(stateCount)
    let ρ = penalty.fillStrengths(&strengths, parameters: λ[segment: 0..<m])
    let own = ridge.value(λ[segment: m..<λ.count])
    let ridges = own == 0 ? nil : ridgeFactors.map { factors in Vector(count: stateCount) { ρ + own * factors[$0] } }
    let solver = WorkingSetSolver<Element>(passLimit: min(iterationLimit, Self.workingSetPasses))
    let found = solver.solve(
      loss, strengths: strengths, ridge: ρ + own, ridges: ridges, from: start
    ) { progress?(.pass($0, dualityGap: $1)) }
    guard found.outcome == .converged else { return nil }
    return PenalizedMinimum(
      state: found.estimate, method: "working-sets", iterations: found.passes, dualityGap: found.dualityGap,
      seconds: found.seconds)
  }

  private func minimum<G: BlockPenalty<Element>>(
    byBlocks penalty: G, _ λ: Vector<Element>, _ start: Vector<Element>?, _ iterationLimit: Int,
    _ progress: ((SolveProgress<Element>) -> Void)?
  ) -> PenalizedMinimum<Element>? {
    if ridgeFactors != nil && ridge.value(λ[segment: penalty.parameterCount..<λ.count]) != 0 { return nil }
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
