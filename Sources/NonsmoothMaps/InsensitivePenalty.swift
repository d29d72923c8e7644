public import LinAlg

/// `g(w, λ) = λ₀ Σ max(|wⱼ| − λ₁, 0)`: the ε-insensitive loss of support vector regression, ε = λ₁.
///
/// B's column of ε is ±1 where x is held at ±ε, outside of D's range.
public struct InsensitivePenalty<Element: Scalar>: PiecewiseLinearMap {
  public init() {}
  public var parameterCount: Int { 2 }

  public func term(_ w: Element, parameters λ: Vector<Element>) -> Element { λ[0] * max(w.magnitude - λ[1], 0) }

  public func pieces(step s: Element, parameters λ: Vector<Element>, into pieces: inout LinearPieces<Element>) {
    let (t, ε) = (s * λ[0], λ[1])
    pieces.add(end: -ε - t, slope: 1, anchor: -ε - t, value: -ε, shift: (s, 0))
    pieces.add(end: -ε, slope: 0, anchor: 0, value: -ε, shift: (0, -1))
    pieces.add(end: ε, slope: 1, anchor: 0, value: 0, shift: (0, 0))
    pieces.add(end: ε + t, slope: 0, anchor: 0, value: ε, shift: (0, 1))
    pieces.add(end: .infinity, slope: 1, anchor: ε + t, value: ε, shift: (-s, 0))
  }
}
