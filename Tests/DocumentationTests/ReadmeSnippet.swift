import Datasets
import ImplicitDiff
import LinAlg
import Models

/// How an elastic net's validation loss changes with its two penalty strengths λ.
func hypergradient(of folder: String, at λ: Vector<Double>) throws -> Vector<Double> {
  let data = try HeldOutData<Double>(directory: folder)
  let map = ElasticNetMap(features: data.trainFeatures, targets: data.trainTargets)
  let loss = HeldOutSquaredError(features: data.validationFeatures, targets: data.validationTargets)

  let w = try FixedPointSolver(acceleration: .anderson(memory: 5)).solve(map, parameters: λ).get()
  let solved = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true)
  return try AID(.automatic).hypergradient(of: loss, solved).get()
}
