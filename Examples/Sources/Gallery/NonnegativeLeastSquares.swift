import ImplicitDiff
import LinAlg
import NonsmoothMaps
import RandomStreams
import Tracing

/// min ½‖Xw − y‖² over w ≥ 0, differentiated by the observations y.
func nonnegativeLeastSquares() throws -> [Comparison] {
  var random = RandomStream(seed: 1)
  let (n, p) = (30, 12)
  let X = random.matrix(n, p)
  let truth = Vector<Double>(count: p) { $0 % 3 == 0 ? 1 : 0 }
  let y = X * truth + 0.5 * random.vector(n)

  let f = try TracedFunction<Double>(state: p, parameters: n) { w, y in norm2(X * w - y) / 2 }
  let E = try TracedObjective<Double>(state: p, parameters: n) { w, _ in norm2(w - truth) / 2 }
  let solution = ProximalGradientMap(f, Box.nonNegative).solve(at: y)
  let w = try solution.get()
  let byAID = try AID().boundedHypergradient(of: E, solution.problem)
  let byITD = try ReverseITD().hypergradient(of: E, solution.problem)

  // On its support S the solution is that of least squares, w_S = X_S⁺ y: ∇E = X_S (X_SᵀX_S)⁻¹ (w − truth)_S. S is right where the multipliers are not negative.
  let S = IndexSubset(nonzerosOf: w)
  let slope = X.transposed * (X * w - y)
  try require((0..<p).allSatisfy { w[$0] > 0 || (w[$0] == 0 && slope[$0] > 0) }, "a multiplier has the wrong sign")
  let XS = X.columns(S)
  let gram = try Cholesky(XS.transposed * XS)
  var v = (w - truth).rows(S.elements)
  gram.solve(&v)
  let exact = XS * v

  let tolerance = relativeTolerance(reciprocalCondition: gram.reciprocalCondition) * exact.norm
  return try [
    Comparison("∂E/∂y", byAID, is: exact, within: tolerance), Comparison("∂E/∂y", byITD, is: exact, within: tolerance),
  ]
}
