import ImplicitDiff
import LinAlg
import NonsmoothMaps
import RandomStreams
import Tracing

/// The portfolio of least risk for its expected return, min γ/2 wᵀΣw − μᵀw over w ≥ 0, Σw = 1: how what it earns in the next period moves with the risk
/// aversion γ and the expected returns μ.
func portfolio() throws -> [Comparison] {
  var random = RandomStream(seed: 3)
  let (periods, p) = (60, 10)
  let R = random.matrix(periods, p)  // returns, their mean taken out: Σ = RᵀR/periods
  let μ = 0.5 * random.vector(p)
  let next = random.vector(p)
  let λ = concatenate([[2.0], μ])

  let f = try TracedFunction<Double>(state: p, parameters: 1 + p) { w, λ in
    let (γ, μ) = (λ[0], λ[segment: 1..<1 + p])
    return γ * norm2(R * w) / (2 * Double(periods)) - dot(μ, w)
  }
  let earned = try TracedObjective<Double>(state: p, parameters: 1 + p) { w, _ in dot(next, w) }
  let solution = ProximalGradientMap(f, FixedParameters(Simplex(), [1])).solve(at: λ)
  let w = try solution.get()
  let byAID = try AID().boundedHypergradient(of: earned, solution.problem)
  let byITD = try ForwardITD().hypergradient(of: earned, solution.problem)

  // On the assets held, γΣ_SS w_S + ν 1 = μ_S and 1ᵀw_S = 1. With v the adjoint, ∂/∂μ_S = v and ∂/∂γ = −vᵀΣw.
  let S = IndexSubset(nonzerosOf: w)
  let Σ = (1 / Double(periods)) * (R.transposed * R)
  let slope = λ[0] * (Σ * w) - μ
  let ν = S.elements.map { slope[$0] }.max()!
  try require((0..<p).allSatisfy { w[$0] > 0 || slope[$0] > ν }, "an asset that is not held should be")
  let k = S.count
  let K = Matrix<Double>(rows: k + 1, columns: k + 1) { i, j in
    i < k && j < k ? λ[0] * Σ[S[i], S[j]] : i == j ? 0 : 1
  }
  let system = try LU(K)
  var v = Vector<Double>(count: k + 1) { $0 < k ? next[S[$0]] : 0 }
  system.solve(&v)
  var exact = Vector<Double>.zeros(1 + p)
  for i in 0..<k { exact[1 + S[i]] = v[i] }
  exact[0] = -dot(exact[segment: 1..<1 + p], Σ * w)

  let tolerance = relativeTolerance(reciprocalCondition: system.reciprocalCondition) * exact.norm
  return try [
    Comparison("∂E/∂(γ, μ)", byAID, is: exact, within: tolerance),
    Comparison("∂E/∂(γ, μ)", byITD, is: exact, within: tolerance),
  ]
}
