public import LinAlg

/// `g(w, λ) = λ (number of entries that are not zero)`: the ℓ0 penalty. Not convex.
///
/// prox keeps the entries above √(2sλ) in size and drops the others; D is the mask, B = 0. The value jumps at the threshold: there nothing is
/// differentiated (``ProximalLinearization/isDefined``).
public struct HardThreshold<Element: Scalar>: PiecewiseLinearMap {
  public init() {}
  public var parameterCount: Int { 1 }
  public var isConvex: Bool { false }
  public func expansion(step s: Element, parameters λ: Vector<Element>) -> Element { λ[0] == 0 ? 1 : .infinity }
  public func term(_ w: Element, parameters λ: Vector<Element>) -> Element { w == 0 ? 0 : (w.isNaN ? .nan : λ[0]) }

  public func pieces(step s: Element, parameters λ: Vector<Element>, into pieces: inout LinearPieces<Element>) {
    let t = (2 * s).squareRoot() * λ[0].squareRoot()
    pieces.add(end: -t, slope: 1, anchor: 0, value: 0, shift: 0)
    pieces.add(end: t, slope: 0, anchor: 0, value: 0, shift: 0)
    pieces.add(end: .infinity, slope: 1, anchor: 0, value: 0, shift: 0)
  }

  /// Which entries are zero.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 { w.signPattern }
}
