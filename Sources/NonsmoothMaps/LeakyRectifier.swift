public import LinAlg

/// `g(w, λ) = λ Σ min(wⱼ, 0)²/2`: negative entries cost. prox is the leaky rectifier: u for u ≥ 0, u/(1 + sλ) below.
public struct LeakyRectifier<Element: Scalar>: PiecewiseLinearMap {
  public init() {}
  public var parameterCount: Int { 1 }

  public func term(_ w: Element, parameters λ: Vector<Element>) -> Element { w < 0 ? λ[0] * w * w / 2 : 0 }

  public func pieces(step s: Element, parameters λ: Vector<Element>, into pieces: inout LinearPieces<Element>) {
    let a = 1 / (1 + s * λ[0])
    pieces.add(end: 0, slope: a, anchor: 0, value: 0, shift: 0, growth: -s * a)
    pieces.add(end: .infinity, slope: 1, anchor: 0, value: 0, shift: 0)
  }
}
