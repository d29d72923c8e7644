import LinAlg

/// The fixed-point iteration behind ``AID``: v ← A1ᵀ v + y for adjoints, x ← A1 x + b for tangents.
///
/// The increment δ_k shrinks by the local contraction factor ϱ per step, and what is missing is δ ϱ/(1 − ϱ): with ϱ measured as the ratio
/// of the last increments, that estimate, where it is larger than the increment, is held to the tolerance. The first increment has none
/// before it and proves nothing: from a warm start it is small however slow the contraction. ``IncrementWatch`` judges, also what has
/// come to the rounding level.
extension AID {
  /// workspace.adjoint ← v. Under a tolerance the iteration runs on the relevant coordinates, where workspace.value holds y; a last
  /// product gives the others.
  func fixedPointAdjoint(_ workspace: AIDWorkspace<Map>) -> DerivativeReport<Element> {
    let state = workspace.linearization.state
    var report = DerivativeReport<Element>(outcome: .iterationLimit, method: Solver.fixedPoint.name)
    if case .iterations(let k) = stopping {
      report.outcome = .fixedIterations
      for _ in 0..<k {
        workspace.applyStep()
        swap(&workspace.adjoint, &workspace.scratch)
      }
      report.iterations = k
      report.products = k
      return report
    }
    var watch = IncrementWatch(tolerance: tolerance)
    let limit = iterationLimit
    while report.iterations < limit {
      state.applyAdjoint(workspace.adjoint, into: &workspace.scratch)
      workspace.scratch.add(1, workspace.value)
      workspace.restrict(&workspace.scratch)
      let increment = workspace.scratch.distance(to: workspace.adjoint)
      swap(&workspace.adjoint, &workspace.scratch)
      let end = watch.record(increment, size: workspace.adjoint.norm)
      report.count(increment)
      if let end {
        report.outcome = end
        break
      }
    }
    workspace.applyStep()
    workspace.replaceRelevant(in: &workspace.scratch, by: workspace.adjoint)
    swap(&workspace.adjoint, &workspace.scratch)
    report.products += 1
    return report
  }

  /// x ← the solution of (I − A1) x = b.
  func fixedPointTangent(
    _ workspace: AIDWorkspace<Map>, _ b: Vector<Element>, into x: inout Vector<Element>
  ) -> DerivativeReport<Element> {
    let state = workspace.linearization.state
    var report = DerivativeReport<Element>(outcome: .iterationLimit, method: Solver.fixedPoint.name)
    var watch = IncrementWatch(tolerance: tolerance)
    let isFixed = stopping.isGivenLength
    let limit = iterationLimit
    while report.iterations < limit {
      state.apply(x, into: &workspace.scratch)
      workspace.scratch.add(1, b)
      if isFixed {
        swap(&x, &workspace.scratch)
        report.iterations += 1
        report.products += 1
        continue
      }
      let increment = workspace.scratch.distance(to: x)
      swap(&x, &workspace.scratch)
      let end = watch.record(increment, size: x.norm)
      report.count(increment)
      if let end {
        report.outcome = end
        return report
      }
    }
    if isFixed { report.outcome = .fixedIterations }
    return report
  }

  private var tolerance: Element { stopping.relativeTolerance ?? 0 }

  private var iterationLimit: Int { stopping.iterationLimit ?? Stopping<Element>.defaultIterationLimit }
}

extension DerivativeReport {
  /// One iteration, one product and this increment as the residual.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  fileprivate mutating func count(_ increment: Element) {
    iterations += 1
    products += 1
    residual = increment
  }
}
