import LinAlg

extension AID where Map: CertifiableMap {
  /// Bounds the error of the hypergradient that `workspace` just computed for `problem` and `objective`.
  ///
  /// The bound is that of a product of norms at w, or where it is smaller the distance from the hypergradient at a point nearer to the solution, with the bound there.
  ///
  /// Cost: a gradient of the inner objective (one pass over its data) and a product on the support. Where what is known of strong
  /// convexity for nothing does not leave a third of the digits, it is looked for on the support, by factorizations there. No
  /// eigenvalue and no step size.
  ///
  /// - Throws: why nothing is known of the exact solution. Where something is, but nothing of the hypergradient, ``Certificate/absence`` says why.
  public func certify(
    _ problem: FixedPointProblem<Map>, objective: some OuterObjective<Element>, workspace: AIDWorkspace<Map>
  ) throws(NoBound<Element>) -> Certificate<Element> {
    if let refusal = Outcome(refusing: problem) {
      if case .outsideDomain = refusal { throw .outsideDomain }
      throw .notFinite
    }
    return sharpened(try certifyPoint(problem, objective, workspace), problem, objective, workspace)
  }

  /// By what is known at w itself.
  func certifyPoint(
    _ problem: FixedPointProblem<Map>, _ objective: some OuterObjective<Element>, _ workspace: AIDWorkspace<Map>
  ) throws(NoBound<Element>) -> Certificate<Element> {
    if let sharp = certificateByConditions(problem, objective, workspace) { return sharp }
    return try problem.map.certificate(
      at: problem.state, parameters: problem.parameters, linearization: workspace.linearization,
      adjoint: workspace.adjoint, objective: objective)
  }

  /// ``certify(_:objective:workspace:)`` without its reasons: nil where nothing is known of the exact solution.
  public func certificate(
    for problem: FixedPointProblem<Map>, objective: some OuterObjective<Element>, workspace: AIDWorkspace<Map>
  ) -> Certificate<Element>? {
    do throws(NoBound<Element>) {
      return try certify(problem, objective: objective, workspace: workspace)
    } catch { return nil }
  }

  /// By conditions entry by entry, where the map has them; nil elsewhere.
  private func certificateByConditions(
    _ problem: FixedPointProblem<Map>, _ objective: some OuterObjective<Element>, _ workspace: AIDWorkspace<Map>
  ) -> Certificate<Element>? {
    let λ = problem.parameters
    let linearization = workspace.linearization
    guard let parts = workspace.symmetricParts(), parts.isMask,
      let bounds = problem.map.solutionBounds(at: problem.state, parameters: λ, linearization: linearization)
    else { return nil }
    let measured = AdjointMeasurement(problem, objective, parts, linearization, adjoint: workspace.adjoint)
    func certificate(_ solution: SolutionBound<Element>) -> Certificate<Element> {
      var result = Certificate(
        solution: solution, gradient: bounds.gradient, adjointResidual: measured.residual,
        hypergradientErrorBound: nil)
      do throws(NoBound<Element>) {
        result.hypergradientErrorBound = try measured.bound(given: solution)
      } catch { result.absence = error }
      return result
    }
    let known = bounds.known.map(certificate)
    let enough = Element.pow(.ulpOfOne, Element(1) / 3) * measured.hypergradientNorm
    if let bound = known?.hypergradientErrorBound, bound <= enough { return known }
    guard let found = bounds.found().map(certificate) else { return known }
    guard let tight = found.hypergradientErrorBound else { return known ?? found }
    return known?.hypergradientErrorBound.map { $0 <= tight } ?? false ? known : found
  }
}

/// What is measured at the computed w and v for a bound: residuals, norms and their rounding errors.
private struct AdjointMeasurement<Element: Scalar> {
  /// ‖r‖, r = y − s H v on the support.
  let residual: Element
  let hypergradientNorm: Element
  private let step: Element
  private let count: Element
  private let rightHandSideNorm: Element
  private let adjointNorm: Element
  private let parametersNorm: Element
  private let parameterGradientNorm: Element
  /// Of the objective: the rounding errors of its gradients and their Lipschitz constants, nil where unknown.
  private let errors: (state: Element, parameters: Element)?
  private let stateLipschitz: Element?
  private let parameterLipschitz: Element?

  init<Map: FixedPointMap<Element>>(
    _ problem: FixedPointProblem<Map>, _ objective: some OuterObjective<Element>,
    _ parts: any SymmetricParts<Element>, _ linearization: Map.Linearization, adjoint: Vector<Element>
  ) {
    let (w, λ, support) = (problem.state, problem.parameters, parts.active)
    var y = Vector<Element>.zeros(w.count)
    var hypergradient = Vector<Element>.zeros(λ.count)
    var parameterGradient = hypergradient
    objective.gradient(at: w, parameters: λ, support: support, state: &y, parameters: &parameterGradient)
    linearization.parameters.applyAdjoint(adjoint, into: &hypergradient)
    hypergradient.add(1, parameterGradient)
    let system = SymmetricSystem(parts: parts)
    system.loadAdjoint(y)
    system.loadGuess(adjoint)
    var r = Vector<Element>.zeros(system.rows)
    if system.rows > 0 {
      system.apply(system.solution, into: &r)
      r.combine(1, system.rightHandSide, -1)
    }
    residual = r.norm
    hypergradientNorm = hypergradient.norm
    step = parts.step
    count = Element(system.rows + 8)
    rightHandSideNorm = system.rightHandSide.norm
    adjointNorm = system.solution.norm
    parametersNorm = linearization.parametersFrobeniusNorm
    parameterGradientNorm = parameterGradient.norm
    errors = objective.gradientRoundingErrors(at: w, parameters: λ, support: support)
    stateLipschitz = objective.gradientLipschitzConstant(on: support)
    parameterLipschitz = objective.parameterGradientLipschitzConstant
  }

  /// The bound of ``Certificate``.
  func bound(given solution: SolutionBound<Element>) throws(NoBound<Element>) -> Element {
    guard solution.isIdentified else {
      throw .pieceNotIdentified(distance: solution.kinkDistance, error: solution.stateError)
    }
    guard let errors, let LE = stateLipschitz, let Lλ = parameterLipschitz else { throw .objectiveHasNoConstants }
    let (s, e, μ) = (step, solution.stateError, solution.strongConvexity)
    // Of A2, from as it is multiplied by at w to as it is at w*.
    let change = s * (solution.mixedDerivativeLipschitzConstant * e + solution.mixedDerivativeRounding)
    let ulp = Element.ulpOfOne
    let sums = 1 + count * ulp  // norms of |S| entries are themselves rounded
    let (v, A2) = (adjointNorm * sums, parametersNorm * sums)
    // r = y − s H v: the error of y, of the product, and of two operations on each entry.
    let r =
      residual * sums + errors.state + s * solution.hessianRounding * v + 2 * ulp * (rightHandSideNorm + residual)
    let adjointError = (r + LE * e + s * solution.hessianLipschitzConstant * e * v) / (s * μ)
    let product = count * ulp * A2 * v  // A2ᵀ v sums |S| terms per parameter
    let bound =
      Lλ * e + change * v + (A2 + change) * adjointError + product + errors.parameters
      + ulp * (A2 * v + parameterGradientNorm)
    // The bound is itself a sum of some dozen rounded operations.
    let rounded = bound * (1 + 64 * ulp)
    guard rounded.isFinite else { throw .outOfRange }
    return rounded
  }
}
