import LinAlg

extension BlockWorkingSetRun {
  mutating func solveWorkingSet(isNew: Bool, target: Element?) {
    if loss.linearTerm != nil {
      if isNew { assemble() }
      solveModel(target)
      takeSolution()
      refreshResiduals()
    } else {
      solveByProximalNewton(target)
    }
  }

  /// w ← the solution on the working set; blocks outside of it stay, zero or at their bounds.
  private mutating func takeSolution() { for k in 0..<working.count { w[working[k]] = solution[k] } }

  /// Whether a working set of k columns is solved through them; see ``WorkingSetRun``. Of systems that are solved to a few digits, some tens of products
  /// cost less than a factorization from about a thousand unknowns.
  private func columnsPay(_ k: Int) -> Bool {
    k > DesignHessian<Element>.gramLimit
      || (k > 1024 && precision != nil && loss.features.isDense)
      || (k > 256 && 4 * hessian.storedEntries(columns: Double(k)) < Double(k) * Double(k))
  }

  private mutating func assemble() {
    if columnsPay(working.count) {
      columns = ColumnQuadratic(hessian, working, places)
    } else {
      columns = nil
      let (working, hessian) = (working, hessian)
      gram.assemble(places, count: working.count) { hessian.assemble(onWorkingSet: working, into: &$0) }
    }
  }

  /// solution ← the minimizer of the quadratic model at w.
  private mutating func solveModel(_ target: Element?) {
    if let columns { solveModel(columns, target) } else { solveModel(gram, target) }
  }

  private mutating func solveModel<Quadratic: BlockQuadratic<Element>>(_ quadratic: Quadratic, _ target: Element?) {
    var current = Vector<Element>.zeros(working.count)
    current.gather(working, from: w)
    var slope = Vector<Element>.zeros(working.count)
    loss.features.multiplyTransposed(columns: working, residuals, alpha: 1 / Element(n), into: &slope)
    var problem = BlockProblem(
      penalty, quadratic, blocks: workingBlocks, places: places, ridge: ridge, at: current, gradient: slope)
    problem.solve(target: target, precision: precision, from: knownStart())
    solution = problem.u
    isModelSolved = problem.isSolved
    isModelSingular = problem.isSingular
    result.epochs += problem.epochs
    result.newtonSteps += problem.newtonSteps
  }

  /// Of a quadratic loss without weights, whose residuals are y − X w.
  private func knownStart() -> BlockStart<Element>? {
    guard precision != nil, let linear = loss.linearTerm, hessian.weights == nil else { return nil }
    var correlation = Vector<Element>.zeros(working.count)
    correlation.gather(working, from: linear)
    return BlockStart(
      loss: lossValue, alongTargets: loss.targets.dot(residuals) / Element(n), correlation: correlation)
  }

  /// Quadratic models of the loss, each solved, until a step is at rounding. A step is halved until it lowers the
  /// objective, but for steps whose change of the objective is rounding. Where that is often, as for losses whose ℓ″ jumps to 0, weights get a
  /// floor: at the bound on ℓ″ the model lies above the objective, and every step lowers it.
  private mutating func solveByProximalNewton(_ target: Element?) {
    var lastSize = Element.infinity
    var floor: Element = 0
    let largest = curvatureScale()
    for _ in 0..<(target == nil ? 50 : 3) {
      hessian.setWeights {
        loss.curvatures(scores: scores, into: &$0)
        if floor > 0 { for i in 0..<$0.count where $0[i] < floor { $0[i] = floor } }
      }
      assemble()
      solveModel(target)
      let wasSolved = isModelSolved
      isModelSolved = false
      let before = lossValue + penaltyValue()
      let old = Vector(copying: w)
      var step = Vector<Element>.zeros(w.count)
      step.scatter(working, from: solution)
      for k in 0..<working.count { step[working[k]] -= old[working[k]] }
      let size = step.maxNorm
      var fraction: Element = 1
      while true {
        if fraction == 1 { takeSolution() } else { w.assign(1, old, fraction, step) }
        refreshResiduals()
        let after = lossValue + penaltyValue()
        if after <= before + 64 * .ulpOfOne * before.magnitude || after.isNaN { break }
        fraction /= 2
        if fraction < .ulpOfOne { break }
      }
      if !lossValue.isFinite { return }
      if isModelSingular && fraction == 1 && lossValue + penaltyValue() >= before * (1 - 64 * .ulpOfOne) {
        isModelSolved = wasSolved
        return
      }
      if precision != nil && fraction == 1 && size <= (precision ?? 0) * w.maxNorm { return }
      let isTiny = size <= Element.ulpOfOne.squareRoot() * w.maxNorm
      if fraction == 1 && (size <= 4 * .ulpOfOne * w.maxNorm || (isTiny && size >= lastSize / 2)) {
        isModelSolved = wasSolved
        return
      }
      lastSize = size
      floor = fraction < 1 ? min(largest, max(10 * floor, largest / 1000)) : floor / 10
      if floor < largest / 10_000 { floor = 0 }
    }
  }
}
