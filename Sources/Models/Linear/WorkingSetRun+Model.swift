import LinAlg

/// The problems of single working sets.
extension WorkingSetRun {
  /// A large working set that is not complete will be replaced by a larger one: it is solved roughly.
  mutating func solveWorkingSet(_ working: IndexSubset, gap: Element, _ isComplete: Bool) {
    result.largestWorkingSet = max(result.largestWorkingSet, working.count)
    if solveOnKeptProducts(working, gap: gap) { return }
    var current = Vector<Element>.zeros(working.count)
    current.gather(working, from: w)
    if loss.linearTerm != nil {
      solveModel(working, at: current, gap: gap, accuracy: isComplete ? precision ?? 0 : nil)
      w.scatter(working, from: model)
    } else {
      solveByProximalNewton(working, from: current, gap: gap, isComplete)
    }
  }

  /// Of a quadratic loss on dense features: on the products of all features that were in a working set so far, where they lie. Whether that was done.
  private mutating func solveOnKeptProducts(_ working: IndexSubset, gap: Element) -> Bool {
    guard let linear = loss.linearTerm, ridges == nil, !columnsPay(working.count), hessian.keep(working),
      // Beyond that a matrix of the working set's own is less to go through.
      hessian.growing.count <= 4 * working.count + 256
    else { return false }
    small.load(hessian.growing, start: w, strengths: strengths, linear: linear, ridge: ridge)
    // Without a penalty on some features f(0) is not what the gap begins at, and nothing is solved roughly.
    small.solve(gap: gap, goal: precision.map { RoughGoal(precision: $0, objectiveAtZero: scale) })
    w.scatter(small.columns, from: small.w)
    (isModelSolved, result.epochs, result.newtonSteps) =
      (small.isSolved, result.epochs + small.epochs, result.newtonSteps + small.newtonSteps)
    small.letGo()
    return true
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
    let ridges = ridges.map { ridges in Vector(count: working.count) { ridges[working[$0]] } }
    if columnsPay(working.count) {
      large.load(hessian, working, at: current, residuals: residuals, strengths: t, ridge: ridge, ridges: ridges)
      large.solve(gap: gap, accuracy: accuracy)
      model = large.w
      (isModelSolved, result.epochs, result.newtonSteps) =
        (large.isSolved, result.epochs + large.epochs, result.newtonSteps + large.newtonSteps)
      return
    }
    small.load(start: current, strengths: t, ridge: ridges == nil ? ridge : 0) { [hessian, loss, residuals, n] G, c in
      hessian.assemble(onWorkingSet: working, into: &G)
      if let linear = loss.linearTerm {
        c.gather(working, from: linear)
      } else {
        loss.features.multiplyTransposed(columns: working, residuals, alpha: 1 / Element(n), into: &c)
        c.assignSymmetricProduct(G, current, alpha: 1, beta: 1)
      }
      if let ridges { for i in 0..<ridges.count { G[i, i] += ridges[i] } }
    }
    small.solve(gap: gap, goal: precision.map { RoughGoal(precision: $0, objectiveAtZero: nil) })
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
    // Coordinates without a penalty may have no curvature where ℓ″ = 0: then a floor of ℓ″, at whose bound the model lies above the objective, lets
    // them move.
    let bound = loss.curvatureBound
    let raisesFloor = unpenalized.count > 0 && bound.isFinite
    var floor: Element = 0
    while !isAtRounding && models < (isRough ? 3 : 50) {
      models += 1
      result.newtonSteps += 1
      hessian.setWeights {
        loss.curvatures(scores: scores, into: &$0)
        if floor > 0 { for i in 0..<$0.count where $0[i] < floor { $0[i] = floor } }
      }
      loss.features.multiplyTransposed(columns: working, residuals, alpha: 1 / Element(n), into: &slope)
      // The model's own error is of the size of the last step's square.
      let relative = min(1, lastSize / max(current.maxNorm, .leastNormalMagnitude))
      let accuracy = min(Element(1) / 1000, relative * relative / 10)
      solveModel(working, at: current, gap: gap, accuracy: isRough ? nil : accuracy)
      step.assign(1, model, -1, current)
      // −(directional derivative of the objective): positive unless the step is rounding.
      var promise = slope.dot(step)
      for i in 0..<k {
        promise -= ridge(working[i]) * current[i] * step[i]
        promise -= strengths[working[i]] * (model[i].magnitude - current[i].magnitude)
      }
      image.fill(0)
      loss.features.addProduct(columns: working, step, to: &image)
      let before = lossValue + penalty()
      let noise = 64 * Element.ulpOfOne * before
      var fraction: Element = 1
      while true {
        trial.assign(1, scores, fraction, image)
        if fraction < 1 { model.assign(1, current, fraction, step) }
        w.scatter(working, from: model)
        lossValue = loss.value(scores: trial, residuals: &residuals)
        let after = lossValue + penalty()
        // Where a loss without a bound on ℓ″ overflows, a shorter step does not.
        if after <= before - fraction * promise / 10_000 || promise <= noise || after.isNaN { break }
        fraction /= 2
        if fraction < Element.ulpOfOne { break }
      }
      swap(&scores, &trial)
      current = model
      if !lossValue.isFinite { return }
      if let precision, fraction == 1, promise <= precision / 4 * before { break }
      // Newton's steps shrink until they are rounding, of w or of the system's condition: then they no longer do.
      let size = step.maxNorm
      isAtRounding =
        fraction == 1 && (isModelSolved || !raisesFloor)
        && (size <= 4 * .ulpOfOne * current.maxNorm || (promise <= noise && size >= lastSize / 2))
      lastSize = size
      if !raisesFloor { continue }
      let isStuck = fraction < 1 || !isModelSolved
      floor = isStuck ? min(bound, max(10 * floor, bound / 1000)) : floor / 10
      if floor < bound / 10_000 { floor = 0 }
    }
    isModelSolved = isModelSolved && isAtRounding
  }
}
