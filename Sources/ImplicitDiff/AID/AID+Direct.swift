import LinAlg

/// The direct solves behind ``AID``: one factorization, any number of right-hand sides. On a support larger than the number
/// of samples the factored matrix is that of the samples (Woodbury).
extension AID {
  /// Cholesky of K on the support, one right-hand side, in the workspace's memory.
  func choleskySolve(_ system: SymmetricSystem<Element>, _ workspace: AIDWorkspace<Map>) -> DerivativeReport<Element> {
    var report = DerivativeReport<Element>(outcome: .converged, method: Solver.direct.name, residual: 0)
    if system.rows == 0 { return report }
    if let lowRank = system.lowRank {
      do throws(FactorizationError) {
        var solver = try WoodburySolver(lowRank, workspace.cholesky)
        // K = s H: the residual of K u = b is that of H (s u) = b.
        report.residual = solver.solve(system.rightHandSide, into: &system.solution)
        system.solution.scale(by: 1 / system.step)
        report.judgeDirect(rightHandSideNorm: system.rightHandSide.norm)
      } catch {
        report.outcome = error.outcome()
      }
      return report
    }
    if let refined = refinedSolve(system, workspace) { return refined }
    if let failure = factor(system, workspace.cholesky) {
      report.outcome = failure
      return report
    }
    system.solution.copy(from: system.rightHandSide)
    workspace.cholesky.solve(&system.solution)
    workspace.cholesky.residual(of: system.solution, rightHandSide: system.rightHandSide, into: &system.scaled)
    report.residual = system.scaled.norm
    report.judgeDirect(rightHandSideNorm: system.rightHandSide.norm)
    return report
  }

  /// The factor in single precision and refinement by residuals in full precision: half the arithmetic of a large factor for a
  /// few products. nil where it would not pay, or where the residual stops shrinking above `refinedAccuracy`: the factor in full
  /// precision then says what is the matter.
  ///
  /// A step shrinks the residual by about the same factor each time. The last one, whose residual is then sure to be rounding, is
  /// not measured: the report has the residual before it.
  private func refinedSolve(
    _ system: SymmetricSystem<Element>, _ workspace: AIDWorkspace<Map>
  ) -> DerivativeReport<Element>? {
    guard Element.self != Float.self, system.rows >= AdjointSolverChoice.Rates.smallestSingleFactor,
      system.hasSingleHessian, AdjointSolverChoice.singlePrecisionPays(system.costs, support: system.rows),
      workspace.singleFactor.factor(count: system.rows, { system.assembleSingle(into: &$0) })
    else { return nil }
    var report = DerivativeReport<Element>(outcome: .converged, method: Solver.direct.name)
    let size = system.rightHandSide.norm
    let rounding = Element(system.rows).squareRoot() * .ulpOfOne * size
    system.residual.copy(from: system.rightHandSide)
    var factor: Element = 1
    var norm = size
    system.solution.fill(0)
    while report.iterations < 10 {
      // The factor is that of H, K = s H.
      workspace.singleFactor.solve(system.residual, into: &system.correction)
      system.solution.add(1 / system.step, system.correction)
      report.iterations += 1
      report.residual = norm
      if factor * norm <= rounding { return report }
      system.apply(system.solution, into: &system.residual)
      system.residual.combine(1, system.rightHandSide, -1)
      report.products += 1
      let last = norm
      norm = system.residual.norm
      report.residual = norm
      factor = norm / last
      if norm <= rounding { return report }
      if !(factor < 0.5) { return norm <= Self.refinedAccuracy * size ? report : nil }
    }
    return nil
  }

  /// 1e-13 in Double: what conjugate gradient is asked for, and a digit more.
  private static var refinedAccuracy: Element { defaultTolerance / 10 }

  /// Factors K; why it failed, or nil.
  ///
  /// The pivots of a dependent column are what rounding leaves: that of the factorization, |S| ulps, and that of the sums
  /// over samples which made K, some tens of ulps by their own. What is left of a column's own curvature in that range leaves no digit to trust. The units
  /// of the columns do not matter to a Cholesky factorization, nor to this: an intercept beside features of 10⁸ is no dependent column.
  private func factor(
    _ system: SymmetricSystem<Element>, _ cholesky: CholeskyWorkspace<Element>
  ) -> Outcome<Element>? {
    do throws(FactorizationError) {
      try cholesky.factor(count: system.rows) { system.assemble(into: &$0) }
    } catch {
      return error.outcome()
    }
    return cholesky.independence <= 64 * Element(system.rows) * .ulpOfOne ? .singular : nil
  }

  /// Cholesky of K on the support, a column of `result` a column of `B`.
  func directTangents(
    _ system: SymmetricSystem<Element>, _ workspace: AIDWorkspace<Map>, _ B: Matrix<Element>,
    into result: inout Matrix<Element>
  ) -> DerivativeReport<Element> {
    let k = system.rows
    var report = DerivativeReport<Element>(outcome: .converged, method: Solver.direct.name, residual: 0)
    result.fill(0)
    if k == 0 { return report }
    var U = Matrix<Element>.zeros(k, B.columns)
    for j in 0..<B.columns {
      system.loadTangent(B.column(j))
      U.setColumn(j, system.rightHandSide)
    }
    if let lowRank = system.lowRank {
      do throws(FactorizationError) {
        var solver = try WoodburySolver(lowRank, workspace.cholesky)
        for j in 0..<B.columns {
          let column = U.column(j)
          var one = report
          one.residual = solver.solve(column, into: &system.solution)
          one.judgeDirect(rightHandSideNorm: column.norm)
          report.absorb(one)
          system.solution.scale(by: 1 / system.step)
          U.setColumn(j, system.solution)
        }
      } catch {
        report.outcome = error.outcome()
        return report
      }
    } else if let failure = factor(system, workspace.cholesky) {
      report.outcome = failure
      return report
    } else {
      workspace.cholesky.solve(block: &U)
      for j in 0..<B.columns {
        system.loadTangent(B.column(j))
        system.solution.copy(from: U.column(j))
        workspace.cholesky.residual(of: system.solution, rightHandSide: system.rightHandSide, into: &system.scaled)
        var one = report
        one.residual = system.scaled.norm
        one.judgeDirect(rightHandSideNorm: system.rightHandSide.norm)
        report.absorb(one)
      }
    }
    var x = Vector<Element>.zeros(B.rows)
    for j in 0..<B.columns {
      system.solution.copy(from: U.column(j))
      system.storeTangent(into: &x)
      result.setColumn(j, x)
    }
    return report
  }

  /// LU of a dense matrix, one right-hand side.
  func luSolve(
    _ A: Matrix<Element>, _ b: Vector<Element>, into x: inout Vector<Element>
  ) -> DerivativeReport<Element> {
    var B = Matrix<Element>.zeros(b.count, 1)
    B.setColumn(0, b)
    var X = B
    let report = luSolve(A, block: B, into: &X)
    x.copy(from: X.column(0))
    return report
  }

  /// LU of a dense matrix.
  func luSolve(
    _ A: Matrix<Element>, block B: Matrix<Element>, into X: inout Matrix<Element>
  ) -> DerivativeReport<Element> {
    var report = DerivativeReport<Element>(outcome: .converged, method: Solver.direct.name, products: A.columns)
    do throws(FactorizationError) {
      let factor = try LU(A)
      X.copy(from: B)
      factor.solve(block: &X)
      var image = Matrix<Element>.zeros(B.rows, B.columns)
      image.assignProduct(A, X)
      image.combine(1, B, -1)
      report.residual = 0
      for j in 0..<B.columns {
        var one = DerivativeReport<Element>(outcome: .converged, method: report.method, residual: image.column(j).norm)
        one.judgeDirect(rightHandSideNorm: B.column(j).norm)
        report.absorb(one)
      }
      // At the unit roundoff no digit of a solution is certain.
      if factor.reciprocalCondition <= .ulpOfOne { report.outcome = .singular }
    } catch {
      report.outcome = error.outcome()
    }
    return report
  }
}

extension DerivativeReport {
  /// A direct solve leaves a residual of some ulps of ‖K‖ ‖u‖. Where that is not small beside ‖b‖, u is an error of rounding
  /// along a nearly null direction, and the answer is not what was asked for. A third of the digits is the least that is
  /// let pass: 6e-6 in Double.
  mutating func judgeDirect(rightHandSideNorm size: Element) {
    guard let residual else { return }
    if !residual.isFinite {
      outcome = .notFinite()
    } else if residual > Element.pow(.ulpOfOne, Element(1) / 3) * size {
      outcome = .stagnated
    }
  }
}

extension FactorizationError {
  /// The same failure in the vocabulary of derivatives.
  func outcome<Element: Scalar>() -> Outcome<Element> {
    switch self {
    case .notPositiveDefinite: .indefinite(curvature: 0)
    case .notFinite: .notFinite()
    default: .singular
    }
  }
}
