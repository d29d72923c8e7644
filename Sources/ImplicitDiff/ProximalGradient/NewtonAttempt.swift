import LinAlg
import NonsmoothMaps

/// Newton's method for w = Φ(w) from a point that the iteration has reached: d = (I − A1)⁻¹ (Φ(w) − w), then a step of Φ, by which w keeps within bounds.
///
/// Φ is piecewise smooth: on the piece of the solution this ends in a few steps, in one where f is quadratic, however slowly Φ contracts. From another
/// piece it may lead anywhere, so a point counts only where its residual is far below that of the start.
final class NewtonAttempt<Map: FixedPointMap> {
  typealias Element = Map.Element
  private let map: Map
  private let strategy = AID<Map>()
  private let workspace: AIDWorkspace<Map>
  private var direction: Vector<Element>
  /// Evaluations of Φ that nobody has counted yet.
  private var evaluations = 0

  init(_ map: Map) {
    self.map = map
    workspace = strategy.makeWorkspace(for: map)
    direction = .zeros(map.stateCount)
  }

  func takeEvaluations() -> Int {
    defer { evaluations = 0 }
    return evaluations
  }

  /// The most steps of one attempt, and how many may pass without the residual falling: the first ones change pieces.
  private static var stepLimit: Int { 30 }
  private static var patience: Int { 4 }

  /// A point whose residual is at most a tenth of that of `start`; nil where there is none within reach, or where a step costs more than the
  /// evaluations that were spent.
  ///
  /// - Parameter spent: evaluations of Φ that the iteration has taken.
  func improve(
    _ start: Vector<Element>, residual: Element, parameters λ: Vector<Element>, spent: Int
  ) -> Vector<Element>? {
    var w = Vector(copying: start)
    var best: (state: Vector<Element>, residual: Element)?
    var waited = 0
    for _ in 0..<Self.stepLimit {
      let problem = FixedPointProblem(map, parameters: λ, state: w)
      guard let r = workspace.linearize(problem, contracting: true), r.isFinite, workspace.linearization.isDefined
      else {
        break
      }
      evaluations += 2
      if best.map({ r < $0.residual }) ?? true {
        best = (Vector(copying: w), r)
        waited = 0
      } else {
        waited += 1
      }
      if waited >= Self.patience || r <= 16 * .ulpOfOne * workspace.value.norm { break }
      guard strategy.newtonStep(workspace, from: w, spent: spent, into: &direction) else { break }
      w.add(1, direction)
      if w.firstNonFinite != nil { break }
      // `value` is free again: the step of Φ from there.
      map.apply(w, parameters: λ, into: &workspace.value)
      swap(&w, &workspace.value)
    }
    guard let best, best.residual <= residual / 10 else { return nil }
    return best.state
  }
}

extension ProximalGradientMap {
  /// The fixed point by Newton's method from near it, to the rounding of Φ; nil where that is not reached. For solvers of functions that say in the end
  /// which entries are zero.
  package func newtonPoint(near w: Vector<Element>, parameters λ: Vector<Element>) -> Vector<Element>? {
    let start = residual(at: w, parameters: λ)
    let error = { (w: Vector<Element>) in 4 * self.finiteEvaluationError(at: w, parameters: λ) }
    if start <= error(w) { return w }
    // Whatever it costs: there is nothing to compare it with.
    guard let found = NewtonAttempt(self).improve(w, residual: start, parameters: λ, spent: 1 << 40),
      isNoWorse(found, than: w, parameters: λ)
    else { return nil }
    return residual(at: found, parameters: λ) <= error(found) ? found : nil
  }

  /// Whether the objective is not higher at w than at what Φ makes of `other`, up to its rounding. A step that was thrown far off has a residual that is
  /// rounded away beside it.
  private func isNoWorse(_ w: Vector<Element>, than other: Vector<Element>, parameters λ: Vector<Element>) -> Bool {
    var image = Vector<Element>.zeros(stateCount)
    apply(other, parameters: λ, into: &image)
    let (value, bound) = (objective(at: w, parameters: λ), objective(at: image, parameters: λ))
    return value.isFinite && value <= bound + Element(stateCount + 16) * .ulpOfOne * bound.magnitude
  }

  /// The iteration, and Newton's method tried from where it stands after 64, 128, 256, … evaluations: for penalties that have no solver of their own.
  /// Convex penalties alone: of others Newton's method finds maxima too.
  func solveByNewton(
    at λ: Vector<Element>, from start: Vector<Element>?, iterationLimit: Int,
    progress: ((SolveProgress<Element>) -> Void)?
  ) -> Solution<ProximalGradientMap> {
    guard penalty.isConvex, violation(parameters: λ) == nil else {
      return iterate(at: λ, from: start, iterationLimit: iterationLimit, progress: progress)
    }
    let clock = ContinuousClock.now
    let root = Element.ulpOfOne.squareRoot()
    let attempt = NewtonAttempt(self)
    var (stretch, done, isNewton) = (64, 0, false)
    var w = start
    while stretch < iterationLimit - done {
      let solver = FixedPointSolver<Element>(
        stopping: .tolerance(root * root.squareRoot(), limit: stretch), acceleration: .anderson(memory: 5))
      let found = solver.solve(self, parameters: λ, from: w) { progress?(.iteration(done + $0, residual: $1)) }
      done += found.iterations
      stretch *= 2
      switch found.outcome {
      case .iterationLimit, .notContracting:
        var better = attempt.improve(found.estimate, residual: found.residual, parameters: λ, spent: done)
        done += attempt.takeEvaluations()
        if let state = better, !isNoWorse(state, than: found.estimate, parameters: λ) { better = nil }
        if better == nil, found.outcome != .iterationLimit { return finish(found.estimate) }
        isNewton = isNewton || better != nil
        w = better ?? found.estimate
      default: return finish(found.estimate)
      }
    }
    return finish(w)

    /// To rounding, as the iteration does it.
    func finish(_ state: Vector<Element>?) -> Solution<ProximalGradientMap> {
      let last = iterate(at: λ, from: state, iterationLimit: max(1, iterationLimit - done), progress: progress)
      return Solution(
        map: self, parameters: λ, state: last.state, outcome: last.outcome,
        method: isNewton ? "newton" : last.method, iterations: done + last.iterations, residual: last.residual,
        seconds: clock.secondsSince())
    }
  }
}
