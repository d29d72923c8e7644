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

  public func pieces(step s: Element, parameters λ: Vector<Element>, into pieces: inout LinearPieces<Element>) {
    let (C, t) = (λ[0], s * (width ?? λ[1]))
    // The derivatives by C and by ε; the second is left out where ε is fixed.
    pieces.add(end: -C - t, slope: 0, anchor: 0, value: -C, shift: (-1, 0))
    pieces.add(end: -t, slope: 1, anchor: -t, value: 0, shift: (0, s))
    pieces.add(end: t, slope: 0, anchor: 0, value: 0, shift: (0, 0))
    pieces.add(end: C + t, slope: 1, anchor: t, value: 0, shift: (0, -s))
    pieces.add(end: .infinity, slope: 0, anchor: 0, value: C, shift: (1, 0))
  }
}
