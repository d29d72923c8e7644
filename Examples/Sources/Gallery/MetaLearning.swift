import ImplicitDiff
import LinAlg
import NonsmoothMaps
import RandomStreams
import Tracing

/// Few-shot learning of a representation: tasks share the features X B, and each fits a lasso to a few samples of its own. How the error on fresh samples of all tasks
/// moves with B and the strength of the lasso.
func metaLearning() throws -> [Comparison] {
  var random = RandomStream(seed: 8)
  let (tasks, shots, p, k) = (4, 12, 7, 5)
  let B = 0.5 * random.matrix(p, k)
  let heads = (0..<tasks).map { _ in
    Vector<Double>(count: k) { _ in random.nextUniform() < 0.5 ? 0 : 2 * random.nextNormal() }
  }
  func samples() -> [(X: Matrix<Double>, y: Vector<Double>)] {
    heads.map { w in
      let X = random.matrix(shots, p)
      return (X: X, y: X * (B * w) + 0.3 * random.vector(shots))
    }
  }
  let (support, query) = (samples(), samples())

  func loss(_ samples: [(X: Matrix<Double>, y: Vector<Double>)], _ w: Traced<Double>, _ B: Traced<Double>) -> Traced<
    Double
  > {
    let terms = samples.enumerated().map { t, sample in
      norm2(sample.X * matrixProduct(B, w[segment: t * k..<(t + 1) * k]) - sample.y) / (2 * Double(shots))
    }
    return terms.dropFirst().reduce(terms[0]) { $0 + $1 }
  }
  let f = try TracedFunction<Double>(state: tasks * k, parameters: p * k) { w, θ in loss(support, w, θ.reshaped(p, k)) }
  let E = try TracedObjective<Double>(state: tasks * k, parameters: 1 + p * k) { w, λ in
    loss(query, w, λ[segment: 1..<1 + p * k].reshaped(p, k))
  }
  let λ = concatenate([[0.1], B.flattened])
  let solution = ProximalGradientMap(f, L1Norm()).solve(at: λ)
  let w = try solution.get()
  let byAID = try AID().hypergradient(of: E, solution.problem)
  let byITD = try ReverseITD().hypergradient(of: E, solution.problem)

  // Each head solves G w_S = Z_Sᵀy/n − λ sign(w_S), Z = XB, G = Z_SᵀZ_S/n. Differentiated, with u = G⁻¹∇E_S and r = y − Zw.
  var exact = Vector<Double>.zeros(1 + p * k)
  var least = 1.0
  for t in 0..<tasks {
    let wt = Vector(copying: w[segment: t * k..<(t + 1) * k])
    let S = IndexSubset(nonzerosOf: wt)
    let (X, y) = support[t]
    let Z = (X * B).columns(S)
    let gram = try Cholesky((1 / Double(shots)) * (Z.transposed * Z))
    least = min(least, gram.reciprocalCondition)
    let error = (1 / Double(shots)) * (query[t].X * (B * wt) - query[t].y)
    var u = (B.transposed * (query[t].X.transposed * error)).rows(S.elements)
    gram.solve(&u)
    exact[0] -= dot(u, Vector(S.elements.map { wt[$0] > 0 ? 1 : -1 }))
    let residual = (1 / Double(shots)) * (X.transposed * (y - X * (B * wt)))
    let fitted = (1 / Double(shots)) * (X.transposed * (Z * u))
    let direct = query[t].X.transposed * error
    for (i, j) in S.elements.enumerated() {
      for l in 0..<p { exact[1 + j * p + l] += direct[l] * wt[j] + residual[l] * u[i] - fitted[l] * wt[j] }
    }
  }
  let tolerance = relativeTolerance(reciprocalCondition: least) * exact.norm
  return try [
    Comparison("∂E/∂(λ, B)", byAID, is: exact, within: tolerance),
    Comparison("∂E/∂(λ, B)", byITD, is: exact, within: tolerance),
  ]
}
