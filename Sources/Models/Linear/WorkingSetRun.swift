import LinAlg

/// One solve of ``WorkingSetSolver``: the state of its outer loop.
struct WorkingSetRun<Loss: DesignLoss> {
  typealias Element = Loss.Element
  let loss: Loss
  /// t, one per feature.
  let strengths: Vector<Element>
  private let inverseStrengths: Vector<Element>
  private var weighted: Vector<Element>
  let ridge: Element
  /// ρ, one per feature, in the place of `ridge`; nil for that.
  let ridges: Vector<Element>?
  /// The features of strength 0: in every working set.
  let unpenalized: IndexSubset
  /// Whether their derivatives vanish to rounding; only then the residuals give a dual point.
  var unpenalizedAreMet = true
  let n: Int
  /// f(0); where features have no penalty the least objective with those alone.
  var scale: Element
  var w: Vector<Element>
  var scores: Vector<Element>
  var residuals: Vector<Element>
  /// f(w).
  var lossValue: Element = 0
  /// Xᵀr/n − ρ ∘ w on the features that are alive: minus the gradient.
  var gradient: Vector<Element>
  /// √(sup ℓ″ ‖column‖²/n + ρ).
  private let rootCurvature: Vector<Element>
  var alive: IndexSubset
  private var compact = Vector<Element>.zeros(0)
  var small: SmallProblem<Element>
  var large = ColumnProblem<Element>()
  /// The solution of the last working set's problem, and whether it is one to rounding.
  var model = Vector<Element>.zeros(0)
  var isModelSolved = false
  let hessian: DesignHessian<Element>
  /// How far optimality conditions may be violated, relative to the strengths; nil for rounding. Violations of ε everywhere leave a duality gap of at most
  /// 2 ε times the penalty.
  var precision: Element?
  var result: WorkingSetSolution<Element>

  init(
    _ loss: Loss, _ strengths: Vector<Element>, _ ridge: Element, _ ridges: Vector<Element>?, _ start: Vector<Element>?
  ) {
    self.loss = loss
    self.strengths = strengths
    self.ridge = ridge
    self.ridges = ridges
    unpenalized = IndexSubset(strengths.indicesOfZeros(), universe: strengths.count)
    n = loss.sampleCount
    let p = loss.featureCount
    // No excess where there is no penalty.
    var inverses = Vector<Element>.zeros(p)
    let (t, reciprocal) = (strengths.base, inverses.mutableBase())
    for j in 0..<p where t[j] != 0 { reciprocal[j] = 1 / t[j] }
    inverseStrengths = inverses
    weighted = .zeros(p)
    scores = .zeros(n)
    residuals = .zeros(n)
    scale = loss.value(scores: scores, residuals: &residuals)
    w = start.map { Vector(copying: $0) } ?? .zeros(p)
    gradient = .zeros(p)
    var curvature = Vector<Element>.zeros(p)
    let norms = loss.squaredColumnNorms
    // An infinite bound screens nothing; a column of zeros has no curvature all the same.
    let bound = loss.curvatureBound / Element(n)
    let (out, squares) = (curvature.mutableBase(), norms.base)
    for j in 0..<p { out[j] = ((squares[j] == 0 ? 0 : squares[j] * bound) + (ridges?[j] ?? ridge)).squareRoot() }
    rootCurvature = curvature
    alive = IndexSubset(Array(0..<p), universe: p)
    hessian = loss.makeHessian()
    small = hessian.lentProblem ?? SmallProblem()
    hessian.lentProblem = nil
    result = WorkingSetSolution(
      estimate: w, outcome: .iterationLimit, dualityGap: .infinity, objective: .infinity, passes: 0, epochs: 0,
      newtonSteps: 0, largestWorkingSet: 0, screened: 0, seconds: 0)
  }

  mutating func solve(
    tolerance: Element, passLimit: Int, _ progress: ((Int, Element) -> Void)?
  ) -> WorkingSetSolution<Element> {
    let clock = ContinuousClock.now
    var bestGap = Element.infinity
    var gapWasMet = false
    let isRough = tolerance > WorkingSetSolver<Element>.roundingTolerance
    if isRough { hessian.roughSolves += 1 }
    precision = isRough && unpenalized.count == 0 ? tolerance / 2 : nil
    // What is solved to rounding does not depend on what was solved before.
    if !isRough { small.factor.reset() }
    if !chooseStart() {
      result.outcome = .singular
      return finished(since: clock)
    }
    var idlePasses = 0
    var wasSolved = isRough && solveWhereTheLastEnded(tolerance)
    while result.passes < passLimit {
      refreshGradient()
      result.passes += 1
      let isFinite = screenAndMeasure()
      progress?(result.passes, result.dualityGap)
      if !isFinite {
        result.outcome = .notFinite()
        break
      }
      var (working, violators, isComplete) = chooseWorkingSet()
      let roundingTolerance = WorkingSetSolver<Element>.roundingTolerance
      if unpenalizedAreMet
        && result.dualityGap <= max(tolerance * result.objective, min(tolerance, roundingTolerance) * scale)
      {
        let isOptimal = violators == 0 && (result.passes > 1 || working.count == 0)
        if isRough || isOptimal || gapWasMet {
          result.outcome = minimizerIsUnique() ? .converged : .singular
          break
        }
        gapWasMet = true
      }
      // No violator beyond rounding, and the last working set was solved to rounding: this is the solution, and the gap
      // that is left is the rounding error of the objective.
      if violators == 0 && isModelSolved {
        if unpenalizedAreMet {
          result.outcome = minimizerIsUnique() ? .converged : .singular
          break
        }
        idlePasses += 1
        if idlePasses > 2 {
          result.outcome = .stagnated
          break
        }
      }
      if violators == 0 {
        (working, isComplete) = (IndexSubset(nonzerosOf: w, and: unpenalized.elements), true)
        // What was solved for leaves a larger gap: by rounding, or where strengths differ by orders.
        if isRough && wasSolved { precision = precision.flatMap { $0 > 256 * .ulpOfOne ? $0 / 4 : nil } }
      }
      solveWorkingSet(working, gap: min(bestGap, result.dualityGap), isComplete)
      wasSolved = true
      bestGap = min(bestGap, result.dualityGap)
      refreshResiduals()
    }
    if isRough { keepSlopes() }
    return finished(since: clock)
  }

  private mutating func finished(since clock: ContinuousClock.Instant) -> WorkingSetSolution<Element> {
    result.estimate = w
    giveBack()
    result.seconds = clock.secondsSince()
    return result
  }

  /// ρ of a feature.
  @inline(__always)
  func ridge(_ j: Int) -> Element { ridges?[j] ?? ridge }

  /// Σ ρⱼ wⱼ².
  private mutating func ridgeSquares() -> Element {
    guard let ridges else { return ridge * w.dot(w) }
    weighted.assignProduct(ridges, w)
    return weighted.dot(w)
  }

  /// Σ tⱼ |wⱼ| + ½ Σ ρⱼ wⱼ².
  mutating func penalty() -> Element {
    weighted.assignProduct(strengths, w)
    let norm = weighted.oneNorm
    return norm + ridgeSquares() / 2
  }

  /// Sets the residuals. A start worse than zero, or with entries on columns that are zero and have no curvature (which no
  /// step would move), would cost more than it gives. Features without a penalty are fitted alone first, and what that leaves is the zero; false where
  /// they have no unique minimizer.
  mutating func chooseStart() -> Bool {
    let flat = rootCurvature.base
    for j in 0..<w.count where flat[j] == 0 { w[j] = 0 }
    if unpenalized.count == 0 {
      refreshResiduals()
      if !(lossValue + penalty() <= scale) {
        w.fill(0)
        refreshResiduals()
      }
      return true
    }
    let start = Vector(copying: w)
    w.fill(0)
    refreshResiduals()
    guard unpenalizedAreIndependent() else { return false }
    fitUnpenalized()
    scale = lossValue + penalty()
    let fitted = Vector(copying: w)
    w = start
    refreshResiduals()
    if !(lossValue + penalty() < scale) {
      w = fitted
      refreshResiduals()
    }
    return true
  }

  /// scores ← X w through the support's columns, and the residuals there.
  mutating func refreshResiduals() {
    let support = IndexSubset(nonzerosOf: w)
    scores.fill(0)
    if support.count > 0 {
      var values = Vector<Element>.zeros(support.count)
      values.gather(support, from: w)
      loss.features.addProduct(columns: support, values, to: &scores)
    }
    lossValue = loss.value(scores: scores, residuals: &residuals)
  }

  private mutating func refreshGradient() {
    if refreshGradientInSingle() { return }
    if let known = hessian.knownSlopes, known.residuals == residuals {
      if known.isSolved && known.strengths == strengths && known.ridge == ridge && known.ridges == ridges {
        isModelSolved = true
      }
      takeSlopes(known.slopes)
      return
    }
    if let linear = loss.linearTerm, w.nonzeroCount == 0 {
      // Of a quadratic at zero that is Xᵀr/n, and it is there already.
      gradient.copy(from: linear)
    } else if alive.count == w.count {
      loss.features.multiplyTransposed(residuals, alpha: 1 / Element(n), beta: 0, into: &gradient)
    } else {
      if compact.count != alive.count { compact = .zeros(alive.count) }
      loss.features.multiplyTransposed(columns: alive, residuals, alpha: 1 / Element(n), into: &compact)
      gradient.scatter(alive, from: compact)
    }
    subtractRidge()
  }

  mutating func subtractRidge() {
    if let ridges {
      weighted.assignProduct(ridges, w)
      gradient.add(-1, weighted)
    } else {
      gradient.add(-ridge, w)
    }
    unpenalizedAreMet = meetsUnpenalized()
  }

  /// The objective, the duality gap and the features that survive; whether all is finite.
  ///
  /// With √ρ I as rows below X, whose scores enter as their squares' half, the ridge is part of the loss and the penalty is
  /// the 1-norm alone. The dual point is minus the loss's gradient in the scores, scaled by c into the feasible set
  /// |gradientⱼ| c ≤ tⱼ. Where a feature has no penalty that asks for a derivative of 0: its rounding is far below the radius's own, and where it is
  /// more nothing is screened.
  private mutating func screenAndMeasure() -> Bool {
    weighted.assignProduct(gradient, inverseStrengths)
    let excess = weighted.maxNorm
    let c = 1 / max(1, excess)
    let squares = ridgeSquares()
    result.objective = lossValue + penalty()
    let dual = loss.dualValue(scores: scores, residuals: residuals, scale: c) - c * c * squares / 2
    result.dualityGap = max(0, result.objective - dual)
    guard result.dualityGap.isFinite, excess.isFinite else { return false }
    if !unpenalizedAreMet { return true }
    // A sphere of radius √(2 gap) about the dual point, in units of a column's norm. The gap is a difference known to the
    // rounding of its terms, the gradient to some ulps.
    let radius = (2 * (result.dualityGap + 16 * .ulpOfOne * max(result.objective, scale))).squareRoot()
    let slack = 1 - 32 * Element.ulpOfOne
    let (g, t, h) = (gradient.base, strengths.base, rootCurvature.base)
    let x = w.base
    let survivors = [Int](unsafeUninitializedCapacity: alive.count) { buffer, count in
      guard let out = buffer.baseAddress else { return }
      alive.withElements { alive in
        for j in alive where x[j] != 0 || t[j] == 0 || c * g[j].magnitude + radius * h[j] >= t[j] * slack {
          out[count] = j
          count += 1
        }
      }
    }
    if survivors.count < alive.count {
      result.screened += alive.count - survivors.count
      alive = IndexSubset(survivors, universe: w.count)
    }
    return true
  }
}
