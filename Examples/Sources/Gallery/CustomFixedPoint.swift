import ImplicitDiff
import LinAlg
import RandomStreams
import Tracing

/// jaxopt's `custom_fixed_point`: a lasso by whatever solver, here coordinate descent, with a fixed-point equation beside it, which gives derivatives.
func customFixedPoint() throws -> [Comparison] {
  var random = RandomStream(seed: 11)
  let (n, p, λ) = (40, 20, 8.0)
  let X = random.matrix(n, p)
  let y = X * Vector<Double>(count: p) { $0 < 4 ? 1 : 0 } + random.vector(n)
  let (held, targets) = (random.matrix(20, p), random.vector(20))

  var w = Vector<Double>.zeros(p)
  var residual = y
  for _ in 0..<500 {
    for j in 0..<p {
      let x = X.column(j)
      let next = softThreshold(dot(x, residual) + norm2(x) * w[j], by: λ) / norm2(x)
      residual.add(w[j] - next, x)
      w[j] = next
    }
  }

  // The step size is of no consequence to the derivative.
  let equation = try TracedMap<Double>(state: p, parameters: 1) { w, λ in
    softThreshold(w - 0.01 * (X.transposed * (X * w - y)), by: 0.01 * λ[0])
  }
  let problem = FixedPointProblem(equation, parameters: [λ], state: w, stateIsSolution: true)
  let validation = try TracedObjective<Double>(state: p, parameters: 1) { w, _ in mean(square(held * w - targets)) }
  let jacobian = try AID().jvp(problem, direction: [1])
  let gradient = try AID(.gmres()).hypergradient(of: validation, problem)
  let byITD = try ForwardITD().hypergradient(of: validation, problem)

  // ∂w_S = −(X_SᵀX_S)⁻¹ sign(w_S), and the entries off S stay at zero.
  let S = IndexSubset(nonzerosOf: w)
  let factor = try Cholesky(X.columns(S).transposed * X.columns(S))
  var onSupport = Vector<Double>(count: S.count) { w[S[$0]] > 0 ? -1 : 1 }
  factor.solve(&onSupport)
  var exact = Vector<Double>.zeros(p)
  for i in 0..<S.count { exact[S[i]] = onSupport[i] }
  let error = 0.1 * (held * w - targets)
  let slope = dot(error, held * exact)
  let tolerance = relativeTolerance(reciprocalCondition: factor.reciprocalCondition)
  return try [
    Comparison("∂w/∂λ", jacobian, is: exact, within: tolerance * exact.norm),
    Comparison("∂E/∂λ", gradient, is: [slope], within: tolerance * error.norm * (held * exact).norm),
    Comparison("∂E/∂λ", byITD, is: [slope], within: tolerance * error.norm * (held * exact).norm),
  ]
}
