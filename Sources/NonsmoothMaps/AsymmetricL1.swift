public import LinAlg

/// `g(w, λ) = Σ λ₀ max(−wⱼ, 0) + λ₁ max(wⱼ, 0)`: the asymmetric ℓ1 norm, and with λ = (1 − τ, τ) the quantile loss of level τ.
///
/// R. Koenker, G. Bassett: Regression quantiles. Econometrica 46 (1978).
public struct AsymmetricL1<Element: Scalar>: PiecewiseLinearMap {
  public init() {}
  public var parameterCount: Int { 2 }

  public func term(_ w: Element, parameters λ: Vector<Element>) -> Element { w < 0 ? -λ[0] * w : λ[1] * w }

  public func pieces(step s: Element, parameters λ: Vector<Element>, into pieces: inout LinearPieces<Element>) {
    let (l, h) = (-s * λ[0], s * λ[1])
    pieces.add(end: l, slope: 1, anchor: l, value: 0, shift: (s, 0))
    pieces.add(end: h, slope: 0, anchor: 0, value: 0, shift: (0, 0))
    pieces.add(end: .infinity, slope: 1, anchor: h, value: 0, shift: (0, -s))
  }
}
