public import ImplicitDiff
public import LinAlg
public import NonsmoothMaps

/// A minimizer with a block penalty as far as it was found.
public struct BlockWorkingSetSolution<Element: Scalar>: Sendable {
  public var estimate: Vector<Element>
  /// `converged` where the optimality conditions hold to the tolerance or to rounding; `iterationLimit` where the limit on passes came first;
  /// `stagnated` where passes no longer led anywhere: numbers near the ends of the range, or a problem too ill-conditioned for the precision.
  public var outcome: Outcome<Element>
  /// P(w) − D(θ), a bound on how far the objective is above its minimum; nil where the penalty is no norm.
  public var dualityGap: Element?
  /// The largest distance, over the blocks, of −∇f(w) − λ_G w from the penalty's subdifferential, measured in the last pass.
  public var violation: Element
  /// P(w).
  public var objective: Element
  /// Passes over (the columns not yet screened out of) X.
  public var passes: Int
  /// Epochs of block descent on working sets.
  public var epochs: Int
  /// Newton steps on working sets.
  public var newtonSteps: Int
  /// Coordinates of the largest working set.
  public var largestWorkingSet: Int
  /// Blocks that gap-safe screening proved to be zero in the solution.
  public var screened: Int
  public var seconds: Double

  /// The minimizer, if it was found.
  ///
  /// - Throws: `ConvergenceFailure` with the violation of the optimality conditions otherwise.
  public func get() throws(ConvergenceFailure) -> Vector<Element> {
    guard outcome == .converged else {
      throw ConvergenceFailure(
        method: "working-sets", outcome: outcome, iterations: passes, residual: violation)
    }
    return estimate
  }

  init(start: Vector<Element>, outcome: Outcome<Element>) {
    (estimate, self.outcome) = (start, outcome)
    (dualityGap, violation, objective) = (nil, .infinity, .infinity)
    (passes, epochs, newtonSteps, largestWorkingSet, screened, seconds) = (0, 0, 0, 0, 0, 0)
  }
}

/// Minimizes `f(w) + Σ_b g_b(w_b) + (λ_G/2) ‖w‖²` for a ``DesignLoss`` f and a ``BlockPenalty`` g by working sets of blocks.
///
/// A pass over X gives the gradient, every block's violation of the optimality conditions and, for norms, the duality gap and
/// the blocks that gap-safe screening removes for good. The blocks that are free to move and the worst violators form the working
/// set, whose problem (or for a loss that is not quadratic its quadratic model, with a line search) is solved by block descent and Newton's
/// method: on its Gram matrix where that is small, through its columns where they have far fewer entries. Solutions that are not unique (equal
/// columns without a ridge) are found as well; any of them is.
///
/// Sources: as for ``WorkingSetSolver``; for groups, Ndiaye, Fercoq, Gramfort, Salmon, *GAP safe screening rules for
/// sparse-group lasso*, NeurIPS 2016.
public struct BlockWorkingSetSolver<Element: Scalar>: Sendable {
  /// Above the default, a duality gap of this times the objective ends the solve; at the default or below, and where there is no gap,
  /// the optimality conditions hold to rounding.
  public var tolerance: Element
  public var passLimit: Int

  public init(tolerance: Element = WorkingSetSolver<Element>.roundingTolerance, passLimit: Int = 200) {
    precondition(tolerance >= 0, "BlockWorkingSetSolver: the tolerance cannot be negative (\(tolerance))")
    self.tolerance = tolerance
    self.passLimit = passLimit
  }

  /// - Parameter λ: the penalty's parameters and then λ_G, the ridge's strength; those that cannot be are refused with an outcome.
  /// - Parameter start: p entries, zero where nil; taken to the penalty's domain first.
  /// - Parameter progress: told of every pass and the violation it found.
  public func solve<Loss: DesignLoss<Element>, Penalty: BlockPenalty<Element>>(
    _ loss: Loss, _ penalty: Penalty, parameters λ: Vector<Element>, from start: Vector<Element>? = nil,
    progress: ((_ pass: Int, _ violation: Element) -> Void)? = nil
  ) -> BlockWorkingSetSolution<Element> {
    let (p, m) = (loss.featureCount, penalty.parameterCount)
    precondition(
      λ.count == m + 1 && (start?.count ?? p) == p,
      "BlockWorkingSetSolver: \(λ.count) parameters for \(m) and the ridge's, a start of \(start?.count ?? p) for \(p)")
    if loss.targets.firstNonFinite != nil || ParameterViolation.notFinite(in: λ) != nil {
      return BlockWorkingSetSolution(start: .zeros(p), outcome: .notFinite())
    }
    let strengths = λ[segment: 0..<m]
    if let violation = penalty.violation(parameters: strengths) ?? negativeRidge(λ) {
      return BlockWorkingSetSolution(start: .zeros(p), outcome: .outsideDomain(violation))
    }
    let blocks = penalty.makeBlocks(count: p, parameters: strengths)
    // Squares of squares of the targets must neither over- nor underflow: beyond that range a quadratic problem is solved for w in units of a
    // power of two, which rounds nothing.
    let size = loss.targets.maxNorm
    let smallest = Element.leastNormalMagnitude.squareRoot().squareRoot()
    let unit = size.binade
    guard size > 0, size < smallest || size > 1 / smallest, let lossInUnits = loss.inUnits(of: unit) else {
      return solve(loss, blocks, ridge: λ[m], from: start, progress)
    }
    guard let scaled = blocks.scaled(to: unit) else {
      return BlockWorkingSetSolution(start: .zeros(p), outcome: .notFinite())
    }
    func inUnits(_ x: Vector<Element>) -> Vector<Element> { Vector(count: x.count) { x[$0] / unit } }
    var solution = solve(
      lossInUnits, scaled, ridge: λ[m], from: start.map(inUnits),
      progress.map { report in { report($0, $1 * unit) } })
    solution.estimate.scale(by: unit)
    solution.violation *= unit
    solution.objective = solution.objective * unit * unit
    solution.dualityGap = solution.dualityGap.map { $0 * unit * unit }
    if solution.estimate.firstNonFinite != nil { solution.outcome = .notFinite() }
    return solution
  }

  @specialized(where Element == Double, Loss == QuadraticLoss<Double>, Blocks == GroupNorms<Double>)
  @specialized(where Element == Double, Loss == QuadraticLoss<Double>, Blocks == Intervals<Double>)
  @specialized(where Element == Double, Loss == LogisticLoss<Double>, Blocks == GroupNorms<Double>)
  @specialized(where Element == Double, Loss == LogisticLoss<Double>, Blocks == Intervals<Double>)
  @specialized(where Element == Float, Loss == QuadraticLoss<Float>, Blocks == GroupNorms<Float>)
  @specialized(where Element == Float, Loss == QuadraticLoss<Float>, Blocks == Intervals<Float>)
  @specialized(where Element == Float, Loss == LogisticLoss<Float>, Blocks == GroupNorms<Float>)
  @specialized(where Element == Float, Loss == LogisticLoss<Float>, Blocks == Intervals<Float>)
  @specialized(where Element == Double, Loss == FunctionLoss<Double>, Blocks == GroupNorms<Double>)
  @specialized(where Element == Double, Loss == FunctionLoss<Double>, Blocks == Intervals<Double>)
  @specialized(where Element == Float, Loss == FunctionLoss<Float>, Blocks == GroupNorms<Float>)
  @specialized(where Element == Float, Loss == FunctionLoss<Float>, Blocks == Intervals<Float>)
  private func solve<Loss: DesignLoss<Element>, Blocks: BlockSeparableFunction<Element>>(
    _ loss: Loss, _ blocks: Blocks, ridge: Element, from start: Vector<Element>?, _ progress: ((Int, Element) -> Void)?
  ) -> BlockWorkingSetSolution<Element> {
    var run = BlockWorkingSetRun(loss, blocks, ridge: ridge, start)
    return run.solve(tolerance: tolerance, passLimit: passLimit, progress)
  }

  private func negativeRidge(_ λ: Vector<Element>) -> ParameterViolation? {
    let last = λ.count - 1
    if λ[last] >= 0 { return nil }
    return ParameterViolation(index: last, value: Double(λ[last]), expected: "a strength of at least 0")
  }
}
