public import LinAlg

/// `g(w, λ) = λ₀ Σ h(wⱼ)` with h(w) = w²/2 for |w| ≤ λ₁ and λ₁ |w| − λ₁²/2 beyond. prox divides by 1 + sλ₀ in the middle and shifts by sλ₀λ₁ outside.
///
/// P. J. Huber: Robust estimation of a location parameter. Ann. Math. Stat. 35 (1964).
public struct HuberPenalty<Element: Scalar>: PiecewiseLinearMap {
  public init() {}
  public var parameterCount: Int { 2 }

  public func term(_ w: Element, parameters λ: Vector<Element>) -> Element {
    let (n, δ) = (w.magnitude, λ[1])
    return n <= δ ? λ[0] * n * n / 2 : λ[0] * δ * (n - δ / 2)
  }

  public func pieces(step s: Element, parameters λ: Vector<Element>, into pieces: inout LinearPieces<Element>) {
    let (r, δ) = (s * λ[0], λ[1])
    let edge = δ * (1 + r)
    let a = 1 / (1 + r)
    pieces.add(end: -edge, slope: 1, anchor: -edge, value: -δ, shift: (s * δ, r))
    pieces.add(end: edge, slope: a, anchor: 0, value: 0, shift: (0, 0), growth: (-s * a, 0))
    pieces.add(end: .infinity, slope: 1, anchor: edge, value: δ, shift: (-s * δ, -r))
  }
}
