import ImplicitDiff
public import LinAlg
internal import NonsmoothMaps

/// A criterion that knows its second derivatives, for ``Newton``.
public protocol TwiceDifferentiableCriterion: Criterion {
  /// ∇²f, m × m, at the λ that was evaluated last, on the piece that its solution is on; nil where it is not known.
  ///
  /// Called right after ``Criterion/evaluate(at:bounding:)``. Cost of a reduced objective: 2 m + m adjoint systems.
  func hessian() -> Matrix<Double>?
}

extension SumCriterion: TwiceDifferentiableCriterion {
  /// nil where a part has none.
  public func hessian() -> Matrix<Double>? {
    var sum = Matrix<Double>.zeros(parameterCount, parameterCount)
    for (part, weight) in zip(parts, weights) {
      guard let H = (part as? any TwiceDifferentiableCriterion)?.hessian() else { return nil }
      sum.combine(weight, H, 1)
    }
    return sum
  }
}

extension ReducedObjective: TwiceDifferentiableCriterion {
  /// By ``ImplicitDiff/ReducedHessian``, for the proximal-gradient maps and objectives that it takes.
  public func hessian() -> Matrix<Double>? {
    guard let last, let map = map as? any SecondOrderMap<Element>,
      let objective = objective as? any TwiceDifferentiableObjective<Element>
    else { return nil }
    return map.reducedHessian(of: objective, state: last.state, parameters: last.parameters)
  }
}

/// A map whose reduced objectives have second derivatives.
private protocol SecondOrderMap<Element>: FixedPointMap {
  func reducedHessian(
    of objective: some TwiceDifferentiableObjective<Element>, state: Vector<Element>, parameters: Vector<Element>
  ) -> Matrix<Double>?
}

extension ProximalGradientMap: SecondOrderMap where F: ThirdOrderFunction, G: PolyhedralPenalty {
  fileprivate func reducedHessian(
    of objective: some TwiceDifferentiableObjective<Element>, state: Vector<Element>, parameters: Vector<Element>
  ) -> Matrix<Double>? {
    let problem = FixedPointProblem(self, parameters: parameters, state: state, stateIsSolution: true)
    guard let found = try? ReducedHessian<F, G>().matrix(of: objective, problem).get() else { return nil }
    // The two triangles differ by the accuracy of the solves.
    return Matrix(rows: found.rows, columns: found.columns) { (Double(found[$0, $1]) + Double(found[$1, $0])) / 2 }
  }
}
