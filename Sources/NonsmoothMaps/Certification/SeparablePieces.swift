public import LinAlg

extension SeparableSum: CertifiablePenalty {
  /// That of the parts, where all have one: the nearest piece, the errors of D in the largest, those of values and of B summed up in squares.
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: SeparableLinearization<Element>
  ) -> PieceBound<Element>? {
    var whole = PieceBound<Element>(radius: .infinity, valueRounding: 0, derivativeRounding: 0, parametersRounding: 0)
    var curvatures: [(Element) -> (derivative: Element, parameters: Element)] = []
    for part in L.pieces {
      guard let bound = part.bound(at: u, value: x, step: s, parameters: λ) else { return nil }
      whole.radius = min(whole.radius, bound.radius)
      whole.valueRounding = .hypot(whole.valueRounding, bound.valueRounding)
      whole.derivativeRounding = max(whole.derivativeRounding, bound.derivativeRounding)
      whole.parametersRounding = .hypot(whole.parametersRounding, bound.parametersRounding)
      whole.rangeIsConstant = whole.rangeIsConstant && bound.rangeIsConstant
      curvatures.append(bound.curvature)
    }
    let up = 1 + Element(4 * (L.pieces.count + 8)) * .ulpOfOne
    whole.valueRounding *= up
    // Where parts share a parameter what they add to it is rounded once each.
    whole.parametersRounding =
      up * whole.parametersRounding + (up - 1) * (λ.count == 0 ? 0 : L.normOfParameters(λ.count))
    whole.curvature = { ε in
      curvatures.reduce((derivative: 0, parameters: 0)) {
        let (κ, κB) = $1(ε)
        return (max($0.derivative, κ), .hypot($0.parameters, κB) * up)
      }
    }
    return whole
  }

  public func strongConvexity(parameters λ: Vector<Element>) -> Element {
    var least = Element.infinity
    for part in parts {
      guard let penalty = part.penalty as? any CertifiablePenalty<Element> else { return 0 }
      least = min(
        least, penalty.strongConvexity(parameters: Vector(count: part.parameters.count) { λ[part.parameters[$0]] }))
    }
    return least.isFinite ? least : 0
  }
}
