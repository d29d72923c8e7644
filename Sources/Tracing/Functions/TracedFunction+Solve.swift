public import ImplicitDiff
public import LinAlg
internal import Models
public import NonsmoothMaps

extension TracedFunction: PenalizedMinimizer {
  /// By working sets, as a `LinearModel`, where f was recognised as a sum of functions of scores X w with a ridge, and the penalty is a weighted 1-norm or one by
  /// blocks; nil otherwise.
  public func minimum<G: ProximalMap<Element>>(
    with penalty: G, parameters λ: Vector<Element>, from start: Vector<Element>?, tolerance: Element?,
    iterationLimit: Int, progress: ((SolveProgress<Element>) -> Void)?
  ) -> PenalizedMinimum<Element>? {
    guard let form = tape.scores, penalty is any WeightedL1Penalty<Element> || penalty is any BlockPenalty<Element>
    else { return nil }
    let m = penalty.parameterCount
    let scores = scores(form, parameters: Vector(copying: λ[segment: m..<λ.count]))
    func minimum(_ loss: some DesignLoss<Element>) -> PenalizedMinimum<Element>? {
      loss.minimum(
        with: penalty, parameters: λ[segment: 0..<m], ridge: scores.ridge, from: start,
        tolerance: tolerance, iterationLimit: iterationLimit, progress: progress)
    }
    if let loss = quadraticLoss(form, scores) { return minimum(loss) }
    return functionLoss(form, scores).map(minimum) ?? nil
  }

  /// F at λ. Where F does not depend on λ but the ridge does, that of the last solve.
  private func scores(_ form: ScoreForm<Element>, parameters λ: Vector<Element>) -> TracedScores<Element> {
    if let known = lastScores, !known.dependsOnParameters {
      known.set(parameters: λ)
      return known
    }
    let scores = TracedScores(tape, form, parameters: λ, bound: curvature?.weightBound(λ) ?? .infinity)
    lastScores = scores
    return scores
  }

  /// Kept as long as F stays, whose least value takes a search.
  private func functionLoss(_ form: ScoreForm<Element>, _ scores: TracedScores<Element>) -> FunctionLoss<Element>? {
    var slopes = Vector<Element>.zeros(form.gram.features.rows)
    // A number that is added to F shows here.
    let atZero = scores.value(scores: slopes, slopes: &slopes)
    if let known = lastLoss, known.function === scores, known.atZero == atZero { return known.loss }
    let loss = FunctionLoss(features: form.gram.features, function: scores)
    lastLoss = loss.map { (scores, atZero, $0) }
    return loss
  }

  /// F as ‖X w − y‖²/(2n), where it is that up to a number and the rounding of its factor. Kept as long as y stays: what it knows of X is of use again.
  private func quadraticLoss(_ form: ScoreForm<Element>, _ scores: TracedScores<Element>) -> QuadraticLoss<Element>? {
    let n = form.gram.features.rows
    guard let c = scores.uniformCurvature, (Element(n) * c - 1).magnitude <= 4 * .ulpOfOne else { return nil }
    var y = Vector<Element>.zeros(n)
    _ = scores.value(scores: y, slopes: &y)
    y.scale(by: -Element(n))
    if let known = squares as? QuadraticLoss<Element>, known.targets == y { return known }
    let loss = QuadraticLoss(features: form.gram.features, targets: y, hessian: tape.sharedDesigns.first ?? nil)
    squares = loss
    return loss
  }
}
