import ImplicitDiff
import LinAlg
import NonsmoothMaps
import RandomStreams
import Tracing

/// The degrees of freedom of a lasso fit: the divergence Σ ∂ŷᵢ/∂yᵢ of ŷ = X w(y), which is the number of coefficients that are not zero (Zou, Hastie, Tibshirani 2007).
func degreesOfFreedom() throws -> [Comparison] {
  var random = RandomStream(seed: 9)
  let (n, p) = (40, 60)
  let X = random.matrix(n, p)
  let y = X * Vector<Double>(count: p) { $0 < 5 ? 1 : 0 } + random.vector(n)

  let f = try TracedFunction<Double>(state: p, parameters: n) { w, y in norm2(X * w - y) / 2 }
  let solution = ProximalGradientMap(f, FixedParameters(L1Norm(), [12])).solve(at: y)
  let w = try solution.get()
  let J = try AID().jacobian(solution.problem)
  let divergence = sum((X * (try J.get())).diagonal)

  // X_S (X_SᵀX_S)⁻¹ X_Sᵀ is a projector of rank |S|: exact but for rounding.
  let S = IndexSubset(nonzerosOf: w)
  let gram = try Cholesky(X.columns(S).transposed * X.columns(S))
  let tolerance = relativeTolerance(reciprocalCondition: gram.reciprocalCondition) * Double(S.count)
  return [Comparison("div ŷ, is |S|", J.report.method, [divergence], is: [Double(S.count)], within: tolerance)]
}
