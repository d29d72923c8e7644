import LinAlg

/// The direct solves behind ``AID``: one factorization, any number of right-hand sides. On a support larger than the number
/// of samples the factored matrix is that of the samples (Woodbury).
extension AID {
  /// Cholesky of K on the support, one right-hand side, in the workspace's memory.
  func choleskySolve(_ system: SymmetricSystem<Element>, _ workspace: AIDWorkspace<Map>) -> DerivativeReport<Element> {
    var report = DerivativeReport<Element>(outcome: .converged, method: Solver.direct.name)
    if system.rows == 0 { return report }
    if let lowRank = system.lowRank {
      do throws(FactorizationError) {
        var solver = try WoodburySolver(lowRank, workspace.cholesky)
        // K = s H: the residual of K u = b is that of H (s u) = b.
        report.residual = solver.solve(system.rightHandSide, into: &system.solution)
        system.solution.scale(by: 1 / system.step)
      } catch {
        report.outcome = error.outcome()
      }
      return report
    }
    if let failure = factor(system, workspace.cholesky) {
      report.outcome = failure
      return report
    }
    system.solution.copy(from: system.rightHandSide)
    workspace.cholesky.solve(&system.solution)
    workspace.cholesky.residual(of: system.solution, rightHandSide: system.rightHandSide, into: &system.scaled)
    report.residual = system.scaled.norm
    return report
  }

  /// Factors K; why it failed, or nil.
  private func factor(
    _ system: SymmetricSystem<Element>, _ cholesky: CholeskyWorkspace<Element>
  ) -> DerivativeOutcome<Element>? {
    do throws(FactorizationError) {
      try cholesky.factor(count: system.rows) { system.assemble(into: &$0) }
    } catch {
      return error.outcome()
    }
    return cholesky.pivotRatio <= Element(system.rows) * .ulpOfOne ? .singular : nil
  }

  /// Cholesky of K on the support, a column of `result` a column of `B`.
  func directTangents(
    _ system: SymmetricSystem<Element>, _ workspace: AIDWorkspace<Map>, _ B: Matrix<Element>,
    into result: inout Matrix<Element>
  ) -> DerivativeReport<Element> {
    let k = system.rows
    var report = DerivativeReport<Element>(outcome: .converged, method: Solver.direct.name)
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
          report.residual = max(report.residual, solver.solve(U.column(j), into: &system.solution))
          system.solution.scale(by: 1 / system.step)
          U.setColumn(j, system.solution)
        }
      } catch {
        report.outcome = error.outcome()
      }
    } else if let failure = factor(system, workspace.cholesky) {
      report.outcome = failure
    } else {
      workspace.cholesky.solve(block: &U)
    }
    if !report.outcome.isUsable { return report }
    var x = Vector<Element>.zeros(B.rows)
    for j in 0..<B.columns {
      system.solution.copy(from: U.column(j))
      system.storeTangent(into: &x)
      result.setColumn(j, x)
    }
    return report
  }

  /// LU of a dense matrix.
  func luSolve(
    _ A: Matrix<Element>, _ B: Matrix<Element>, into X: inout Matrix<Element>
  ) -> DerivativeReport<Element> {
    var report = DerivativeReport<Element>(outcome: .converged, method: Solver.direct.name, products: A.columns)
    do throws(FactorizationError) {
      let factor = try LU(A)
      X.copy(from: B)
      factor.solve(block: &X)
    } catch {
      report.outcome = error.outcome()
    }
    return report
  }
}

extension FactorizationError {
  /// The same failure in the vocabulary of derivatives.
  func outcome<Element: Scalar>() -> DerivativeOutcome<Element> {
    switch self {
    case .notPositiveDefinite: .indefinite(curvature: 0)
    case .notFinite: .notFinite
    default: .singular
    }
  }
}
