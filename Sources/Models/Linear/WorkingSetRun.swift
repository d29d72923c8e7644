import LinAlg

/// One solve of ``WorkingSetSolver``: the state of its outer loop.
struct WorkingSetRun<Loss: SmoothLoss> {
  typealias Element = Loss.Element
  private let loss: Loss
  /// λ_{g(j)}.
  private let strengths: Vector<Element>
  private let inverseStrengths: Vector<Element>
  private var weighted: Vector<Element>
  private let ridge: Element
  private let n: Int
  /// f(0).
  private let scale: Element
  private var w: Vector<Element>
  private var scores: Vector<Element>
  private var residuals: Vector<Element>
  /// f(w).
  private var lossValue: Element = 0
  /// Xᵀr/n − λ_G w on the features that are alive: minus the gradient.
  private var gradient: Vector<Element>
  /// sup ℓ″ ‖column‖²/n + λ_G.
  private let curvature: Vector<Element>
  private var alive: IndexSubset
  private var compact = Vector<Element>.zeros(0)
  private var small = SmallProblem<Element>()
  private var large = ColumnProblem<Element>()
  /// The solution of the last working set's problem, and whether it is one to rounding.
  private var model = Vector<Element>.zeros(0)
  private var isModelSolved = false
  private let hessian: DesignHessian<Element>
  private var result: WorkingSetSolution<Element>

  init(_ loss: Loss, _ groups: FeatureGroups, _ λ: Vector<Element>, _ start: Vector<Element>?) {
    self.loss = loss
    ridge = groups.ridge(λ)
    n = loss.sampleCount
    let p = loss.featureCount
    var strengths = Vector<Element>.zeros(p)
    groups.fillStrengths(λ, scale: 1, into: &strengths)
    self.strengths = strengths
    inverseStrengths = Vector(count: p) { 1 / strengths[$0] }
    weighted = .zeros(p)
    scores = .zeros(n)
    residuals = .zeros(n)
    scale = Loss.value(scores: scores, targets: loss.targets, residuals: &residuals)
    w = start.map { Vector(copying: $0) } ?? .zeros(p)
    gradient = .zeros(p)
    var curvature = Vector<Element>.zeros(p)
    curvature.copy(from: loss.squaredColumnNorms)
    curvature.scale(by: Loss.curvatureBound / Element(n))
    curvature.add(constant: ridge)
    self.curvature = curvature
    alive = IndexSubset(Array(0..<p), universe: p)
    hessian = loss.makeHessian()
    result = WorkingSetSolution(
      estimate: w, outcome: .passLimit, dualityGap: .infinity, objective: .infinity, passes: 0, epochs: 0,
      newtonSteps: 0, largestWorkingSet: 0, screened: 0, seconds: 0)
  }

  mutating func solve(
    tolerance: Element, passLimit: Int, _ progress: ((Int, Element) -> Void)?
  ) -> WorkingSetSolution<Element> {
    let clock = ContinuousClock.now
    var bestGap = Element.infinity
    var gapWasMet = false
    discardUselessStart()
    while result.passes < passLimit {
      refreshGradient()
      result.passes += 1
      let isFinite = screenAndMeasure()
      progress?(result.passes, result.dualityGap)
      if !isFinite {
        result.outcome = .notFinite
        break
      }
      var (working, violators, isComplete) = chooseWorkingSet()
      if result.dualityGap <= tolerance * scale {
        let isOptimal = violators == 0 && (result.passes > 1 || working.count == 0)
        if tolerance > WorkingSetSolver<Element>.roundingTolerance || isOptimal || gapWasMet {
          result.outcome = .converged
          break
        }
        gapWasMet = true
      }
      // No violator beyond rounding, and the last working set was solved to rounding: this is the solution, and the gap
      // that is left is the rounding error of the objective.
      if violators == 0 && isModelSolved {
        result.outcome = .converged
        break
      }
      if violators == 0 { (working, isComplete) = (IndexSubset(nonzerosOf: w), true) }
      solveWorkingSet(working, gap: min(bestGap, result.dualityGap), isComplete)
      bestGap = min(bestGap, result.dualityGap)
      refreshResiduals()
    }
    result.estimate = w
    result.seconds = clock.secondsSince()
    return result
  }

  /// Σ λ_{g(j)} |wⱼ| + (λ_G/2) ‖w‖².
  private mutating func penalty() -> Element {
    weighted.assignProduct(strengths, w)
    return weighted.oneNorm + ridge / 2 * w.dot(w)
  }

  /// Sets the residuals. A start worse than zero, or with entries on columns that are zero and have no curvature (which no
  /// step would move), would cost more than it gives.
  private mutating func discardUselessStart() {
    for j in 0..<w.count where curvature[j] == 0 { w[j] = 0 }
    refreshResiduals()
    if !(lossValue + penalty() <= scale) {
      w.fill(0)
      refreshResiduals()
    }
  }

  /// scores ← X w through the support's columns, and the residuals there.
  private mutating func refreshResiduals() {
    let support = IndexSubset(nonzerosOf: w)
    scores.fill(0)
    if support.count > 0 {
      var values = Vector<Element>.zeros(support.count)
      values.gather(support, from: w)
      loss.features.addProduct(columns: support, values, to: &scores)
    }
    lossValue = Loss.value(scores: scores, targets: loss.targets, residuals: &residuals)
  }

  private mutating func refreshGradient() {
    if alive.count == w.count {
      loss.features.multiplyTransposed(residuals, alpha: 1 / Element(n), beta: 0, into: &gradient)
    } else {
      if compact.count != alive.count { compact = .zeros(alive.count) }
      loss.features.multiplyTransposed(columns: alive, residuals, alpha: 1 / Element(n), into: &compact)
      gradient.scatter(alive, from: compact)
    }
    gradient.add(-ridge, w)
  }

  /// The objective, the duality gap and the features that survive; whether all is finite.
  ///
  /// With √λ_G I as rows below X, whose scores enter as their squares' half, the ridge is part of the loss and the penalty is
  /// the 1-norm alone. The dual point is minus the loss's gradient in the scores, scaled by c into the feasible set
  /// |gradientⱼ| c ≤ λ_{g(j)}.
  private mutating func screenAndMeasure() -> Bool {
    weighted.assignProduct(gradient, inverseStrengths)
    let excess = weighted.maxNorm
    let c = 1 / max(1, excess)
    let squares = ridge * w.dot(w)
    result.objective = lossValue + penalty()
    let dual = Loss.dualValue(residuals: residuals, targets: loss.targets, scale: c) - c * c * squares / 2
    result.dualityGap = max(0, result.objective - dual)
    guard result.dualityGap.isFinite, excess.isFinite else { return false }
    // A sphere of radius √(2 gap) about the dual point, in units of a column's norm. The gap is a difference known to the
    // rounding of its terms, the gradient to some ulps.
    let radius = (2 * (result.dualityGap + 16 * .ulpOfOne * max(result.objective, scale))).squareRoot()
    let slack = 1 - 32 * Element.ulpOfOne
    var survivors: [Int] = []
    survivors.reserveCapacity(alive.count)
    let (g, t, h) = (gradient.base, strengths.base, curvature.base)
    for k in 0..<alive.count {
      let j = alive[k]
      if w[j] != 0 || c * g[j].magnitude + radius * h[j].squareRoot() >= t[j] * slack { survivors.append(j) }
    }
    if survivors.count < alive.count {
      result.screened += alive.count - survivors.count
      alive = IndexSubset(survivors, universe: w.count)
    }
    return true
  }

  /// The support and the worst violators |gradient| > λ_{g(j)}, at most as many again as the support (but fifty); complete
  /// where that is all of them.
  private func chooseWorkingSet() -> (working: IndexSubset, violators: Int, isComplete: Bool) {
    let support = IndexSubset(nonzerosOf: w)
    let slack = 1 + 32 * Element.ulpOfOne
    var violators: [(index: Int, excess: Element)] = []
    for k in 0..<alive.count {
      let j = alive[k]
      let size = gradient[j].magnitude
      if w[j] == 0 && size > strengths[j] * slack { violators.append((j, size / strengths[j])) }
    }
    let room = max(50, support.count)
    let isComplete = violators.count <= room
    if !isComplete {
      violators.sort { $0.excess > $1.excess }
      violators.removeSubrange(room...)
    }
    let all = (support.elements + violators.map(\.index)).sorted()
    return (IndexSubset(all, universe: w.count), violators.count, isComplete)
  }

  /// A large working set that is not complete will be replaced by a larger one: it is solved roughly.
  private mutating func solveWorkingSet(_ working: IndexSubset, gap: Element, _ isComplete: Bool) {
    result.largestWorkingSet = max(result.largestWorkingSet, working.count)
    var current = Vector<Element>.zeros(working.count)
    current.gather(working, from: w)
    if loss.linearTerm != nil {
      solveModel(working, at: current, gap: gap, accuracy: isComplete ? 0 : nil)
      w.scatter(working, from: model)
    } else {
      solveByProximalNewton(working, from: current, gap: gap, isComplete)
    }
  }

  /// Whether a working set of k columns is solved through them: where it is large and its Gram matrix has more entries than
  /// four times the columns, or beyond the largest Gram matrix. Measured, an epoch through sparse columns costs about four
  /// operations an entry against one of the Gram matrix.
  private func columnsPay(_ k: Int) -> Bool {
    k > DesignHessian<Element>.gramLimit
      || (k > 256 && 4 * hessian.storedEntries(columns: Double(k)) < Double(k) * Double(k))
  }

  /// model ← the minimizer of the quadratic model at `current`, whose residuals are the present ones.
  ///
  /// - Parameter accuracy: the relative change of w at which a large problem counts as solved, 0 for rounding; nil for what
  ///   the gap asks of coordinate descent.
  private mutating func solveModel(
    _ working: IndexSubset, at current: Vector<Element>, gap: Element, accuracy: Element?
  ) {
    var t = Vector<Element>.zeros(working.count)
    t.gather(working, from: strengths)
    if columnsPay(working.count) {
      large.load(hessian, working, at: current, residuals: residuals, strengths: t, ridge: ridge)
      large.solve(gap: gap, accuracy: accuracy)
      model = large.w
      (isModelSolved, result.epochs, result.newtonSteps) =
        (large.isSolved, result.epochs + large.epochs, result.newtonSteps + large.newtonSteps)
      return
    }
    small.load(start: current, strengths: t, ridge: ridge) { [hessian, loss, residuals, n] G, c in
      hessian.assemble(on: working, into: &G)
      if let linear = loss.linearTerm {
        c.gather(working, from: linear)
      } else {
        loss.features.multiplyTransposed(columns: working, residuals, alpha: 1 / Element(n), into: &c)
        c.assignSymmetricProduct(G, current, alpha: 1, beta: 1)
      }
    }
    small.solve(gap: gap)
    model = small.w
    (isModelSolved, result.epochs, result.newtonSteps) =
      (small.isSolved, result.epochs + small.epochs, result.newtonSteps + small.newtonSteps)
  }

  /// Minimizes on the working set by quadratic models of the loss, each solved, until a step is at rounding.
  ///
  /// Each model's step decreases the objective for a short enough fraction of it; Armijo's rule with halving finds one.
  /// Within rounding of the objective the full step is taken: there Newton's method converges and the rule sees noise.
  private mutating func solveByProximalNewton(
    _ working: IndexSubset, from start: Vector<Element>, gap: Element, _ isComplete: Bool
  ) {
    let k = working.count
    var (current, step, slope) = (start, Vector<Element>.zeros(k), Vector<Element>.zeros(k))
    var image = Vector<Element>.zeros(n)
    var trial = Vector<Element>.zeros(n)
    var isAtRounding = false
    var lastSize = Element.infinity
    var models = 0
    let isRough = k > 256 && !isComplete
    while !isAtRounding && models < (isRough ? 3 : 50) {
      models += 1
      result.newtonSteps += 1
      hessian.setWeights { Loss.curvatures(scores: scores, targets: loss.targets, into: &$0) }
      loss.features.multiplyTransposed(columns: working, residuals, alpha: 1 / Element(n), into: &slope)
      // The model's own error is of the size of the last step's square.
      let relative = min(1, lastSize / max(current.maxNorm, .leastNormalMagnitude))
      let accuracy = min(Element(1) / 1000, relative * relative / 10)
      solveModel(working, at: current, gap: gap, accuracy: isRough ? nil : accuracy)
      step.assign(1, model, -1, current)
      // −(directional derivative of the objective): positive unless the step is rounding.
      var promise = slope.dot(step) - ridge * current.dot(step)
      for i in 0..<k { promise -= strengths[working[i]] * (model[i].magnitude - current[i].magnitude) }
      image.fill(0)
      loss.features.addProduct(columns: working, step, to: &image)
      let before = lossValue + penalty()
      let noise = 64 * Element.ulpOfOne * before
      var fraction: Element = 1
      while true {
        trial.assign(1, scores, fraction, image)
        if fraction < 1 { model.assign(1, current, fraction, step) }
        w.scatter(working, from: model)
        lossValue = Loss.value(scores: trial, targets: loss.targets, residuals: &residuals)
        let after = lossValue + penalty()
        if after <= before - fraction * promise / 10_000 || promise <= noise || !after.isFinite { break }
        fraction /= 2
        if fraction < Element.ulpOfOne { break }
      }
      swap(&scores, &trial)
      current = model
      if !lossValue.isFinite { return }
      // Newton's steps shrink until they are rounding, of w or of the system's condition: then they no longer do.
      let size = step.maxNorm
      isAtRounding =
        fraction == 1
        && (size <= 4 * .ulpOfOne * current.maxNorm || (promise <= noise && size >= lastSize / 2))
      lastSize = size
    }
    isModelSolved = isModelSolved && isAtRounding
  }
}
