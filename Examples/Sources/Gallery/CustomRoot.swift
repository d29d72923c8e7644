import ImplicitDiff
import LinAlg
import RandomStreams
import Tracing

/// jaxopt's `custom_root`: ridge regression by whatever solver, here Cholesky's, with an optimality condition ∇f(w, θ) = 0 beside it, which gives derivatives.
func customRoot() throws -> [Comparison] {
  var random = RandomStream(seed: 10)
  let (n, p, θ) = (40, 10, 0.3)
  let (X, y) = (random.matrix(n, p), random.vector(n))
  let (held, targets) = (random.matrix(20, p), random.vector(20))

  let H = Matrix<Double>(rows: p, columns: p) { i, j in
    dot(X.column(i), X.column(j)) / Double(n) + (i == j ? θ : 0)
  }
  let factor = try Cholesky(H)
  var w = (1 / Double(n)) * (X.transposed * y)
  factor.solve(&w)

  let condition = try OptimalityCondition<Double>(state: p, parameters: 1) { w, θ in
    X.transposed * (X * w - y) / Double(n) + θ[0] * w
  }
  let problem = FixedPointProblem(condition, parameters: [θ], state: w, stateIsSolution: true)
  let validation = try TracedObjective<Double>(state: p, parameters: 1) { w, _ in mean(square(held * w - targets)) }
  let jacobian = try AID().jvp(problem, direction: [1])
  let gradient = try AID(.conjugateGradient).hypergradient(of: validation, problem)

  // ∂w = −(XᵀX/n + θI)⁻¹ w.
  var exact = -w
  factor.solve(&exact)
  let error = 0.1 * (held * w - targets)
  let tolerance = relativeTolerance(reciprocalCondition: factor.reciprocalCondition)
  return try [
    Comparison("∂w/∂θ", jacobian, is: exact, within: tolerance * exact.norm),
    Comparison(
      "∂E/∂θ", gradient, is: [dot(error, held * exact)], within: tolerance * error.norm * (held * exact).norm),
  ]
}
