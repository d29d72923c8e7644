import LinAlg

/// What is known of a proximal map near an argument u, in Euclidean norms, every rounding error counted in.
public struct PieceBound<Element: Scalar> {
  /// prox has one formula at all arguments nearer to u than this. Not above 0 where the piece of u itself is not proven.
  public var radius: Element
  /// A bound on the rounding error of the value at u.
  public var valueRounding: Element
  /// A bound on the rounding errors of D x for ‖x‖ = 1, those of D as filled and of the product.
  public var derivativeRounding: Element
  /// The same for Bᵀ v, ‖v‖ = 1.
  public var parametersRounding: Element
  /// Whether the range of D is the same subspace on the whole piece.
  public var rangeIsConstant: Bool
  /// Lipschitz constants of D and B in the ball of a radius below ``radius``.
  public var curvature: (_ within: Element) -> (derivative: Element, parameters: Element)

  public init(
    radius: Element, valueRounding: Element, derivativeRounding: Element, parametersRounding: Element,
    rangeIsConstant: Bool = true,
    curvature: @escaping (_ within: Element) -> (derivative: Element, parameters: Element) = { _ in (0, 0) }
  ) {
    self.radius = radius
    self.valueRounding = valueRounding
    self.derivativeRounding = derivativeRounding
    self.parametersRounding = parametersRounding
    self.rangeIsConstant = rangeIsConstant
    self.curvature = curvature
  }
}

extension PieceBound {
  /// Of a map whose distance to the kink, value and derivatives are sums of p terms, a few ulps each: numbers of size `magnitude` in
  /// the first two, products with D of norm at most 1, B of norm `parameters`.
  ///
  /// A sum of p terms errs by p half-ulps of the sum of their absolute values; what it is then divided or multiplied by, a few ulps more.
  static func ofSums(
    count p: Int, distance: Element?, magnitude: Element, parameters: Element, isMask: Bool = false,
    rangeIsConstant: Bool = true,
    curvature: @escaping (Element) -> (derivative: Element, parameters: Element) = { _ in (0, 0) }
  ) -> PieceBound? {
    guard let distance else { return nil }
    let share = Element(8 * (p + 16)) * .ulpOfOne
    return PieceBound(
      radius: distance * (1 - 8 * .ulpOfOne) - share * magnitude, valueRounding: share * magnitude,
      derivativeRounding: isMask ? 0 : share, parametersRounding: share * parameters, rangeIsConstant: rangeIsConstant,
      curvature: curvature)
  }
}
