package import LinAlg
package import NonsmoothMaps

/// What the optimality conditions at w say of the exact minimizer.
package struct SolutionInference<Element: Scalar> {
  /// The support up to which strong convexity is looked for by a factorization of H_SS.
  private static var largestFactor: Int { 1500 }

  private let conditions: OptimalityConditions<Element>
  private let gradient: Vector<Element>
  private let changePerRoot: Element
  private let slope: Element
  private let hessianLipschitzConstant: Element
  private let hessianRounding: Element
  private let mixedDerivativeLipschitzConstant: Element
  private let mixedDerivativeRounding: Element
  private let radius: Element
  private let knownStrongConvexity: Element

  package init(_ conditions: OptimalityConditions<Element>, _ gradient: RoundedGradient<Element>) {
    self.conditions = conditions
    self.gradient = gradient.values
    changePerRoot = gradient.changePerRoot
    slope = gradient.slope
    hessianLipschitzConstant = gradient.hessianLipschitzConstant
    hessianRounding = gradient.hessianRounding
    mixedDerivativeLipschitzConstant = gradient.mixedDerivativeLipschitzConstant
    mixedDerivativeRounding = gradient.mixedDerivativeRounding
    radius = gradient.radius
    knownStrongConvexity = gradient.strongConvexity
  }

  /// By the strong convexity known of f, and by that which is found on the support, of k coordinates.
  ///
  /// - Parameter assemble: writes H_SS, k × k, both triangles.
  package func bounds(count k: Int, _ assemble: @escaping (inout Matrix<Element>) -> Void) -> SolutionBounds<Element> {
    if k == 0 { return SolutionBounds(gradient: gradient, known: bound(strongConvexity: 1)) { nil } }
    return SolutionBounds(gradient: gradient, known: bound(strongConvexity: knownStrongConvexity)) {
      guard k <= Self.largestFactor, let μ = leastEigenvalueBound(count: k, rounding: hessianRounding, assemble),
        μ > knownStrongConvexity
      else { return nil }
      return bound(strongConvexity: μ)
    }
  }

  /// What follows from a modulus μ₀ of strong convexity at w: with L_H the Hessian's Lipschitz constant, the modulus between w and w* is at
  /// least μ₀ − L_H e, and e (μ₀ − L_H e) = ‖d‖ has its smaller root where 4 ‖d‖ L_H ≤ μ₀².
  private func bound(strongConvexity μ₀: Element) -> SolutionBound<Element>? {
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
    // Beyond the radius nothing is known of L.
    guard e.isFinite, μ > 0, e <= radius else { return nil }
    // (∇f(w) − ∇f(w*))·(w − w*) ≤ d·(w − w*), since the subgradients of g are monotone.
    let byRoot = changePerRoot.isFinite ? changePerRoot * (residual * e).squareRoot() : .infinity
    let change = min(byRoot, slope * e) * (1 + 16 * ulp)
    let piece = conditions.piece(stateError: e, change: change, slope: slope)
    return SolutionBound(
      optimalityResidual: residual, strongConvexity: μ, stateError: e, isIdentified: piece.isProven,
      kinkDistance: piece.distance, hessianLipschitzConstant: L, hessianRounding: hessianRounding,
      mixedDerivativeLipschitzConstant: mixedDerivativeLipschitzConstant,
      mixedDerivativeRounding: mixedDerivativeRounding)
  }
}

/// A lower bound on the least eigenvalue of H_SS, or nil where none above zero is found.
///
/// An estimate from above comes from inverse iteration with the Cholesky factor; most of it, or half, is proven by factoring H_SS − μ I: that a
/// Cholesky factorization runs through means that the matrix, changed by at most (|S| + 1) half-ulps of its trace, is positive
/// definite (Higham, *Accuracy and Stability of Numerical Algorithms*, theorem 10.7). Cost: H_SS and two or three factorizations.
///
/// - Parameter rounding: a bound on the error of H_SS as assembled, in norm.
func leastEigenvalueBound<Element: Scalar>(
  count k: Int, rounding: Element, _ assemble: (inout Matrix<Element>) -> Void
) -> Element? {
  let cholesky = CholeskyWorkspace<Element>(capacity: k)
  var trace: Element = 0
  var assembled = Matrix<Element>.zeros(k, k)
  assemble(&assembled)
  for i in 0..<k { trace += assembled[i, i] }
  do throws(FactorizationError) { try cholesky.factor(count: k) { $0.copy(from: assembled) } } catch { return nil }
  var x = Vector<Element>(count: k) { $0 % 2 == 0 ? 1 : -1 }
  var estimate = Element.infinity
  for _ in 0..<6 {
    let size = x.norm
    guard size > 0, size.isFinite else { return nil }
    x.scale(by: 1 / size)
    cholesky.solve(&x)
    estimate = min(estimate, 1 / x.norm)
  }
  for share: Element in [0.9, 0.5] {
    let μ = share * estimate
    do throws(FactorizationError) {
      try cholesky.factor(count: k) { H in
        H.copy(from: assembled)
        H.addToDiagonal(-μ)
      }
    } catch { continue }
    let proven = μ - Element(k + 2) * .ulpOfOne * trace - rounding
    return proven > 0 && proven.isFinite ? proven : nil
  }
  return nil
}
