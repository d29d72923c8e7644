import ImplicitDiff
import LinAlg
import NonsmoothMaps
import RandomStreams
import Tracing

/// Completion of a matrix of low rank, min ½ Σ (W − M)² over the known entries + λ ‖W‖ of the nuclear norm: how the error on the hidden entries moves with λ.
func matrixCompletion() throws -> [Comparison] {
  var random = RandomStream(seed: 6)
  let (m, n, λ) = (9, 7, 0.6)
  let M = (random.matrix(m, 2) * random.matrix(2, n)).flattened + 0.1 * random.vector(m * n)
  let known = Vector<Double>(count: m * n) { $0 % 4 == 1 ? 0 : 1 }
  let hidden = 1 - known

  let f = try TracedFunction<Double>(state: m * n) { w, _ in norm2(known * (w - M)) / 2 }
  let E = try TracedObjective<Double>(state: m * n, parameters: 1) { w, _ in norm2(hidden * (w - M)) / 2 }
  let map = ProximalGradientMap(f, SingularValues(L1Norm(), rows: m, columns: n))
  let solution = map.solve(at: [λ])
  let w = try solution.get()
  let byAID = try AID().hypergradient(of: E, solution.problem)
  let byITD = try ReverseITD().hypergradient(of: E, solution.problem)

  // Differences of matrices completed anew, extrapolated from steps h and 2h. Their error is below how much they change with twice the steps, and what E is off over
  // the step: solves end at residuals of 64 ε, and where Φ contracts by 0.99 that leaves errors of 6400 ε in w.
  func difference(_ h: Double) throws -> Double {
    let values = try [λ + h, λ - h].map { E.value(at: try map.solve(at: [$0], from: w).get(), parameters: [$0]) }
    return (values[0] - values[1]) / (2 * h)
  }
  let h = 0.01
  let (first, second, third) = (try difference(h), try difference(2 * h), try difference(4 * h))
  let (near, far) = ((4 * first - second) / 3, (4 * second - third) / 3)
  let error = (hidden * (w - M)).norm
  let tolerance = abs(far - near) + 6400 * Double.ulpOfOne * w.norm * error / h
  return try [
    Comparison("∂E/∂λ", byAID, is: [near], within: tolerance),
    Comparison("∂E/∂λ", byITD, is: [near], within: tolerance),
  ]
}
