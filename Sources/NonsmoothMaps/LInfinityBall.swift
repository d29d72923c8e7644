public import LinAlg

/// The constraint ‖w‖_∞ ≤ r with the radius as the only parameter. prox clips to ±r; B is ±1 where it does, outside of D's range.
public struct LInfinityBall<Element: Scalar>: PiecewiseLinearMap {
  public init() {}
  public var parameterCount: Int { 1 }

  /// The radius may be 0.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    ParameterViolation.negative(in: λ, expected: "a radius of at least 0")
  }

  public func term(_ w: Element, parameters λ: Vector<Element>) -> Element {
    w.isNaN ? .nan : (w.magnitude <= λ[0] ? 0 : .infinity)
  }

  /// 0 in the ball, to rounding errors of p entries; infinite outside.
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let size = w.maxNorm
    return size.isNaN ? .nan : (size <= λ[0] * (1 + 4 * Element(w.count + 2) * .ulpOfOne) ? 0 : .infinity)
  }

  public func pieces(step s: Element, parameters λ: Vector<Element>, into pieces: inout LinearPieces<Element>) {
    pieces.add(end: -λ[0], slope: 0, anchor: 0, value: -λ[0], shift: -1)
    pieces.add(end: λ[0], slope: 1, anchor: 0, value: 0, shift: 0)
    pieces.add(end: .infinity, slope: 0, anchor: 0, value: λ[0], shift: 1)
  }
}
