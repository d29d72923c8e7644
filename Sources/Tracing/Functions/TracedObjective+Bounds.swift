public import LinAlg

extension TracedObjective {
  private var directions: (Vector<Element>, Vector<Element>) {
    (
      .zeros(tape.shape(tape.inputs[FunctionInput.state]).count(batch: 1)),
      .zeros(tape.shape(tape.inputs[FunctionInput.parameters]).count(batch: 1))
    )
  }

  /// Bounds that hold for all w that differ on S, whatever λ is.
  private func enclosures(active S: IndexSubset) -> Enclosures<Element> {
    let (w, λ) = directions
    run(gradientNodes, w, λ)
    let norms = DesignNorms(tape, active: S)
    let list = tape.stored(for: [slopes.state, slopes.parameters])
    let errors = PointErrors(tape, machine, list, norms: norms, active: S)
    return Enclosures(
      tape, machine, list, errors: errors, norms: norms, active: S, radius: .infinity, knowsParameters: false)
  }

  /// By the derivatives of the functions in ∇_w E, where these are bounded over all w and λ: of squares, of logistic losses.
  public func gradientLipschitzConstant(on support: IndexSubset) -> Element? {
    let found = enclosures(active: support).nodes[slopes.state]!
    let constant = min(found.change, (0..<support.count).map { found.slopes[support[$0]] }.upperNorm)
    return constant.isFinite ? constant : nil
  }

  public var parameterGradientLipschitzConstant: Element? {
    let p = directions.0.count
    let constant = enclosures(active: IndexSubset(Array(0..<p), universe: p)).nodes[slopes.parameters]!.change
    return constant.isFinite ? constant : nil
  }

  /// By a running error analysis of the tape.
  public func gradientRoundingErrors(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset
  ) -> (state: Element, parameters: Element)? {
    run(gradientNodes, w, λ)
    // w may be anything outside of the support here.
    let all = IndexSubset(Array(0..<w.count), universe: w.count)
    let list = tape.stored(for: [slopes.state, slopes.parameters])
    let errors = PointErrors(tape, machine, list, norms: DesignNorms(tape, active: all), active: all).nodes
    let onSupport = (0..<support.count).map { errors[slopes.state]!.errors[support[$0]] }.upperNorm
    let ofParameters = errors[slopes.parameters]!.errors.upperNorm
    return onSupport.isFinite && ofParameters.isFinite ? (onSupport, ofParameters) : nil
  }
}
