public import LinAlg

/// How far a computed hypergradient can be from the exact one, from quantities measured after the fact.
///
/// With ρ = ‖Φ(w) − w‖, r = ‖y − (I − A1ᵀ) v‖ and a contraction factor q: e = ρ/(1 − q) bounds ‖w − w*‖. If no kink is as
/// near to w as e, then w* lies on w's piece, and with L₁, L₂, L_E, L_λ the Lipschitz constants of A1, A2, ∇_w E, ∇_λ E in w there,
///
///     ‖v − v̄‖ ≤ (r + L_E e + L₁ e ‖v‖)/(1 − q)
///     ‖∇f − ∇̂f‖ ≤ L_λ e + L₂ e ‖v‖ + (‖A2‖ + L₂ e) ‖v − v̄‖
///
/// (subtract the two adjoint equations, then the two products). On a proximal-gradient map with a 0/1 mask D all of this
/// takes place on the support, where the factor is q_S = ‖I − s H_SS‖ at w and at most q_S + L₁ e at w*. Where a kink is nearer,
/// nothing is claimed.
public struct Certificate<Element: Scalar>: Sendable {
  /// ρ, with the rounding error of its evaluation added.
  public var innerResidual: Element
  /// r.
  public var adjointResidual: Element
  /// q, for all of R^p.
  public var contraction: Element
  /// q_S on the support; equal to q where it was not computed.
  public var contractionOnSupport: Element
  /// e, a bound on ‖w − w*‖.
  public var stateErrorBound: Element
  /// A lower bound on the distance from w to the nearest kink.
  public var kinkDistance: Element
  /// Whether w* is known to lie on w's piece.
  public var isIdentified: Bool { kinkDistance > stateErrorBound }
  /// The bound on the hypergradient's error; nil where the piece is not known, is not the one that was
  /// differentiated, or a constant is missing.
  public var hypergradientErrorBound: Element?
}

extension AID where Map: CertifiableMap {
  /// Bounds the error of the hypergradient that `workspace` just computed for `problem`.
  ///
  /// Cost: an evaluation of Φ, the Lipschitz constant of the objective on first use, and on a support of at most 1500
  /// its eigenvalues.
  ///
  /// - Returns: nil where the map has no contraction bound below 1.
  public func certificate(
    for problem: FixedPointProblem<Map>, objective: some OuterObjective<Element>, workspace: AIDWorkspace<Map>
  ) -> Certificate<Element>? {
    guard let q = problem.map.contractionBound(parameters: problem.parameters), q < 1 else { return nil }
    let λ = problem.parameters
    let check = AIDWorkspace(problem.map)
    problem.map.linearize(at: problem.state, parameters: λ, into: check.linearization, value: &check.value)
    let ρ = check.value.distance(to: problem.state) + problem.map.evaluationError(at: problem.state, parameters: λ)
    let kinkDistance = check.linearization.kinkDistance ?? 0

    var parameterGradient = Vector<Element>.zeros(λ.count)
    objective.gradient(
      at: problem.state, parameters: λ, support: nil, state: &check.y, parameters: &parameterGradient)
    let v = workspace.adjoint
    var qS = q
    var r: Element
    var size = v.norm
    if case .proximalGradient(let structure) = check.linearization.structure, structure.derivativeIsMask {
      let system = SymmetricSystem(structure)
      let k = system.rows
      system.loadAdjoint(check.y)
      system.loadGuess(v)
      size = system.solution.norm
      var Kv = Vector<Element>.zeros(k)
      system.apply(system.solution, into: &Kv)
      r = Kv.distance(to: system.rightHandSide)
      if k > 0 && k <= 1500 {
        var K = Matrix<Element>.zeros(k, k)
        system.assemble(into: &K)
        if let values = try? SymmetricEigen.eigenvalues(of: K) {
          qS = min(q, max((1 - values[0]).magnitude, (1 - values[k - 1]).magnitude))
        }
      } else if k == 0 {
        qS = 0
      }
    } else {
      check.linearization.state.applyAdjoint(v, into: &check.scratch)
      check.scratch.add(1, check.y)
      r = check.scratch.distance(to: v)
    }
    let e = ρ / (1 - q)
    let L1 = problem.map.stateJacobianLipschitzConstant(parameters: λ)
    // w* and the way there lie within e, so no factor on the piece is above that at w by more than L₁ e.
    let qPiece = min(q, qS + L1 * e)
    // Once the piece is known, w − w* lives where A1's factor is q_S, provided w is zero off the support.
    let identified = kinkDistance > e
    let onSupport = identified && vanishesOff(check.linearization, problem.state)
    var certificate = Certificate(
      innerResidual: ρ, adjointResidual: r, contraction: q, contractionOnSupport: qS,
      stateErrorBound: onSupport ? ρ / (1 - qPiece) : e, kinkDistance: kinkDistance, hypergradientErrorBound: nil)
    if identified, samePiece(check.linearization, workspace.linearization),
      let LE = objective.gradientLipschitzConstant, let Lλ = objective.parameterGradientLipschitzConstant
    {
      let e = certificate.stateErrorBound
      let L2 = problem.map.parameterJacobianLipschitzConstant(parameters: λ)
      let A2 = check.linearization.parametersFrobeniusNorm
      // The residual and the final product are themselves rounded: √p sums of half-ulp errors each.
      let rounding = Element.ulpOfOne * Element(v.count).squareRoot() * (check.y.norm + 2 * size)
      let adjointError = (r + rounding + LE * e + L1 * e * size) / (1 - qPiece)
      certificate.hypergradientErrorBound = Lλ * e + L2 * e * size + (A2 + L2 * e) * adjointError
    }
    return certificate
  }

  /// Whether the derivative was taken on the piece that Φ itself shows at w. A state vouched for as a solution but with
  /// noise where it should be zero has its pieces read off wrongly.
  private func samePiece(_ shown: Map.Linearization, _ used: Map.Linearization) -> Bool {
    guard case .proximalGradient(let shown) = shown.structure, case .proximalGradient(let used) = used.structure else {
      return true
    }
    return shown.support.elements == used.support.elements
  }

  private func vanishesOff(_ linearization: Map.Linearization, _ w: Vector<Element>) -> Bool {
    guard case .proximalGradient(let structure) = linearization.structure else { return false }
    return (0..<w.count).allSatisfy { w[$0] == 0 || structure.derivative[$0] != 0 }
  }
}
