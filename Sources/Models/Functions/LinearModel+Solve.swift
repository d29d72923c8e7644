public import ImplicitDiff
public import LinAlg
public import NonsmoothMaps

extension LinearModel: PenalizedMinimizer {
  /// By working sets: of features where the penalty is a weighted 1-norm, of blocks where it is a ``BlockPenalty`` (without factors of the ridge).
  public func minimum<G: ProximalMap<Element>>(
    with penalty: G, parameters λ: Vector<Element>, from start: Vector<Element>?, tolerance: Element?,
    iterationLimit: Int, progress: ((SolveProgress<Element>) -> Void)?
  ) -> PenalizedMinimum<Element>? {
    let m = penalty.parameterCount
    return loss.minimum(
      with: penalty, parameters: λ[segment: 0..<m], ridge: ridge.value(λ[segment: m..<λ.count]),
      ridgeFactors: ridgeFactors, from: start, tolerance: tolerance, iterationLimit: iterationLimit, progress: progress)
  }
}

extension DesignLoss {
  /// The minimizer of `f(w) + g(w) + (ρ/2) Σ factorⱼ wⱼ²` by working sets: of features where g is a weighted 1-norm, of blocks where it is a
  /// ``BlockPenalty``; nil for other penalties, and where they do not get there.
  ///
  /// - Parameters:
  ///   - λ: the parameters of g.
  ///   - ridgeFactors: one per feature, nil for ones; blocks are left to others where there are some.
  ///   - tolerance: of the duality gap relative to the objective; nil for rounding.
  package func minimum<G: ProximalMap<Element>>(
    with penalty: G, parameters λ: Vector<Element>, ridge ρ: Element, ridgeFactors: Vector<Element>? = nil,
    from start: Vector<Element>?, tolerance: Element?, iterationLimit: Int,
    progress: ((SolveProgress<Element>) -> Void)?
  ) -> PenalizedMinimum<Element>? {
    // Working sets take a handful of passes; a problem that needs more than this is not one for them.
    let passLimit = min(iterationLimit, 200)
    let factors = ρ == 0 ? nil : ridgeFactors
    if let penalty = penalty as? any WeightedL1Penalty<Element> {
      return minimum(byFeatures: penalty, λ, ρ, factors, start, tolerance, passLimit, progress)
    }
    if factors == nil, let penalty = penalty as? any BlockPenalty<Element> {
      return minimum(byBlocks: penalty, λ, ρ, start, tolerance, passLimit, progress)
    }
    return nil
  }

  private func minimum<G: WeightedL1Penalty<Element>>(
    byFeatures penalty: G, _ λ: Vector<Element>, _ ρ: Element, _ factors: Vector<Element>?, _ start: Vector<Element>?,
    _ tolerance: Element?, _ passLimit: Int, _ progress: ((SolveProgress<Element>) -> Void)?
  ) -> PenalizedMinimum<Element>? {
    var strengths = Vector<Element>.zeros(featureCount)
    let ofPenalty = penalty.fillStrengths(&strengths, parameters: λ)
    let ridges = factors.map { factors in Vector(count: featureCount) { ofPenalty + ρ * factors[$0] } }
    let found = WorkingSetSolver<Element>(
      tolerance: tolerance ?? WorkingSetSolver.roundingTolerance, passLimit: passLimit
    ).solve(
      self, strengths: strengths, ridge: ofPenalty + ρ, ridges: ridges, from: start
    ) { progress?(.pass($0, dualityGap: $1)) }
    guard found.outcome == .converged else { return nil }
    return PenalizedMinimum(
      state: found.estimate, method: "working-sets", iterations: found.passes, dualityGap: found.dualityGap,
      objective: found.objective, seconds: found.seconds)
  }

  private func minimum<G: BlockPenalty<Element>>(
    byBlocks penalty: G, _ λ: Vector<Element>, _ ρ: Element, _ start: Vector<Element>?, _ tolerance: Element?,
    _ passLimit: Int, _ progress: ((SolveProgress<Element>) -> Void)?
  ) -> PenalizedMinimum<Element>? {
    // The solver takes the ridge as the last parameter.
    let found = BlockWorkingSetSolver<Element>(
      tolerance: tolerance ?? WorkingSetSolver<Element>.roundingTolerance, passLimit: passLimit
    ).solve(
      self, penalty, parameters: Vector(Array(λ) + [ρ]), from: start
    ) { progress?(.workingSets(pass: $0, violation: $1)) }
    guard found.outcome == .converged else { return nil }
    return PenalizedMinimum(
      state: found.estimate, method: "working-sets", iterations: found.passes, dualityGap: found.dualityGap,
      objective: found.objective, seconds: found.seconds)
  }
}
