public import LinAlg

/// `g(w, λ) = ε ‖w‖₁` for |wⱼ| ≤ C, infinite elsewhere, C = λ₀: the conjugate of ``InsensitivePenalty``, and what the dual of support vector regression
/// minimizes beside its quadratic. ε = λ₁, or fixed.
///
/// prox is soft thresholding by sε, then clipping to ±C. B's column of C is ±1 where x is held at ±C, outside of D's range.
public struct InsensitiveConjugate<Element: Scalar>: PiecewiseLinearMap {
  /// ε where it is no parameter.
  public let width: Element?

  /// - Parameter width: ε, at least 0; nil for a parameter.
  public init(width: Element? = nil) {
    precondition(width.map { $0 >= 0 } ?? true, "InsensitiveConjugate: a width of \(width ?? 0)")
    self.width = width
  }

  public var parameterCount: Int { width == nil ? 2 : 1 }

  public func term(_ w: Element, parameters λ: Vector<Element>) -> Element {
    w.magnitude > λ[0] ? .infinity : (width ?? λ[1]) * w.magnitude
  }

  public func pieces(step s: Element, parameters λ: Vector<Element>) -> [LinearPiece<Element>] {
    let (C, t) = (λ[0], s * (width ?? λ[1]))
    /// The derivatives by C and by ε.
    func by(_ ofBound: Element, _ ofWidth: Element) -> [Element] { width == nil ? [ofBound, ofWidth] : [ofBound] }
    return [
      LinearPiece(end: -C - t, slope: 0, anchor: 0, value: -C, shift: by(-1, 0)),
      LinearPiece(end: -t, slope: 1, anchor: -t, value: 0, shift: by(0, s)),
      LinearPiece(end: t, slope: 0, anchor: 0, value: 0, shift: by(0, 0)),
      LinearPiece(end: C + t, slope: 1, anchor: t, value: 0, shift: by(0, -s)),
      LinearPiece(end: .infinity, slope: 0, anchor: 0, value: C, shift: by(1, 0)),
    ]
  }
}
