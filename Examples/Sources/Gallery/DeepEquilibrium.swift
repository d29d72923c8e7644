import ImplicitDiff
import LinAlg
import RandomStreams
import Tracing

/// A deep-equilibrium network, z = max(0, Wz + c) with c what the input adds: the gradient of a loss of z with respect to all of W.
func deepEquilibrium() throws -> [Comparison] {
  var random = RandomStream(seed: 7)
  let p = 16
  var W = random.matrix(p, p)
  W.scale(by: 0.8 / (try SVD.singularValues(of: W)[0]))  // then the layer contracts
  let (c, target) = (random.vector(p), random.vector(p))

  let layer = try TracedMap<Double>(state: p, parameters: p * p) { z, θ in
    positivePart(matrixProduct(θ.reshaped(p, p), z) + c)
  }
  let loss = try TracedObjective<Double>(state: p, parameters: p * p) { z, _ in norm2(z - target) / 2 }
  let solution = layer.solve(at: W.flattened)
  let z = try solution.get()
  let byAID = try AID().hypergradient(of: loss, solution.problem)
  let byGMRES = try AID(.gmres()).hypergradient(of: loss, solution.problem)
  let byITD = try ReverseITD().hypergradient(of: loss, solution.problem)

  // With D the mask of the neurons that are on, (I − DW)ᵀ v = z − target and ∂/∂W = D v zᵀ.
  let isOn = z.map { $0 > 0 }
  let system = try LU(Matrix<Double>(rows: p, columns: p) { i, j in (i == j ? 1 : 0) - (isOn[i] ? W[i, j] : 0) })
  var v = z - target
  system.solveAdjoint(&v)
  let exact = Matrix<Double>(rows: p, columns: p) { i, j in isOn[i] ? v[i] * z[j] : 0 }.flattened

  let tolerance = relativeTolerance(reciprocalCondition: system.reciprocalCondition) * exact.norm
  return try [byAID, byGMRES, byITD].map { try Comparison("∂E/∂W", $0, is: exact, within: tolerance) }
}
