public import ImplicitDiff
public import LinAlg

/// Projected gradient ascent on the validation loss: shifts training rows, each within a Euclidean ball, so that the model
/// trained on them does badly on the held-out rows.
///
/// A step moves each row by `stride` along its own normalized gradient and projects it back onto its ball; `stride` is
/// 2 R/N for budget R and N steps, so that the ball can be crossed. The best shift met is kept.
public struct PoisoningAttack<Element: Scalar> {
  public let map: PoisoningMap<Element>
  /// −validation loss, to be minimized.
  public let objective: HeldOutCrossEntropy<Element>
  /// R, the largest norm of a row's shift.
  public let budget: Element
  /// N.
  public let steps: Int
  public let solver: FixedPointSolver<Element>

  /// What is known after a step; step 0 is the clean model.
  public struct Progress: Sendable {
    public var step: Int
    public var validationLoss: Element
    public var validationAccuracy: Double
    public var trainingAccuracy: Double
    /// The largest norm of a row's shift.
    public var largestShift: Element
    public var innerIterations: Int
    public var support: Int
    public var seconds: Double
  }

  /// The strongest shift found, one row of p entries per poisoned sample, and the model trained on it.
  public struct Result: Sendable {
    /// The step it was found at, the first of those that do equally well; 0 is no shift.
    public var step: Int
    public var shift: Vector<Element>
    public var weights: Vector<Element>
    public var validationLoss: Element
  }

  /// An attack that ended before its last step.
  public struct Interrupted: Error {
    /// The strongest shift found until then.
    public var found: Result
    /// Why: what ``run(_:)`` throws where nothing was found yet, or what its argument threw.
    public var reason: any Error
  }

  /// - Precondition: budget ≥ 0, steps ≥ 1; the objective is negated.
  public init(
    map: PoisoningMap<Element>, objective: HeldOutCrossEntropy<Element>, budget: Element, steps: Int,
    solver: FixedPointSolver<Element>? = nil
  ) {
    precondition(budget >= 0 && steps >= 1, "PoisoningAttack: a budget of \(budget) and \(steps) steps")
    self.map = map
    self.objective = objective
    self.budget = budget
    self.steps = steps
    self.solver =
      solver
      ?? FixedPointSolver(
        stopping: .tolerance(AID<PoisoningMap<Element>>.defaultTolerance), acceleration: .anderson(memory: 8))
  }

  /// Runs the attack from no shift, warm-starting the inner and the adjoint solve.
  ///
  /// - Throws: `ConvergenceFailure` where the first model cannot be trained. ``Interrupted`` later, with the strongest shift
  ///   until then: for a `ConvergenceFailure` of a solve that does not reach its accuracy, or
  ///   what `report` throws.
  public func run(_ report: (Progress) throws -> Void) throws -> Result {
    var best: Result?
    do {
      try run(&best, report)
    } catch {
      if let best { throw Interrupted(found: best, reason: error) }
      throw error
    }
    return best!
  }

  private func run(_ best: inout Result?, _ report: (Progress) throws -> Void) throws {
    let p = map.smooth.loss.featureCount
    let strategy = AID<PoisoningMap<Element>>(.conjugateGradient, warmStarts: true)
    let workspace = strategy.makeWorkspace(for: map)
    var shift = Vector<Element>.zeros(map.parameterCount)
    var gradient = Vector<Element>.zeros(map.parameterCount)
    var scratch = gradient
    var w: Vector<Element>?
    let stride = 2 * budget / Element(steps)
    for step in 0...steps {
      let clock = ContinuousClock.now
      let solution = solver.solve(map, parameters: shift, from: w)
      let weights = try solution.get()
      w = weights
      let loss = -objective.value(at: weights, parameters: shift)
      if best.map({ loss > $0.validationLoss }) ?? true {
        best = Result(step: step, shift: Vector(copying: shift), weights: weights, validationLoss: loss)
      }
      try report(
        Progress(
          step: step, validationLoss: loss, validationAccuracy: objective.accuracy(at: weights),
          trainingAccuracy: map.smooth.loss.accuracy(at: weights), largestShift: largestRow(shift, p),
          innerIterations: solution.iterations, support: weights.nonzeroCount, seconds: clock.secondsSince()))
      if step == steps { break }
      let problem = FixedPointProblem(map, parameters: shift, state: weights, stateIsSolution: true)
      let outcome = try strategy.hypergradient(
        of: objective, problem, into: &gradient, scratch: &scratch, workspace: workspace)
      _ = try Derivative(estimate: gradient, report: outcome).get()
      shift = moved(shift, against: gradient, by: stride, p)
    }
  }

  /// Each row moved against its gradient and projected onto its ball.
  private func moved(
    _ shift: Vector<Element>, against gradient: Vector<Element>, by stride: Element, _ p: Int
  ) -> Vector<Element> {
    var next = Vector(copying: shift)
    for k in 0..<map.smooth.poisoned.count {
      let range = k * p..<(k + 1) * p
      let g = gradient[segment: range]
      let size = g.norm
      guard size > 0 else { continue }
      var row = Vector(copying: shift[segment: range])
      row.add(-stride / size, g)
      let length = row.norm
      if length > budget { row.scale(by: budget / length) }
      next[segment: range] = row
    }
    return next
  }

  private func largestRow(_ shift: Vector<Element>, _ p: Int) -> Element {
    (0..<map.smooth.poisoned.count).reduce(0) { max($0, shift[segment: $1 * p..<($1 + 1) * p].norm) }
  }
}
