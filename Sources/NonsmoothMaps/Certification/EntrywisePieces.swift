public import LinAlg

/// Soft thresholding: breakpoints at ± the thresholds, B constant on a piece.
extension L1Norm {
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: L1Linearization<Element>
  ) -> PieceBound<Element>? {
    guard let distance = L.kinkDistance else { return nil }
    // Each entry errs by an ulp in its threshold, one in the difference.
    let ulp = Element.ulpOfOne
    var largest: Element = 0
    for k in 0..<strengths.count { largest = max(largest, s * λ[k]) }
    let rounding = 4 * ulp * Element(u.count).squareRoot() * largest
    return PieceBound(
      radius: distance * (1 - 4 * ulp) - rounding, valueRounding: rounding + ulp * x.norm, derivativeRounding: 0,
      parametersRounding: Element(u.count + 8) * ulp * L.signs.norm)
  }
}

extension PiecewiseLinearMap where Self: CertifiablePenalty {
  /// Breakpoints are a few operations on the parameters; D is constant on a piece, B grows with the value where a slope depends on a parameter.
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: EntrywiseLinearization<Element>
  ) -> PieceBound<Element>? {
    guard isConvex, let distance = L.kinkDistance, let size = L.parametersFrobeniusNorm else { return nil }
    let ulp = Element.ulpOfOne
    var (end, shift, growth): (Element, Element, Element) = (0, 0, 0)
    withPieces(step: s, parameters: λ) { pieces in
      for i in 0..<pieces.count {
        if pieces.ends[i].isFinite { end = max(end, pieces.ends[i].magnitude) }
        shift = max(shift, pieces.values[i].magnitude + pieces.anchors[i].magnitude)
        var sum: Element = 0
        for k in 0..<pieces.parameterCount { sum += pieces.growth(i)[k].magnitude }
        growth = max(growth, pieces.slopes[i] * sum)
      }
    }
    // An entry is value + slope (u − anchor), each of these an ulp or two off.
    let value = 8 * ulp * (u.norm + Element(u.count).squareRoot() * shift)
    return PieceBound(
      radius: distance * (1 - 4 * ulp) - 8 * ulp * end, valueRounding: value,
      derivativeRounding: L.isMask ? 0 : 8 * ulp,
      parametersRounding: Element(u.count + 16) * ulp * size + growth * value
    ) { _ in (0, growth) }
  }
}

extension ElasticNet: CertifiablePenalty {
  public func strongConvexity(parameters λ: Vector<Element>) -> Element { λ[1] }
}
extension AsymmetricL1: CertifiablePenalty {}
extension NonnegativeL1: CertifiablePenalty {}
extension HingePenalty: CertifiablePenalty {}
extension HuberPenalty: CertifiablePenalty {}
extension InsensitivePenalty: CertifiablePenalty {}
extension InsensitiveConjugate: CertifiablePenalty {}
extension LInfinityBall: CertifiablePenalty {}
extension LeakyRectifier: CertifiablePenalty {}

extension Box: CertifiablePenalty {
  /// Clipping rounds nothing, and the distance to a bound is one subtraction.
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: BoxLinearization<Element>
  ) -> PieceBound<Element>? {
    guard let distance = L.kinkDistance else { return nil }
    return PieceBound(
      radius: distance * (1 - 2 * .ulpOfOne), valueRounding: 0, derivativeRounding: 0,
      parametersRounding: Element(u.count + 8) * .ulpOfOne * Element(u.count).squareRoot())
  }
}

extension FixedParameters: CertifiablePenalty where G: CertifiablePenalty {
  public func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: FixedParametersLinearization<G.Linearization>
  ) -> PieceBound<Element>? {
    base.piece(at: u, value: x, step: s, parameters: constants, linearization: L.base)
  }

  public func strongConvexity(parameters λ: Vector<Element>) -> Element { base.strongConvexity(parameters: constants) }
}
