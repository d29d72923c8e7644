public import LinAlg
public import NonsmoothMaps

/// The error bound of theory without a spectrum: the optimality conditions at w, the strong convexity of the objective on the
/// support, and margins that prove the piece. docs/Theory.md derives it.
extension ProximalGradientMap: CertifiableMap where F: CertifiableFunction, G: CertifiablePenalty {
  public func solutionBounds(
    at w: Vector<Element>, parameters λ: Vector<Element>, linearization L: ProximalGradientLinearization<F, G>
  ) -> SolutionBounds<Element>? {
    let S = L.proximal.active
    guard penalty.hasConditions, L.owner === self, L.proximal.isMask, L.proximal.parametersLieInRange else {
      return nil
    }
    let gradient = smooth.roundedGradient(at: w, parameters: smoothParameters(λ), active: S)
    guard
      let conditions = penalty.conditions(
        at: w, gradient: gradient, parameters: penaltyParameters(λ), linearization: L.proximal),
      conditions.residual.isFinite
    else { return nil }
    return SolutionInference(conditions, gradient).bounds(count: S.count) { L.hessian.assemble(on: S, into: &$0) }
  }

  public func certificate(
    at w: Vector<Element>, parameters λ: Vector<Element>, linearization L: ProximalGradientLinearization<F, G>,
    adjoint: Vector<Element>, objective: some OuterObjective<Element>
  ) throws(NoBound<Element>) -> Certificate<Element> {
    guard penalty.isConvex, L.owner === self else { throw .penaltyHasNoBound }
    var inference = try infer(at: w, parameters: λ, linearization: L, all: false)
    var found: PieceInference<Element>.State??
    func lookOnce() -> PieceInference<Element>.State? {
      if found == nil { found = .some(inference.foundState(L.hessian)) }
      return found!
    }
    if inference.moving.count < stateCount, inference.knownState()?.isIdentified != true,
      lookOnce()?.isIdentified != true
    {
      // What can be said without the piece asks for all coordinates.
      inference = try infer(at: w, parameters: λ, linearization: L, all: true)
      found = nil
    }
    let adjointBound = PieceAdjointBound(
      self, L, inference, at: w, parameters: λ, adjoint: adjoint, objective: objective)
    func certificate(_ state: PieceInference<Element>.State) -> Certificate<Element> {
      var result = Certificate(
        solution: inference.solution(state), gradient: inference.gradient.values,
        adjointResidual: adjointBound.residual, hypergradientErrorBound: nil)
      do throws(NoBound<Element>) {
        result.hypergradientErrorBound = try adjointBound.bound(given: state)
      } catch { result.absence = error }
      return result
    }
    // Where the piece is a point nothing is gained by a modulus.
    let modulus = inference.proximal.rank == 0 ? nil : inference.knownState()
    let known = modulus.map(certificate)
    let enough = Element.pow(.ulpOfOne, Element(1) / 3) * adjointBound.hypergradientNorm
    // Small factorizations cost less than the gradient did.
    if let known, let bound = known.hypergradientErrorBound, bound <= enough, inference.proximal.rank > 64 {
      return known
    }
    // Of several bounds the smallest one, and one rather than none.
    var best = known
    func consider(_ state: PieceInference<Element>.State?) {
      guard let other = state.map(certificate) else { return }
      let (first, second) = (best?.hypergradientErrorBound ?? .infinity, other.hypergradientErrorBound ?? .infinity)
      if best == nil || second < first { best = other }
    }
    consider(lookOnce())
    if !inference.proximal.isProjection {
      consider(modulus.map { inference.contracted($0, L.hessian) })
      consider(lookOnce().map { inference.contracted($0, L.hessian) })
    }
    guard let best else { throw .noStrongConvexity }
    return best
  }

  /// The step at w and its derivative, with the constants of f for the coordinates that matter.
  ///
  /// - Parameter all: whether all coordinates matter.
  private func infer(
    at w: Vector<Element>, parameters λ: Vector<Element>, linearization L: ProximalGradientLinearization<F, G>,
    all: Bool
  ) throws(NoBound<Element>) -> PieceInference<Element> {
    let ofPenalty = penaltyParameters(λ)
    let proximal = penalty.makeLinearization(count: stateCount)
    // The coordinates are guessed from what was differentiated; if they turn out to be others, all are taken.
    var marked = Vector(count: stateCount) { w[$0] == 0 ? 0 : Element(1) }
    for k in 0..<L.proximal.active.count { marked[L.proximal.active[k]] = 1 }
    if all || !L.proximal.parametersLieInRange || marked.nonzeroCount == 0 { marked.fill(1) }
    while true {
      let moving = IndexSubset(nonzerosOf: marked)
      let gradient = smooth.roundedGradient(at: w, parameters: smoothParameters(λ), active: moving)
      let step = try ProximalStep(gradient, at: w)
      var value = Vector(copying: step.argument)
      penalty.apply(step: step.step, parameters: ofPenalty, to: &value)
      penalty.linearize(
        at: step.argument, step: step.step, parameters: ofPenalty, kink: .zero, into: proximal)
      guard proximal.isDefined, proximal.hasFactor,
        let piece = penalty.piece(
          at: step.argument, value: value, step: step.step, parameters: ofPenalty, linearization: proximal)
      else { throw .penaltyHasNoBound }
      if moving.count < stateCount {
        var isCovered = proximal.parametersLieInRange
        for j in 0..<stateCount where value[j] != w[j] && marked[j] == 0 { isCovered = false }
        for k in 0..<proximal.active.count where marked[proximal.active[k]] == 0 { isCovered = false }
        if !isCovered {
          marked.fill(1)
          continue
        }
      }
      return try step.inference(
        at: w, value: value, proximal: proximal, piece: piece, moving: moving,
        penaltyConvexity: penalty.strongConvexity(parameters: ofPenalty))
    }
  }
}
