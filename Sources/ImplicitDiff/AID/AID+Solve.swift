import LinAlg

/// The linear solves behind ``AID``, one system for adjoints and tangents alike.
extension AID {
  /// workspace.adjoint ← v with (I − A1ᵀ) v = workspace.y.
  func solveAdjoint(_ workspace: AIDWorkspace<Map>) throws(DifferentiationError) -> DerivativeReport<Element> {
    let linearization = workspace.linearization
    let chosen =
      solver == .automatic ? AdjointSolverChoice.choose(linearization, rightHandSides: 1).solver(Map.self) : solver
    // What a failed solve left behind is no guess.
    if !warmStarts || workspace.adjoint.firstNonFinite != nil { workspace.adjoint.fill(0) }
    switch (chosen, workspace.symmetricParts()) {
    case _ where chosen.solvesFullSystem:
      return iterateAdjoint(chosen, workspace)
    case (.direct, nil):
      return luSolve(
        ResolventOperator(linearization.state).adjoint.dense(), workspace.y, into: &workspace.adjoint)
    case (_, let parts?):
      let system = workspace.symmetricSystem(parts)
      system.loadAdjoint(workspace.y)
      if warmStarts { system.loadGuess(workspace.adjoint) }
      var report =
        solver == .automatic && chosen == .conjugateGradient
        ? guardedConjugateGradient(system, workspace) : symmetricSolve(chosen, system, workspace)
      system.storeAdjoint(into: &workspace.adjoint)
      if !parts.parametersLieInRange {
        // A1ᵀ v = (I − s H) D v is known already, so this is v in full.
        workspace.applyStep()
        swap(&workspace.adjoint, &workspace.scratch)
        report.products += 1
      }
      return report
    case (_, nil):
      throw .notSymmetric(solver: chosen.name)
    }
  }

  /// An iterative solver on the coordinates that the answer depends on (``AIDWorkspace/findRelevantCoordinates()``), and the rest
  /// of v by one product.
  private func iterateAdjoint(_ chosen: Solver, _ workspace: AIDWorkspace<Map>) -> DerivativeReport<Element> {
    // So many steps of the fixed-point iteration are steps of the whole v; a Krylov method mixes the entries.
    if case .iterations = stopping, chosen == .fixedPoint { return fixedPointAdjoint(workspace) }
    let probes = workspace.findRelevantCoordinates()
    // y and the first guess on those coordinates; the whole y stays in workspace.y.
    workspace.value.copy(from: workspace.y)
    workspace.restrict(&workspace.value)
    workspace.restrict(&workspace.adjoint)
    var report: DerivativeReport<Element>
    if chosen == .fixedPoint {
      report = fixedPointAdjoint(workspace)
    } else {
      let system = RelevantAdjointSystem(workspace)
      report = krylovSolve(chosen, system, workspace, workspace.value, into: &workspace.adjoint)
      workspace.applyStep()
      // On the relevant coordinates the solver's answer stays: a step of a map that does not contract would spoil it.
      workspace.replaceRelevant(in: &workspace.scratch, by: workspace.adjoint)
      swap(&workspace.adjoint, &workspace.scratch)
      report.products += 1
    }
    report.products += probes
    return report
  }

  /// result ← X with (I − A1) X = B, column by column; the direct method factors once.
  func solveTangents(
    _ workspace: AIDWorkspace<Map>, _ B: Matrix<Element>, into result: inout Matrix<Element>
  ) throws(DifferentiationError) -> DerivativeReport<Element> {
    let linearization = workspace.linearization
    let chosen =
      solver == .automatic
      ? AdjointSolverChoice.choose(linearization, rightHandSides: B.columns).solver(Map.self) : solver
    switch (chosen, workspace.symmetricParts()) {
    case (.direct, nil):
      return luSolve(ResolventOperator(linearization.state).dense(), block: B, into: &result)
    case _ where chosen.solvesFullSystem:
      let resolvent = ResolventOperator(linearization.state)
      var x = Vector<Element>.zeros(B.rows)
      var total = DerivativeReport<Element>(outcome: .converged, method: chosen.name, residual: 0)
      for j in 0..<B.columns {
        x.fill(0)
        total.absorb(
          chosen == .fixedPoint
            ? fixedPointTangent(workspace, B.column(j), into: &x)
            : krylovSolve(chosen, resolvent, workspace, B.column(j), into: &x))
        result.setColumn(j, x)
      }
      return total
    case (_, let parts?):
      let system = workspace.symmetricSystem(parts)
      if parts.parametersLieInRange { return symmetricTangents(chosen, system, workspace, B, into: &result) }
      // x = b + x₁ with (I − A1) x₁ = A1 b, whose right-hand side lies in the range of D whatever b.
      var image = Matrix<Element>.zeros(B.rows, B.columns)
      linearization.state.apply(block: B, into: &image)
      var report = symmetricTangents(chosen, system, workspace, image, into: &result)
      result.combine(1, B, 1)
      report.products += B.columns
      return report
    case (_, nil):
      throw .notSymmetric(solver: chosen.name)
    }
  }

  /// result ← X with (I − A1) X = B for columns in the range of D.
  private func symmetricTangents(
    _ chosen: Solver, _ system: SymmetricSystem<Element>, _ workspace: AIDWorkspace<Map>, _ B: Matrix<Element>,
    into result: inout Matrix<Element>
  ) -> DerivativeReport<Element> {
    if chosen == .direct { return directTangents(system, workspace, B, into: &result) }
    var x = Vector<Element>.zeros(B.rows)
    var total = DerivativeReport<Element>(outcome: .converged, method: chosen.name, residual: 0)
    for j in 0..<B.columns {
      system.loadTangent(B.column(j))
      total.absorb(symmetricSolve(chosen, system, workspace))
      system.storeTangent(into: &x)
      result.setColumn(j, x)
    }
    return total
  }

  /// d with (I − A1) d = `workspace.value` − w, where the workspace is linearized at w and `value` is Φ(w): a step of Newton's method on w = Φ(w).
  ///
  /// - Parameter spent: evaluations of Φ that a step may cost a few times as much as.
  /// - Returns: false, and d undefined, where the map declares no symmetric form, where the step is too expensive, or where nothing finite was found.
  func newtonStep(
    _ workspace: AIDWorkspace<Map>, from w: Vector<Element>, spent: Int, into d: inout Vector<Element>
  ) -> Bool {
    let linearization = workspace.linearization
    guard let parts = workspace.symmetricParts() else { return false }
    let system = workspace.symmetricSystem(parts)
    let s = Double(parts.active.count)
    let costs = system.costs
    // A product with H_SS reads at most what an evaluation of Φ reads.
    let factor = costs.assemblyMultiplications + s * s * s / 6
    guard factor <= 8 * Double(spent) * max(costs.productBytes / 8, Double(w.count)) else { return false }
    d.copy(from: workspace.value)
    d.add(-1, w)
    // d = b + x with (I − A1) x = A1 b, whose right-hand side lies in the range of D whatever b.
    linearization.state.apply(d, into: &workspace.scratch)
    system.loadTangent(workspace.scratch)
    let chosen = AdjointSolverChoice.choose(linearization, rightHandSides: 1).solver(Map.self)
    if !symmetricSolve(chosen, system, workspace).outcome.isUsable {
      // Singular where the solution is not unique: the shortest step, which lies in the range.
      system.solution.fill(0)
      _ = symmetricSolve(.minres, system, workspace)
    }
    if system.solution.firstNonFinite != nil { return false }
    system.storeTangent(into: &workspace.scratch)
    d.add(1, workspace.scratch)
    return true
  }

  // MARK: - Krylov methods

  private func report(_ k: KrylovReport<Element>, _ method: Solver) -> DerivativeReport<Element> {
    var outcome = k.outcome
    if stopping.isGivenLength, outcome == .iterationLimit || outcome == .stagnated { outcome = .fixedIterations }
    return DerivativeReport(
      outcome: outcome, method: method.name, iterations: k.iterations, products: k.products, residual: k.residualNorm)
  }

  /// An iterative solver of the full system.
  private func krylovSolve(
    _ chosen: Solver, _ A: some LinearOperator<Element>, _ workspace: AIDWorkspace<Map>, _ b: Vector<Element>,
    into x: inout Vector<Element>
  ) -> DerivativeReport<Element> {
    let p = b.count
    let solver: any KrylovSolver<Element>
    switch chosen {
    case .gmres(let restart):
      let wanted = max(1, min(restart, p))
      solver = workspace.krylov.solver({ GMRES<Element>(count: p, restart: wanted) }) {
        $0.count == p && $0.restart == wanted
      }
    case .custom(let own): solver = workspace.krylov.solver(own, count: p)
    default: solver = workspace.krylov.solver({ BiCGSTAB<Element>(count: p) }) { $0.count == p }
    }
    let report = report(
      solver.solve(
        A, b, into: &x, warmStart: warmStarts, preconditioner: nil, options: KrylovOptions(stopping: stopping)), chosen)
    return chosen.isCustom ? report.verified(A, b, x, tolerance: stopping.relativeTolerance) : report
  }

  /// Conjugate gradient as the automatic choice takes it, in single precision with refinement where that is to be had: given up for
  /// the factor once the products that are left, by the rate of those done, cost more than it does. How many it takes is known
  /// only on the way.
  private func guardedConjugateGradient(
    _ system: SymmetricSystem<Element>, _ workspace: AIDWorkspace<Map>
  ) -> DerivativeReport<Element> {
    guard case .tolerance(let tolerance, let limit) = stopping, !warmStarts, system.rows > 0, system.lowRank == nil,
      let H = system.makeSingle()
    else { return symmetricSolve(.conjugateGradient, system, workspace) }
    let worth = AdjointSolverChoice.productsOfFactor(
      system.costs, support: system.rows, isDouble: Element.self != Float.self)
    var report = DerivativeReport<Element>(outcome: .converged, method: Solver.conjugateGradient.name)
    let end = workspace.singleConjugateGradient.solve(
      system, H, tolerance: max(tolerance, 8 * .ulpOfOne), limit: limit ?? max(100, 10 * system.rows), worth: worth,
      &report)
    switch end {
    case .solved: return report
    case .limit, .failed, .tooSlow:
      let wasted = report.products
      report = symmetricSolve(end == .tooSlow ? .direct : .conjugateGradient, system, workspace)
      report.products += wasted
      return report
    }
  }

  /// CG, MINRES, a solver of the caller's own or Cholesky on the symmetric system; right-hand side and solution stand in the system.
  private func symmetricSolve(
    _ chosen: Solver, _ system: SymmetricSystem<Element>, _ workspace: AIDWorkspace<Map>
  ) -> DerivativeReport<Element> {
    let k = system.rows
    let solver: any KrylovSolver<Element>
    switch chosen {
    case .conjugateGradient:
      solver = workspace.krylov.solver({ ConjugateGradient<Element>(count: k) }) { $0.count == k }
    case .minres: solver = workspace.krylov.solver({ MINRES<Element>(count: k) }) { $0.count == k }
    case .custom(let own): solver = workspace.krylov.solver(own, count: k)
    default: return choleskySolve(system, workspace)
    }
    let report = report(
      solver.solve(
        system, system.rightHandSide, into: &system.solution, warmStart: warmStarts,
        preconditioner: preconditions ? system.preconditioner : nil, options: KrylovOptions(stopping: stopping)), chosen
    )
    guard chosen.isCustom else { return report }
    return report.verified(system, system.rightHandSide, system.solution, tolerance: stopping.relativeTolerance)
  }
}

extension DerivativeReport {
  /// Adds the cost of another right-hand side, keeping the worse outcome and the larger residual; not measured once, it is not
  /// known of the whole.
  mutating func absorb(_ other: DerivativeReport) {
    iterations += other.iterations
    products += other.products
    if let mine = residual, let theirs = other.residual {
      residual = mine.isNaN || theirs.isNaN ? .nan : max(mine, theirs)
    } else {
      residual = nil
    }
    if outcome.isUsable && other.outcome != .converged { outcome = other.outcome }
  }
}
