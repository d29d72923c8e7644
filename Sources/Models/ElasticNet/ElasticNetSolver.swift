public import LinAlg

/// How solving an elastic net ended.
public enum ElasticNetOutcome: Sendable, Equatable {
  /// The duality gap met the tolerance, or the optimality conditions hold to rounding.
  case converged
  /// The limit on passes over the data came first.
  case passLimit
  /// The working set grew beyond what a Gram matrix is made for; the solver of the fixed-point map takes any size.
  case workingSetTooLarge(Int)
  /// A NaN or an infinity appeared.
  case notFinite
}

/// A minimizer of the elastic net as far as it was found, with its duality gap.
public struct ElasticNetSolution<Element: Scalar>: Sendable {
  public var estimate: Vector<Element>
  public var outcome: ElasticNetOutcome
  /// P(w) − D(θ), a bound on how far the objective is above its minimum; at best the rounding error of P.
  public var dualityGap: Element
  /// P(w).
  public var objective: Element
  /// Passes over (the columns not yet screened out of) X.
  public var passes: Int
  /// Epochs of coordinate descent on working sets.
  public var epochs: Int
  /// Newton steps on supports.
  public var newtonSteps: Int
  /// The largest working set.
  public var largestWorkingSet: Int
  /// Features that gap-safe screening proved to be zero in the solution.
  public var screened: Int
  public var seconds: Double
}

/// Minimizes `‖X w − y‖²/(2n) + λ1 ‖w‖₁ + (λ2/2) ‖w‖²`, λ1 > 0, by working sets.
///
/// A pass over X gives the gradient, the duality gap and the features that gap-safe screening removes for good. The
/// support and the worst violators of the optimality conditions form the working set, whose small problem is solved on
/// its Gram matrix: a few epochs of coordinate descent find signs, and a Newton step on the support (one Cholesky
/// factorization) solves for them exactly, or moves to the first sign change. So the last working set is solved to
/// rounding, and few passes over the data are made.
///
/// Sources: working sets after Massias, Gramfort, Salmon, *Celer*, ICML 2018; screening after Ndiaye, Fercoq, Gramfort,
/// Salmon, *Gap safe screening rules for sparsity enforcing penalties*, JMLR 18 (2017).
public struct ElasticNetSolver<Element: Scalar>: Sendable {
  /// Stops when the duality gap is at most this times ‖y‖²/(2n).
  ///
  /// A gap at the rounding of the objective leaves w known to the square root of that only. So at the default or below,
  /// the optimality conditions are asked for as well, unless a working set was solved since the gap first met it.
  public var tolerance: Element
  public var passLimit: Int

  public init(tolerance: Element = Self.roundingTolerance, passLimit: Int = 200) {
    precondition(tolerance >= 0, "ElasticNetSolver: the tolerance cannot be negative (\(tolerance))")
    self.tolerance = tolerance
    self.passLimit = passLimit
  }

  /// 16 ε: the rounding of the objective.
  public static var roundingTolerance: Element { 16 * .ulpOfOne }

  /// Solves from `start` (p entries; the warm start along a path), zero where nil or where the objective at `start` is
  /// above that at zero.
  ///
  /// - Parameter progress: told of every pass and the duality gap it found.
  /// - Precondition: λ = (λ1, λ2), λ1 > 0, λ2 ≥ 0.
  public func solve(
    _ loss: QuadraticLoss<Element>, parameters λ: Vector<Element>, from start: Vector<Element>? = nil,
    progress: ((_ pass: Int, _ dualityGap: Element) -> Void)? = nil
  ) -> ElasticNetSolution<Element> {
    precondition(λ.count == 2 && λ[0] > 0 && λ[1] >= 0, "ElasticNetSolver: strengths \(λ)")
    // Squares of squares of the targets must neither over- nor underflow: beyond that range the problem is scaled, which
    // scales its solution.
    let size = loss.targets.maxNorm
    let smallest = Element.leastNormalMagnitude.squareRoot().squareRoot()
    if size > 0, size.isFinite, size < smallest || size > 1 / smallest {
      let scaled = QuadraticLoss(features: loss.features, targets: (1 / size) * loss.targets)
      var solution = solve(
        scaled, parameters: [λ[0] / size, λ[1]], from: start.map { (1 / size) * $0 },
        progress: progress.map { report in { report($0, $1 * size * size) } })
      solution.estimate.scale(by: size)
      solution.objective *= size * size
      solution.dualityGap *= size * size
      return solution
    }
    var run = WorkingSetRun(loss, λ[0], λ[1], start)
    return run.solve(tolerance: tolerance, passLimit: passLimit, progress)
  }
}

/// One solve: the state of the outer loop.
private struct WorkingSetRun<Element: Scalar> {
  let loss: QuadraticLoss<Element>
  let λ1: Element
  let λ2: Element
  let n: Int
  /// ‖y‖²/(2n).
  let scale: Element
  var w: Vector<Element>
  var residuals: Vector<Element>
  /// (Xᵀr)/n − λ2 w on the features that are alive.
  var gradient: Vector<Element>
  /// ‖column‖²/n + λ2.
  let curvature: Vector<Element>
  var alive: IndexSubset
  var compact = Vector<Element>.zeros(0)
  var small = SmallElasticNet<Element>()
  var result: ElasticNetSolution<Element>

  init(_ loss: QuadraticLoss<Element>, _ λ1: Element, _ λ2: Element, _ start: Vector<Element>?) {
    self.loss = loss
    self.λ1 = λ1
    self.λ2 = λ2
    n = loss.sampleCount
    let p = loss.featureCount
    scale = loss.targets.dot(loss.targets) / (2 * Element(n))
    w = start.map { Vector(copying: $0) } ?? .zeros(p)
    residuals = .zeros(n)
    gradient = .zeros(p)
    var curvature = Vector<Element>.zeros(p)
    curvature.copy(from: loss.squaredColumnNorms)
    curvature.scale(by: 1 / Element(n))
    let ones = Vector<Element>(repeating: 1, count: p)
    curvature.add(λ2, ones)
    self.curvature = curvature
    alive = IndexSubset(Array(0..<p), universe: p)
    result = ElasticNetSolution(
      estimate: w, outcome: .passLimit, dualityGap: .infinity, objective: .infinity, passes: 0, epochs: 0,
      newtonSteps: 0,
      largestWorkingSet: 0, screened: 0, seconds: 0)
  }

  mutating func solve(
    tolerance: Element, passLimit: Int, _ progress: ((Int, Element) -> Void)?
  ) -> ElasticNetSolution<Element> {
    let clock = ContinuousClock.now
    var bestGap = Element.infinity
    var gapWasMet = false
    discardUselessStart()
    while result.passes < passLimit {
      refreshGradient()
      result.passes += 1
      let largest = screenAndMeasure()
      progress?(result.passes, result.dualityGap)
      if !result.dualityGap.isFinite || !largest.isFinite {
        result.outcome = .notFinite
        break
      }
      var (working, violators) = chooseWorkingSet()
      if result.dualityGap <= tolerance * scale {
        let isOptimal = violators == 0 && (result.passes > 1 || working.count == 0)
        if tolerance > ElasticNetSolver<Element>.roundingTolerance || isOptimal || gapWasMet {
          result.outcome = .converged
          break
        }
        gapWasMet = true
      }
      // No violator beyond rounding, and the last working set was solved to rounding: this is the solution, and the gap
      // that is left is the rounding error of the objective.
      if violators == 0 && small.isSolved {
        result.outcome = .converged
        break
      }
      if violators == 0 { working = IndexSubset(nonzerosOf: w) }
      if working.count > QuadraticLoss<Element>.gramLimit {
        result.outcome = .workingSetTooLarge(working.count)
        break
      }
      solveWorkingSet(working, gap: min(bestGap, result.dualityGap))
      bestGap = min(bestGap, result.dualityGap)
      refreshResiduals()
    }
    result.estimate = w
    result.seconds = clock.secondsSince()
    return result
  }

  /// Sets the residuals. A start worse than zero, or with entries on columns that are zero and have no curvature (which no
  /// step would move), would cost more than it gives.
  private mutating func discardUselessStart() {
    for j in 0..<w.count where curvature[j] == 0 { w[j] = 0 }
    refreshResiduals()
    let squares = residuals.dot(residuals) + Element(n) * λ2 * w.dot(w)
    if !(squares / (2 * Element(n)) + λ1 * w.oneNorm <= scale) {
      w.fill(0)
      refreshResiduals()
    }
  }

  /// residuals ← y − X w through the support's columns.
  private mutating func refreshResiduals() {
    let support = IndexSubset(nonzerosOf: w)
    residuals.copy(from: loss.targets)
    if support.count == 0 { return }
    var values = Vector<Element>.zeros(support.count)
    values.gather(support, from: w)
    values.scale(by: -1)
    loss.features.addProduct(columns: support, values, to: &residuals)
  }

  private mutating func refreshGradient() {
    if alive.count == w.count {
      loss.features.multiplyTransposed(residuals, alpha: 1 / Element(n), beta: 0, into: &gradient)
    } else {
      if compact.count != alive.count { compact = .zeros(alive.count) }
      loss.features.multiplyTransposed(columns: alive, residuals, alpha: 1 / Element(n), into: &compact)
      gradient.scatter(alive, from: compact)
    }
    gradient.add(-λ2, w)
  }

  /// The objective, the duality gap and the features that survive; the largest |gradient|.
  ///
  /// The elastic net is the lasso on the rows of X with √(n λ2) I below them, whose residual is (r, −√(n λ2) w) and whose
  /// dual point is that residual scaled into the feasible set.
  private mutating func screenAndMeasure() -> Element {
    let largest = gradient.maxNorm
    let c = λ1 / max(λ1, largest)
    let squares = residuals.dot(residuals) + Element(n) * λ2 * w.dot(w)
    result.objective = squares / (2 * Element(n)) + λ1 * w.oneNorm
    let dual = (2 * c * loss.targets.dot(residuals) - c * c * squares) / (2 * Element(n))
    result.dualityGap = max(0, result.objective - dual)
    guard result.dualityGap.isFinite else { return largest }
    // A sphere of radius √(2 gap)/λ1 about the dual point, in units of a column's norm.
    let radius = (2 * result.dualityGap).squareRoot() / λ1
    let bound = max(λ1, largest)
    var survivors: [Int] = []
    survivors.reserveCapacity(alive.count)
    let g = gradient.base
    let h = curvature.base
    for k in 0..<alive.count {
      let j = alive[k]
      if w[j] != 0 || g[j].magnitude / bound + radius * h[j].squareRoot() >= 1 { survivors.append(j) }
    }
    if survivors.count < alive.count {
      result.screened += alive.count - survivors.count
      alive = IndexSubset(survivors, universe: w.count)
    }
    return largest
  }

  /// The support and the worst violators |gradient| > λ1, at most as many again as the support (but fifty).
  private func chooseWorkingSet() -> (working: IndexSubset, violators: Int) {
    let support = IndexSubset(nonzerosOf: w)
    let limit = λ1 * (1 + 32 * .ulpOfOne)
    var violators: [(index: Int, size: Element)] = []
    for k in 0..<alive.count {
      let j = alive[k]
      let size = gradient[j].magnitude
      if w[j] == 0 && size > limit { violators.append((j, size)) }
    }
    let room = max(50, support.count)
    if violators.count > room {
      violators.sort { $0.size > $1.size }
      violators.removeSubrange(room...)
    }
    let all = (support.elements + violators.map(\.index)).sorted()
    return (IndexSubset(all, universe: w.count), violators.count)
  }

  private mutating func solveWorkingSet(_ working: IndexSubset, gap: Element) {
    result.largestWorkingSet = max(result.largestWorkingSet, working.count)
    small.load(loss, working, w)
    small.solve(λ1, λ2, gap: gap)
    result.epochs += small.epochs
    result.newtonSteps += small.newtonSteps
    w.scatter(working, from: small.w)
  }
}
