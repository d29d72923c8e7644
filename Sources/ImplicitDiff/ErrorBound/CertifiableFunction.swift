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

/// The error bound of theory without a spectrum: the optimality conditions at w, the strong convexity of the objective on the
/// support, and margins that prove the piece. docs/Theory.md derives it.
extension ProximalGradientMap: CertifiableMap where F: CertifiableFunction, G: CertifiablePenalty {
  public func solutionBounds(
    at w: Vector<Element>, parameters λ: Vector<Element>, linearization L: ProximalGradientLinearization<F, G>
  ) -> SolutionBounds<Element>? {
    let S = L.proximal.active
    guard L.owner === self, L.proximal.isMask, L.proximal.parametersLieInRange else { return nil }
    let gradient = smooth.roundedGradient(at: w, parameters: smoothParameters(λ), active: S)
    guard
      let conditions = penalty.conditions(
        at: w, gradient: gradient, parameters: penaltyParameters(λ), linearization: L.proximal),
      conditions.residual.isFinite
    else { return nil }
    return SolutionInference(conditions, gradient).bounds(count: S.count) { L.hessian.assemble(on: S, into: &$0) }
  }
}
