public import LinAlg

/// `g(w, λ) = λ Σ w` for w ≥ 0, infinite elsewhere: the nonnegative lasso's penalty. prox is max(u − sλ, 0), with λ = 0 the rectifier (ReLU).
public struct NonnegativeL1<Element: Scalar>: PiecewiseLinearMap {
  public init() {}
  public var parameterCount: Int { 1 }

  public func term(_ w: Element, parameters λ: Vector<Element>) -> Element { w < 0 ? .infinity : λ[0] * w }

  public func pieces(step s: Element, parameters λ: Vector<Element>, into pieces: inout LinearPieces<Element>) {
    let t = s * λ[0]
    pieces.add(end: t, slope: 0, anchor: 0, value: 0, shift: 0)
    pieces.add(end: .infinity, slope: 1, anchor: t, value: 0, shift: -s)
  }
}
