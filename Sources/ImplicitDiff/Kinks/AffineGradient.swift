public import LinAlg

/// A smooth function whose gradient may be affine in (w, λ) along a direction of the parameters, so that the path of solutions is piecewise
/// linear there: a quadratic one.
public protocol AffineGradientFunction<Element>: SmoothFunction {
  /// Whether ∇f(w, λ + tδ) is affine in (w, t).
  func gradientIsAffine(along δ: Vector<Element>) -> Bool
}
