public import LinAlg
public import NonsmoothMaps

/// Products with ∇²f of the reduced objective f(λ) = E(w(λ), λ), on the piece of Φ that the solution is on.
///
/// There Φ is smooth. With x = w'(λ) δ and v the adjoint, (I − A1ᵀ) v = ∇_wE, differentiating ∇f = ∇_λE + A2ᵀ v along δ gives
///
///     ∇²f δ = ∇²_λλE δ + ∇²_λwE x + c_λ + A2ᵀ v̇,    (I − A1ᵀ) v̇ = ∇²_wwE x + ∇²_wλE δ + c_w
///
/// with (c_w, c_λ) = ∇²(vᵀΦ)(x, δ) = −s ∇²((D v)ᵀ∇f)(x, δ), since D and B are constant on a piece of a polyhedral penalty. That is one tangent and two
/// adjoint solves by ``AID``. Across a kink ∇f jumps, and no Hessian tells by how much.
public struct ReducedHessian<F: ThirdOrderFunction, G: PolyhedralPenalty> where F.Element == G.Element {
  public typealias Element = F.Element
  public typealias Map = ProximalGradientMap<F, G>

  public var strategy: AID<Map>

  public init(_ strategy: AID<Map> = AID(.automatic)) { self.strategy = strategy }

  /// ∇²f δ, m entries.
  ///
  /// - Throws: ``DifferentiationError/unsupported(strategy:what:)`` where third derivatives of the smooth part or second ones of the objective are not
  ///   known, or the penalty is not affine in its parameters; what the strategy throws.
  public func product(
    of objective: some TwiceDifferentiableObjective<Element>, _ problem: FixedPointProblem<Map>,
    direction δ: Vector<Element>
  ) throws(DifferentiationError) -> Derivative<Vector<Element>, Element> {
    try product(of: objective, problem, direction: δ, workspace: strategy.makeWorkspace(for: problem.map))
  }

  /// The whole ∇²f, m × m, by m products; symmetric up to the accuracy of the solves.
  ///
  /// - Throws: as ``product(of:_:direction:)``.
  public func matrix(
    of objective: some TwiceDifferentiableObjective<Element>, _ problem: FixedPointProblem<Map>
  ) throws(DifferentiationError) -> Derivative<Matrix<Element>, Element> {
    let workspace = strategy.makeWorkspace(for: problem.map)
    let m = problem.map.parameterCount
    var H = Matrix<Element>.zeros(m, m)
    var report = DerivativeReport<Element>(outcome: .converged, method: name)
    for k in 0..<m {
      let unit = Vector<Element>(count: m) { $0 == k ? 1 : 0 }
      let column = try product(of: objective, problem, direction: unit, workspace: workspace)
      H.setColumn(k, column.estimate)
      report.add(column.report)
    }
    return Derivative(estimate: H, report: report)
  }

  private var name: String { "reduced-hessian by \(strategy.name)" }

  private func product(
    of objective: some TwiceDifferentiableObjective<Element>, _ problem: FixedPointProblem<Map>,
    direction δ: Vector<Element>, workspace: AIDWorkspace<Map>
  ) throws(DifferentiationError) -> Derivative<Vector<Element>, Element> {
    let (map, w, λ) = (problem.map, problem.state, problem.parameters)
    precondition(
      δ.count == map.parameterCount, "ReducedHessian: \(δ.count) entries for \(map.parameterCount) parameters")
    func refuse(_ what: String) -> DifferentiationError { .unsupported(strategy: "the reduced Hessian", what: what) }
    if let parameter = map.penalty.nonlinearParameters.first {
      throw refuse("second derivatives of a penalty that is not affine in parameter \(parameter)")
    }
    var report = DerivativeReport<Element>(outcome: .converged, method: name)
    var product = Vector<Element>.zeros(map.parameterCount)
    var scratch = product

    var M = Matrix<Element>.zeros(δ.count, 1)
    M.setColumn(0, δ)
    var X = Matrix<Element>.zeros(map.stateCount, 1)
    report.add(try strategy.jvp(problem, directions: M, into: &X, workspace: workspace))
    let x = X.column(0)

    report.add(
      try strategy.vjp(problem, into: &product, workspace: workspace) { w, support, y in
        objective.gradient(at: w, parameters: λ, support: support, state: &y, parameters: &scratch)
      })
    var z = Vector<Element>.zeros(map.stateCount)
    workspace.linearization.proximal.apply(workspace.adjoint, into: &z)
    let s = workspace.linearization.step

    var state = Vector<Element>.zeros(map.stateCount)
    var direct = Vector<Element>.zeros(map.parameterCount)
    guard objective.addHessianProduct(x, δ, at: w, parameters: λ, state: &state, parameters: &direct) else {
      throw refuse("second derivatives of this outer objective")
    }
    var ofSmooth = Vector<Element>.zeros(map.smooth.parameterCount)
    guard
      map.smooth.addThirdDerivative(
        z, x, map.smoothParameters(δ), at: w, parameters: map.smoothParameters(λ), scale: -s, state: &state,
        parameters: &ofSmooth)
    else { throw refuse("third derivatives of this smooth function") }
    report.add(try strategy.vjp(problem, into: &product, workspace: workspace) { $2.copy(from: state) })
    product.add(1, direct)
    for i in 0..<ofSmooth.count { product[map.penaltyParameterCount + i] += ofSmooth[i] }
    if report.outcome.isUsable && product.firstNonFinite != nil { report.outcome = .notFinite() }
    return Derivative(estimate: product, report: report)
  }
}

extension DerivativeReport {
  /// Takes in the report of a part: the first outcome that is not usable stays.
  fileprivate mutating func add(_ part: DerivativeReport) {
    if outcome.isUsable && part.outcome != .converged { outcome = part.outcome }
    iterations += part.iterations
    products += part.products
    if let residual = part.residual { self.residual = max(self.residual ?? 0, residual) }
    innerResidual = innerResidual ?? part.innerResidual
    seconds += part.seconds
  }
}
