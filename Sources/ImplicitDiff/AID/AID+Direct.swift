import LinAlg

/// The direct solves behind ``AID``: one factorization, any number of right-hand sides.
extension AID {
  /// Cholesky of K on the support, one right-hand side, in the workspace's memory.
  func choleskySolve(_ system: SymmetricSystem<Element>, _ workspace: AIDWorkspace<Map>) -> DerivativeReport<Element> {
    let k = system.rows
    var report = DerivativeReport<Element>(outcome: .converged, method: Solver.direct.name)
    if k == 0 { return report }
    if workspace.dense?.rows != k { workspace.dense = .zeros(k, k) }
    system.assemble(into: &workspace.dense!)
    do throws(FactorizationError) {
      let factor = try Cholesky(overwriting: workspace.dense.take()!)
      defer { workspace.dense = factor.factor }
      system.solution.copy(from: system.rightHandSide)
      factor.solve(&system.solution)
    } catch {
      report.outcome = error.outcome()
    }
    return report
  }

  /// Cholesky of K on the support, a column of `result` a column of `B`.
  func directTangents(
    _ system: SymmetricSystem<Element>, _ B: Matrix<Element>, into result: inout Matrix<Element>
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
    var K = Matrix<Element>.zeros(k, k)
    system.assemble(into: &K)
    do throws(FactorizationError) {
      try Cholesky(overwriting: K).solve(block: &U)
    } catch {
      report.outcome = error.outcome()
    }
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
