import ImplicitDiff
import LinAlg
import NonsmoothMaps
import RandomStreams
import Tracing

/// SLOPE: least squares with the sorted 1-norm λ Σ ωᵢ |w|₍ᵢ₎, which makes coefficients equal in size. How the loss on held-out rows moves with λ.
func sortedPenalty() throws -> [Comparison] {
  var random = RandomStream(seed: 5)
  let (n, p) = (50, 16)
  var X = random.matrix(n, p)
  // Neighbours are correlated.
  for j in 1..<p where j % 2 == 1 { X.setColumn(j, 0.9 * X.column(j - 1) + 0.4 * X.column(j)) }
  let truth = Vector<Double>(count: p) { $0 < 4 ? 2 : 0 }
  let y = X * truth + random.vector(n)
  let (held, targets) = (random.matrix(30, p), random.vector(30))
  let ω = Vector<Double>(count: p) { 2 - Double($0) / Double(p) }

  let f = try TracedFunction<Double>(state: p) { w, _ in norm2(X * w - y) / (2 * Double(n)) }
  let E = try TracedObjective<Double>(state: p, parameters: 1) { w, _ in mean(square(held * w - targets)) / 2 }
  let solution = ProximalGradientMap(f, SortedL1(weights: ω)).solve(at: [0.2])
  let w = try solution.get()
  let derivative = try AID().boundedHypergradient(of: E, solution.problem)

  // w = U c with a column of signs for each cluster of equal sizes: (XU)ᵀXU/n ∂c = −(sum of the cluster's weights).
  let sizes = w.map { abs($0) }
  let levels = Set(sizes.filter { $0 > 0 }).sorted(by: >)
  let U = Matrix<Double>(rows: p, columns: levels.count) { i, k in sizes[i] == levels[k] ? (w[i] > 0 ? 1 : -1) : 0 }
  var place = 0
  var x = Vector<Double>(count: levels.count) { (k: Int) -> Double in
    let count = sizes.count { $0 == levels[k] }
    defer { place += count }
    return -sum(ω[segment: place..<place + count])
  }
  let XU = X * U
  let gram = try Cholesky((1 / Double(n)) * (XU.transposed * XU))
  gram.solve(&x)
  let error = held * w - targets
  let exact = dot(error, held * (U * x)) / 30
  try require(levels.count < w.nonzeroCount, "no coefficients are tied")

  let tolerance =
    relativeTolerance(reciprocalCondition: gram.reciprocalCondition) * error.norm * (held * (U * x)).norm / 30
  return [try Comparison("∂E/∂λ", derivative, is: [exact], within: tolerance)]
}
