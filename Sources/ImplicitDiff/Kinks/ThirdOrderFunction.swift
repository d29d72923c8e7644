public import LinAlg

/// A smooth function that knows its third derivatives along directions: what the second order of the reduced objective needs.
public protocol ThirdOrderFunction<Element>: SmoothFunction {
  /// (a, b) ← (a, b) + α ∇²φ (x, δ) for φ(w, λ) = zᵀ∇_w f(w, λ), the Hessian with respect to (w, λ): a has p entries, b as many as f has
  /// parameters. False, and a and b undefined, where the third derivatives are not known.
  func addThirdDerivative(
    _ z: Vector<Element>, _ x: Vector<Element>, _ δ: Vector<Element>, at w: Vector<Element>,
    parameters λ: Vector<Element>, scale α: Element, state a: inout Vector<Element>, parameters b: inout Vector<Element>
  ) -> Bool
}

/// An outer objective that knows its second derivatives along directions.
public protocol TwiceDifferentiableObjective<Element>: OuterObjective {
  /// (a, b) ← (a, b) + ∇²E(w, λ) (x, δ), the Hessian with respect to (w, λ): a has p entries, b has m. False, and a and b undefined, where
  /// it is not known.
  func addHessianProduct(
    _ x: Vector<Element>, _ δ: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>,
    state a: inout Vector<Element>, parameters b: inout Vector<Element>
  ) -> Bool
}
