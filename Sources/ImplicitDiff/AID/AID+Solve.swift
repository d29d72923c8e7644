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
    switch (chosen, linearization.structure) {
    case (.fixedPoint, _):
      return fixedPoint(workspace, adjoint: true, from: workspace.y, into: &workspace.adjoint)
    case (.gmres, _), (.bicgstab, _), (.direct, .general):
      let resolvent = ResolventOperator(linearization.state)
      return generalSolve(
        chosen, resolvent.adjoint, workspace, workspace.y, into: &workspace.adjoint)
    case (_, .proximalGradient(let structure)):
      let system = SymmetricSystem(structure)
      system.loadAdjoint(workspace.y)
      if warmStarts { system.loadGuess(workspace.adjoint) }
      let report = symmetricSolve(chosen, system, workspace)
      system.storeAdjoint(into: &workspace.adjoint)
      return report
    case (_, .general):
      throw .notSymmetric(solver: chosen.name)
    }
  }

  /// result ← X with (I − A1) X = B, column by column; the direct method factors once.
  func solveTangents(
    _ workspace: AIDWorkspace<Map>, _ B: Matrix<Element>, into result: inout Matrix<Element>
  ) throws(DifferentiationError) -> DerivativeReport<Element> {
    let linearization = workspace.linearization
    let chosen =
      solver == .automatic
      ? AdjointSolverChoice.choose(linearization, rightHandSides: B.columns).solver(Map.self) : solver
    var x = Vector<Element>.zeros(B.rows)
    switch (chosen, linearization.structure) {
    case (.direct, .proximalGradient(let structure)):
      let system = SymmetricSystem(structure)
      return directTangents(system, workspace, B, into: &result)
    case (.direct, .general):
      return luSolve(ResolventOperator(linearization.state).dense(), B, into: &result)
    case (.fixedPoint, _), (.gmres, _), (.bicgstab, _):
      let resolvent = ResolventOperator(linearization.state)
      var total = DerivativeReport<Element>(outcome: .converged, method: chosen.name)
      for j in 0..<B.columns {
        x.fill(0)
        total.absorb(
          chosen == .fixedPoint
            ? fixedPoint(workspace, adjoint: false, from: B.column(j), into: &x)
            : generalSolve(chosen, resolvent, workspace, B.column(j), into: &x))
        result.setColumn(j, x)
      }
      return total
    case (_, .proximalGradient(let structure)):
      let system = SymmetricSystem(structure)
      var total = DerivativeReport<Element>(outcome: .converged, method: chosen.name)
      for j in 0..<B.columns {
        system.loadTangent(B.column(j))
        total.absorb(symmetricSolve(chosen, system, workspace))
        system.storeTangent(into: &x)
        result.setColumn(j, x)
      }
      return total
    case (_, .general):
      throw .notSymmetric(solver: chosen.name)
    }
  }

  // MARK: - Iterative

  /// x ← A1ᵀ x + b (or A1 x + b) until the estimated error or the number of iterations is reached.
  ///
  /// The increment r_k shrinks by the local contraction factor ρ a step, and the error is r ρ/(1 − ρ): with ρ measured
  /// as the ratio of the last increments, that estimate, not the increment, is held to the tolerance. The first increment
  /// has none before it and proves nothing: from a warm start it is small however slow the contraction. A state near a
  /// rounding floor has ρ ≈ 1; the increment alone then decides at the floor ε ‖x‖.
  private func fixedPoint(
    _ workspace: AIDWorkspace<Map>, adjoint: Bool, from b: Vector<Element>, into x: inout Vector<Element>
  ) -> DerivativeReport<Element> {
    let state = workspace.linearization.state
    var report = DerivativeReport<Element>(outcome: .iterationLimit, method: Solver.fixedPoint.name)
    let (tolerance, limit): (Element, Int) =
      switch stopping {
      case .tolerance(let t, let limit): (t, limit ?? 1_000_000)
      case .iterations(let k): (-1, k)
      }
    var monitor = ContractionMonitor<Element>(window: 50)
    var last = Element.infinity
    while report.iterations < limit {
      if adjoint {
        state.applyAdjoint(x, into: &workspace.scratch)
      } else {
        state.apply(x, into: &workspace.scratch)
      }
      workspace.scratch.add(1, b)
      report.iterations += 1
      report.products += 1
      if tolerance >= 0 {
        let increment = workspace.scratch.distance(to: x)
        report.residual = increment
        let size = workspace.scratch.norm
        let ratio = increment / last
        last = increment
        let isMeasured = report.iterations > 1 && ratio < 1
        let error = isMeasured ? increment * max(1, ratio / (1 - ratio)) : Element.infinity
        swap(&x, &workspace.scratch)
        if error <= tolerance * size || increment <= 2 * Element.ulpOfOne * size {
          report.outcome = .converged
          return report
        }
        if !increment.isFinite {
          report.outcome = .notFinite
          return report
        }
        if let factor = monitor.record(increment) {
          report.outcome = .notContracting(factor: factor)
          return report
        }
      } else {
        swap(&x, &workspace.scratch)
      }
    }
    if tolerance < 0 {
      report.outcome = .fixedIterations
      report.residual = .nan  // not measured: an extra product
    }
    return report
  }

  private var krylovOptions: KrylovOptions<Element> {
    switch stopping {
    case .tolerance(let t, let limit): KrylovOptions(relativeTolerance: t, iterationLimit: limit)
    case .iterations(let k): KrylovOptions(relativeTolerance: 0, iterationLimit: k, keepsLastIterate: true)
    }
  }

  private func report(_ k: KrylovReport<Element>, _ method: Solver) -> DerivativeReport<Element> {
    var outcome = DerivativeOutcome<Element>(k.outcome)
    if case .iterations = stopping, outcome == .iterationLimit || outcome == .stagnated { outcome = .fixedIterations }
    return DerivativeReport(
      outcome: outcome, method: method.name, iterations: k.iterations, products: k.products, residual: k.residualNorm)
  }

  /// GMRES, BiCGSTAB or LU on a full system.
  private func generalSolve(
    _ chosen: Solver, _ A: some LinearOperator<Element>, _ workspace: AIDWorkspace<Map>, _ b: Vector<Element>,
    into x: inout Vector<Element>
  ) -> DerivativeReport<Element> {
    let p = b.count
    switch chosen {
    case .gmres(let restart):
      let wanted = max(1, min(restart, p))
      let solver = workspace.krylov.solver({ GMRES<Element>(count: p, restart: wanted) }) {
        $0.count == p && $0.restart == wanted
      }
      return report(
        solver.solve(A, b, into: &x, warmStart: warmStarts, preconditioner: nil, options: krylovOptions), chosen)
    case .bicgstab:
      let solver = workspace.krylov.solver({ BiCGSTAB<Element>(count: p) }) { $0.count == p }
      return report(
        solver.solve(A, b, into: &x, warmStart: warmStarts, preconditioner: nil, options: krylovOptions), chosen)
    default:
      var B = Matrix<Element>.zeros(p, 1)
      B.setColumn(0, b)
      var X = B
      let result = luSolve(A.dense(), B, into: &X)
      x.copy(from: X.column(0))
      return result
    }
  }

  /// CG, MINRES or Cholesky on the symmetric system; right-hand side and solution stand in the system.
  private func symmetricSolve(
    _ chosen: Solver, _ system: SymmetricSystem<Element>, _ workspace: AIDWorkspace<Map>
  ) -> DerivativeReport<Element> {
    let k = system.rows
    switch chosen {
    case .conjugateGradient:
      let solver = workspace.krylov.solver({ ConjugateGradient<Element>(count: k) }) { $0.count == k }
      return report(
        solver.solve(
          system, system.rightHandSide, into: &system.solution, warmStart: warmStarts,
          preconditioner: system.preconditioner,
          options: krylovOptions), chosen)
    case .minres:
      let solver = workspace.krylov.solver({ MINRES<Element>(count: k) }) { $0.count == k }
      return report(
        solver.solve(
          system, system.rightHandSide, into: &system.solution, warmStart: warmStarts,
          preconditioner: system.preconditioner,
          options: krylovOptions), chosen)
    default:
      return choleskySolve(system, workspace)
    }
  }
}

extension DerivativeReport {
  /// Adds the cost of another right-hand side, keeping the worse outcome and the larger residual.
  mutating func absorb(_ other: DerivativeReport) {
    iterations += other.iterations
    products += other.products
    residual = max(residual, other.residual)
    if outcome.isUsable && other.outcome != .converged { outcome = other.outcome }
  }
}

extension DerivativeOutcome {
  init(_ outcome: SolveOutcome<Element>) {
    self =
      switch outcome {
      case .converged: .converged
      case .iterationLimit: .iterationLimit
      case .stagnated: .stagnated
      case .breakdown: .breakdown
      case .indefinite(let curvature): .indefinite(curvature: curvature)
      case .notFinite: .notFinite
      }
  }
}
