public import LinAlg

/// `g(w, λ) = λ Σ max(1 − wⱼ, 0)`: the loss of margins. prox is u + sλ below 1 − sλ, 1 up to 1, and u above.
public struct HingePenalty<Element: Scalar>: PiecewiseLinearMap {
  public init() {}
  public var parameterCount: Int { 1 }

  public func term(_ w: Element, parameters λ: Vector<Element>) -> Element { w < 1 ? λ[0] * (1 - w) : 0 }

  public func pieces(step s: Element, parameters λ: Vector<Element>, into pieces: inout LinearPieces<Element>) {
    let t = s * λ[0]
    // Anchored at 0, so that small numbers keep their digits.
    pieces.add(end: 1 - t, slope: 1, anchor: 0, value: t, shift: s)
    pieces.add(end: 1, slope: 0, anchor: 0, value: 1, shift: 0)
    pieces.add(end: .infinity, slope: 1, anchor: 0, value: 0, shift: 0)
  }
}
