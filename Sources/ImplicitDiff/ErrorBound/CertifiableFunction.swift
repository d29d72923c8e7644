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
    let inference = SolutionInference(conditions, gradient)
    if S.count == 0 { return SolutionBounds(known: inference.bound(strongConvexity: 1)) { nil } }
    return SolutionBounds(known: inference.bound(strongConvexity: gradient.strongConvexity)) {
      guard S.count <= largestCertifyingFactor,
        let μ = leastEigenvalueBound(L.hessian, on: S, rounding: gradient.hessianRounding), μ > gradient.strongConvexity
      else { return nil }
      return inference.bound(strongConvexity: μ)
    }
  }
}

/// The support up to which strong convexity is looked for by a factorization of H_SS.
private let largestCertifyingFactor = 1500

/// What the optimality conditions at w say of the exact minimizer.
private struct SolutionInference<Element: Scalar> {
  private let conditions: OptimalityConditions<Element>
  private let changePerRoot: Element
  private let slope: Element
  private let hessianLipschitzConstant: Element
  private let hessianRounding: Element
  private let mixedDerivativeLipschitzConstant: Element

  init(_ conditions: OptimalityConditions<Element>, _ gradient: RoundedGradient<Element>) {
    self.conditions = conditions
    changePerRoot = gradient.changePerRoot
    slope = gradient.slope
    hessianLipschitzConstant = gradient.hessianLipschitzConstant
    hessianRounding = gradient.hessianRounding
    mixedDerivativeLipschitzConstant = gradient.mixedDerivativeLipschitzConstant
  }

  /// What follows from a modulus μ₀ of strong convexity at w: with L_H the Hessian's Lipschitz constant, the modulus between w and w* is at
  /// least μ₀ − L_H e, and e (μ₀ − L_H e) = ‖d‖ has its smaller root where 4 ‖d‖ L_H ≤ μ₀².
  func bound(strongConvexity μ₀: Element) -> SolutionBound<Element>? {
    let ulp = Element.ulpOfOne
    // Where μ₀ is a ridge this is stricter than need be: a ridge is strong convexity everywhere.
    let L = hessianLipschitzConstant
    let residual = conditions.residual
    guard μ₀ > 0 else { return nil }
    // In quotients, since μ₀² may overflow.
    let discriminant = 1 - 4 * (residual / μ₀) * (L / μ₀)
    guard discriminant >= 0 else { return nil }
    let e = 2 * (residual / μ₀) / (1 + discriminant.squareRoot()) * (1 + 16 * ulp)
    let μ = (μ₀ - L * e) * (1 - 4 * ulp)
    guard e.isFinite, μ > 0 else { return nil }
    // (∇f(w) − ∇f(w*))·(w − w*) ≤ d·(w − w*), since the subgradients of g are monotone.
    let change = changePerRoot * (residual * e).squareRoot() * (1 + 16 * ulp)
    let piece = conditions.piece(stateError: e, change: change, slope: slope)
    return SolutionBound(
      optimalityResidual: residual, strongConvexity: μ, stateError: e, isIdentified: piece.isProven,
      kinkDistance: piece.distance, hessianLipschitzConstant: L, hessianRounding: hessianRounding,
      mixedDerivativeLipschitzConstant: mixedDerivativeLipschitzConstant)
  }
}

/// A lower bound on the least eigenvalue of H_SS, or nil where none above zero is found.
///
/// An estimate comes from inverse iteration with the Cholesky factor; half of it is proven by factoring H_SS − μ I: that a
/// Cholesky factorization runs through means that the matrix, changed by at most (|S| + 1) half-ulps of its trace, is positive
/// definite (Higham, *Accuracy and Stability of Numerical Algorithms*, theorem 10.7). Cost: H_SS and two factorizations.
///
/// - Parameter rounding: a bound on the error of H_SS as assembled, in norm.
private func leastEigenvalueBound<H: SupportedHessian>(
  _ hessian: H, on S: IndexSubset, rounding: H.Element
) -> H.Element? {
  typealias Element = H.Element
  let k = S.count
  let cholesky = CholeskyWorkspace<Element>(capacity: k)
  var trace: Element = 0
  var assembled = Matrix<Element>.zeros(k, k)
  hessian.assemble(on: S, into: &assembled)
  for i in 0..<k { trace += assembled[i, i] }
  do throws(FactorizationError) { try cholesky.factor(count: k) { $0.copy(from: assembled) } } catch { return nil }
  var x = Vector<Element>(count: k) { $0 % 2 == 0 ? 1 : -1 }
  var estimate = Element.infinity
  for _ in 0..<4 {
    let size = x.norm
    guard size > 0, size.isFinite else { return nil }
    x.scale(by: 1 / size)
    cholesky.solve(&x)
    estimate = min(estimate, 1 / x.norm)
  }
  let μ = estimate / 2
  do throws(FactorizationError) {
    try cholesky.factor(count: k) { H in
      H.copy(from: assembled)
      H.addToDiagonal(-μ)
    }
  } catch { return nil }
  let proven = μ - Element(k + 2) * .ulpOfOne * trace - rounding
  return proven > 0 && proven.isFinite ? proven : nil
}
