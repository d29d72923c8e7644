import LinAlg

extension AID where Map: CertifiableMap {
  /// A sharper bound by a point that is nearer to the solution: some steps of Newton's method on w = Φ(w) lead from w to ŵ, whose hypergradient ĝ has a bound b̂ of its own, and g is
  /// off by at most ‖g − ĝ‖ + b̂. The bound at w is a product of norms along the way; the distance is the error itself but for b̂. Where that gains nothing the bound stays.
  ///
  /// Tried where the state was not vouched for, which needs no step, and where the support is small, or where the bound leaves less than a third of the digits. Cost: up to three linearizations and factorizations on the support, and a hypergradient
  /// with its certificate.
  func sharpened(
    _ certificate: Certificate<Element>, _ problem: FixedPointProblem<Map>, _ objective: some OuterObjective<Element>,
    _ workspace: AIDWorkspace<Map>
  ) -> Certificate<Element> {
    let λ = problem.parameters
    guard !problem.stateIsSolution, let bound = certificate.hypergradientErrorBound,
      let parts = workspace.symmetricParts(), parts.rank > 0,
      parts.rank <= 1500
    else { return certificate }
    // g once more, as it was computed.
    var g = Vector<Element>.zeros(λ.count)
    var (ofState, ofParameters) = (Vector<Element>.zeros(problem.state.count), g)
    objective.gradient(
      at: problem.state, parameters: λ, support: nil, state: &ofState, parameters: &ofParameters)
    workspace.linearization.parameters.applyAdjoint(workspace.adjoint, into: &g)
    let size: Element = g.norm + ofParameters.norm
    g.add(1, ofParameters)
    let enough = Element.pow(.ulpOfOne, Element(1) / 3) * g.norm
    guard parts.rank <= 64 || bound > enough, let nearer = newtonPoint(problem) else { return certificate }

    let strategy = AID(.direct)
    let own = strategy.makeWorkspace(for: problem.map)
    let there = FixedPointProblem(problem.map, parameters: λ, state: nearer)
    var (ĝ, scratch) = (Vector<Element>.zeros(λ.count), Vector<Element>.zeros(λ.count))
    do {
      let report = try strategy.hypergradient(of: objective, there, into: &ĝ, scratch: &scratch, workspace: own)
      guard report.outcome.isUsable else { return certificate }
      let other = try strategy.certifyPoint(there, objective, own)
      guard let rest = other.hypergradientErrorBound else { return certificate }
      let rounding: Element = 4 * Element.ulpOfOne * size
      let distance: Element = g.distance(to: ĝ) * (1 + Element(λ.count + 8) * Element.ulpOfOne)
      let sharp: Element = (distance + rest + rounding) * (1 + 8 * Element.ulpOfOne)
      var result = certificate
      if sharp < bound { result.hypergradientErrorBound = sharp }
      if other.solution.stateErrorIsProven {
        let moved: Element = problem.state.distance(to: nearer) * (1 + Element(nearer.count + 8) * Element.ulpOfOne)
        let error: Element = (moved + other.stateErrorBound) * (1 + 8 * Element.ulpOfOne)
        if error < result.solution.stateError && certificate.solution.stateErrorIsProven {
          result.solution.stateError = error
        }
      }
      return result
    } catch {
      return certificate
    }
  }

  /// Φ(w) + x for the x with (I − A1) x = A1 (Φ(w) − w), up to three times, while that leads on; nil where it does not.
  private func newtonPoint(_ problem: FixedPointProblem<Map>) -> Vector<Element>? {
    let workspace = makeWorkspace(for: problem.map)
    let cholesky = CholeskyWorkspace<Element>(capacity: 0)
    var here = FixedPointProblem(problem.map, parameters: problem.parameters, state: problem.state)
    var last = Element.infinity
    for _ in 0..<3 {
      guard workspace.linearize(here, contracting: false) != nil, let parts = workspace.symmetricParts() else {
        return nil
      }
      let system = workspace.symmetricSystem(parts)
      var step = workspace.value - here.state
      var image = Vector<Element>.zeros(step.count)
      if system.rows > 0 {
        workspace.linearization.state.apply(step, into: &image)
        system.loadTangent(image)
        do throws(FactorizationError) {
          try cholesky.factor(count: system.rows) { system.assemble(into: &$0) }
        } catch { break }
        system.solution.copy(from: system.rightHandSide)
        cholesky.solve(&system.solution)
        system.storeTangent(into: &image)
        step.add(1, image)
      } else {
        image.fill(0)
      }
      let moved = step.norm
      guard moved.isFinite, moved < last / 2 else { break }
      last = moved
      // Entries that Φ sets to zero stay zero.
      var next = Vector(copying: workspace.value)
      next.add(1, image)
      here = FixedPointProblem(problem.map, parameters: problem.parameters, state: next)
      if moved <= .ulpOfOne.squareRoot() * next.norm { break }
    }
    return last.isFinite ? here.state : nil
  }
}
