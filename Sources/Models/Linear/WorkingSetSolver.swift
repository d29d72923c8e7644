public import ImplicitDiff
public import LinAlg
import NonsmoothMaps

/// A minimizer of a penalized linear model as far as it was found, with its duality gap.
public struct WorkingSetSolution<Element: Scalar>: Sendable {
  public var estimate: Vector<Element>
  /// `converged` where the duality gap met the tolerance, or the optimality conditions hold to rounding; `iterationLimit` where the limit on passes
  /// came first; `singular` where the features without a penalty leave no minimizer or several, as two that are equal or a loss that falls for ever
  /// along them; `stagnated` where their conditions could not be met to rounding.
  public var outcome: Outcome<Element>
  /// P(w) − D(θ), a bound on how far the objective is above its minimum; at best the rounding error of P.
  public var dualityGap: Element
  /// P(w).
  public var objective: Element
  /// Passes over (the columns not yet screened out of) X.
  public var passes: Int
  /// Epochs of coordinate descent on working sets.
  public var epochs: Int
  /// Newton steps on supports, and for a loss that is not quadratic the quadratic models of working sets.
  public var newtonSteps: Int
  /// The largest working set.
  public var largestWorkingSet: Int
  /// Features that gap-safe screening proved to be zero in the solution.
  public var screened: Int
  public var seconds: Double

  /// The minimizer, if it was found.
  ///
  /// - Throws: `ConvergenceFailure` with the duality gap otherwise.
  public func get() throws(ConvergenceFailure) -> Vector<Element> {
    guard outcome == .converged else {
      throw ConvergenceFailure(
        method: "working-sets", outcome: outcome, iterations: passes, residual: dualityGap)
    }
    return estimate
  }

  /// Nothing was done, as the numbers do not allow it.
  static func refused(_ outcome: Outcome<Element>, start: Vector<Element>) -> WorkingSetSolution {
    WorkingSetSolution(
      estimate: start, outcome: outcome, dualityGap: .infinity, objective: .infinity, passes: 0, epochs: 0,
      newtonSteps: 0, largestWorkingSet: 0, screened: 0, seconds: 0)
  }
}

/// Minimizes `f(w) + Σⱼ tⱼ |wⱼ| + ½ Σⱼ ρⱼ wⱼ²` for a ``DesignLoss`` f and strengths t ≥ 0, by working sets: the inner problem of a
/// ``LinearModel`` with a `WeightedL1Penalty`. Features of strength 0 belong to every working set; there may be some.
///
/// A pass over X gives the gradient, the duality gap and the features that gap-safe screening removes for good. The
/// support and the worst violators of the optimality conditions form the working set. Its problem, or for a loss that is
/// not quadratic its quadratic model at the present point (proximal Newton, with a line search), is solved on the Gram
/// matrix: a few epochs of coordinate descent find signs, and a Newton step on the support (one Cholesky factorization)
/// solves for them exactly, or moves to the first sign change. Where the columns have far fewer entries than the Gram
/// matrix, descent goes through them and Newton's equations are solved by conjugate gradient. So the last working set is
/// solved to rounding, and few passes over the data are made.
///
/// Sources: working sets after Massias, Gramfort, Salmon, *Celer*, ICML 2018; screening after Ndiaye, Fercoq, Gramfort,
/// Salmon, *Gap safe screening rules for sparsity enforcing penalties*, JMLR 18 (2017); proximal Newton after Lee, Sun,
/// Saunders, SIAM J. Optim. 24 (2014).
public struct WorkingSetSolver<Element: Scalar>: Sendable {
  /// Stops when the duality gap is at most this times the objective: then that is at most 1/(1 − tolerance) times its minimum. Less than the rounding of
  /// f(0), or where features have no penalty of the least objective with those alone, is not asked for.
  ///
  /// A gap at the rounding of the objective leaves w known to the square root of that only. So at the default or below,
  /// the optimality conditions are asked for as well, unless a working set was solved since the gap first met it.
  public var tolerance: Element
  public var passLimit: Int

  public init(tolerance: Element = Self.roundingTolerance, passLimit: Int = 200) {
    precondition(tolerance >= 0, "WorkingSetSolver: the tolerance cannot be negative (\(tolerance))")
    self.tolerance = tolerance
    self.passLimit = passLimit
  }

  /// Features without a penalty up to which they are: each is in every working set.
  public static var unpenalizedLimit: Int { 1024 }

  /// 16 ε: the rounding of the objective.
  public static var roundingTolerance: Element { 16 * .ulpOfOne }

  /// Solves from `start` (p entries; the warm start along a path), zero where nil or where the objective at `start` is
  /// above that at zero.
  ///
  /// - Parameters:
  ///   - t: the strengths, p entries, at least 0 and 0 for at most ``unpenalizedLimit``; others are refused with an outcome.
  ///   - ρ: the strength of the ridge, at least 0.
  ///   - ridges: one for every feature, in the place of ρ; nil for that.
  ///   - progress: told of every pass and the duality gap it found.
  @specialized(where Element == Double, Loss == QuadraticLoss<Double>)
  @specialized(where Element == Double, Loss == LogisticLoss<Double>)
  @specialized(where Element == Float, Loss == QuadraticLoss<Float>)
  @specialized(where Element == Float, Loss == LogisticLoss<Float>)
  @specialized(where Element == Double, Loss == FunctionLoss<Double>)
  @specialized(where Element == Float, Loss == FunctionLoss<Float>)
  public func solve<Loss: DesignLoss<Element>>(
    _ loss: Loss, strengths t: Vector<Element>, ridge ρ: Element, ridges: Vector<Element>? = nil,
    from start: Vector<Element>? = nil, progress: ((_ pass: Int, _ dualityGap: Element) -> Void)? = nil
  ) -> WorkingSetSolution<Element> {
    let p = loss.featureCount
    precondition(t.count == p, "WorkingSetSolver: \(t.count) strengths for \(p) features")
    precondition(ridges?.count ?? p == p, "WorkingSetSolver: \(ridges?.count ?? p) ridges for \(p) features")
    if let violation = Self.violation(strengths: t, ridge: ρ, ridges: ridges) {
      return .refused(violation.value.isFinite ? .outsideDomain(violation) : .notFinite(), start: .zeros(p))
    }
    // A NaN in the targets need not show: its row may have no entries.
    if loss.targets.firstNonFinite != nil { return .refused(.notFinite(), start: .zeros(p)) }
    // Squares of squares of the targets must neither over- nor underflow: beyond that range a quadratic problem is scaled,
    // which scales its solution.
    let size = loss.targets.maxNorm
    let smallest = Element.leastNormalMagnitude.squareRoot().squareRoot()
    if size > 0, size.isFinite, size < smallest || size > 1 / smallest, let scaled = loss.inUnits(of: size) {
      let strengths = (1 / size) * t
      if (0..<p).contains(where: { strengths[$0] == 0 && t[$0] > 0 || !strengths[$0].isFinite }) {
        return .refused(.notFinite(), start: .zeros(p))
      }
      var solution = solve(
        scaled, strengths: strengths, ridge: ρ, ridges: ridges, from: start.map { (1 / size) * $0 },
        progress: progress.map { report in { report($0, $1 * size * size) } })
      solution.estimate.scale(by: size)
      // One factor after the other: of a gap of 0 the square of a large size would make infinity times 0.
      solution.objective = solution.objective * size * size
      solution.dualityGap = solution.dualityGap * size * size
      return solution
    }
    var run = WorkingSetRun(loss, t, ρ, ridges, start)
    return run.solve(tolerance: tolerance, passLimit: passLimit, progress)
  }

  /// The first strength that is no number of at least 0, or the first one of 0 that is too many; the ridge's where it is negative or none, with index p
  /// where there is one for all.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private static func violation(
    strengths t: Vector<Element>, ridge ρ: Element, ridges: Vector<Element>?
  ) -> ParameterViolation? {
    var zeros = 0
    let count = t.count
    let t = t.base
    for j in 0..<count {
      if !(t[j] >= 0 && t[j].isFinite) {
        return ParameterViolation(index: j, value: Double(t[j]), expected: "a strength of at least 0")
      }
      if t[j] == 0 { zeros += 1 }
      if zeros > unpenalizedLimit {
        return ParameterViolation(
          index: j, value: 0, expected: "a strength above 0 for all but \(unpenalizedLimit) features")
      }
    }
    if let ridges {
      for j in 0..<ridges.count where !(ridges[j] >= 0 && ridges[j].isFinite) {
        return ParameterViolation(index: j, value: Double(ridges[j]), expected: "a ridge of at least 0")
      }
      return nil
    }
    if ρ >= 0 && ρ.isFinite { return nil }
    return ParameterViolation(index: count, value: Double(ρ), expected: "a strength of at least 0")
  }
}
