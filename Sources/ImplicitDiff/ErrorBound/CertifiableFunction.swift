public import LinAlg
public import NonsmoothMaps

/// A smooth function that can bound the rounding errors of its gradient and how the gradient changes: with a ``CertifiablePenalty`` the error of a
/// derivative has a bound.
public protocol CertifiableFunction<Element>: SmoothFunction {
  /// ∇f(w, λ) with its bounds, for a w that is zero outside S, the coordinates in which it may move.
  ///
  /// Cost: about a gradient. Every rounding error of the numbers returned is counted in.
  func roundedGradient(at w: Vector<Element>, parameters λ: Vector<Element>, active S: IndexSubset)
    -> RoundedGradient<Element>
}
