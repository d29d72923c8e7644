public import LinAlg

/// `g(w, λ) = λ₀ ‖w‖₁ + λ₁ ‖w‖²/2`. prox is S_{sλ₀}(u)/(1 + sλ₁); D = mask/(1 + sλ₁).
///
/// H. Zou, T. Hastie: Regularization and variable selection via the elastic net. J. R. Stat. Soc. B 67 (2005).
public struct ElasticNet<Element: Scalar>: PiecewiseLinearMap {
  public init() {}
  public var parameterCount: Int { 2 }

  public func term(_ w: Element, parameters λ: Vector<Element>) -> Element {
    λ[0] * w.magnitude + (w == 0 ? 0 : λ[1] * w * w / 2)
  }

  public func pieces(step s: Element, parameters λ: Vector<Element>, into pieces: inout LinearPieces<Element>) {
    let (t, a) = (s * λ[0], 1 / (1 + s * λ[1]))
    pieces.add(end: -t, slope: a, anchor: -t, value: 0, shift: (s * a, 0), growth: (0, -s * a))
    pieces.add(end: t, slope: 0, anchor: 0, value: 0, shift: (0, 0))
    pieces.add(end: .infinity, slope: a, anchor: t, value: 0, shift: (-s * a, 0), growth: (0, -s * a))
  }
}
