import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import Tracing

/// The dual of a support vector machine, min ½αᵀQα − Σα over 0 ≤ α ≤ C and, with a bias, yᵀα = 0: how ½αᵀQα, from which the margin comes, moves with C.
func supportVectorMachine() throws -> [Comparison] {
  var random = RandomStream(seed: 2)
  let (n, C) = (40, 2.0)
  let y = Vector<Double>(count: n) { $0 % 2 == 0 ? 1 : -1 }
  let points = Matrix<Double>(rows: n, columns: 2) { i, _ in 0.8 * y[i] + random.nextNormal() }
  let Q = Matrix<Double>(rows: n, columns: n) { i, j in
    let d = points.row(i) - points.row(j)
    return y[i] * y[j] * exp(-2 * norm2(d))
  }

  // Without a bias the bound C is a parameter of the box.
  let plain = ProximalGradientMap(
    QuadraticFunction(Q, linear: Vector(repeating: 1, count: n)), Box(lower: .fixed(0), upper: .parameters()))
  let E = try TracedObjective<Double>(state: n, parameters: 1) { α, _ in dot(α, Q * α) / 2 }
  let solution = plain.solve(at: [C])
  let α = try solution.get()
  let derivative = try AID().boundedHypergradient(of: E, solution.problem)

  // With a bias, in β = α/C: the bounds are 0 and 1, and C moves into f.
  let f = try TracedFunction<Double>(state: n, parameters: 1) { β, C in C[0] * dot(β, Q * β) / 2 - sum(β) }
  let unit = BoxHyperplane(normal: y, lower: .zeros(n), upper: Vector(repeating: 1, count: n))
  let biased = ProximalGradientMap(f, FixedParameters(unit, [0]))
  let energy = try TracedObjective<Double>(state: n, parameters: 1) { β, C in square(C[0]) * dot(β, Q * β) / 2 }
  let solved = biased.solve(at: [C])
  let β = try solved.get()
  let biasedDerivative = try AID().hypergradient(of: energy, solved.problem)

  let (exact, tolerance) = try energySlope(Q, α, C, normal: nil)
  let (biasedExact, biasedTolerance) = try energySlope(Q, C * β, C, normal: y)
  return try [
    Comparison("∂E/∂C", derivative, is: [exact], within: tolerance),
    Comparison("∂E/∂C with bias", biasedDerivative, is: [biasedExact], within: biasedTolerance),
  ]
}

/// From the optimality conditions: α_B = C, and on the free F ∂α solves Q_FF ∂α_F + y_F ∂b = −Q_FB 1 with y_Fᵀ∂α_F = −y_Bᵀ1.
private func energySlope(
  _ Q: Matrix<Double>, _ α: Vector<Double>, _ C: Double, normal y: Vector<Double>?
) throws -> (slope: Double, tolerance: Double) {
  let F = α.indices.filter { α[$0] > 1e-9 && α[$0] < C - 1e-9 }
  let B = α.indices.filter { α[$0] >= C - 1e-9 }
  let k = F.count
  let system = try LU(
    Matrix<Double>(rows: y == nil ? k : k + 1, columns: y == nil ? k : k + 1) { i, j in
      i < k && j < k ? Q[F[i], F[j]] : i == j ? 0 : y![F[min(i, j)]]
    })
  let atBounds = Vector<Double>(count: system.count) { i in
    B.reduce(0) { $0 + (i < k ? Q[F[i], $1] : y![$1]) }
  }
  // The pieces are right where the solution that follows from them is within the bounds, and the slopes at the bounds point outwards.
  var x = Vector<Double>(count: system.count) { ($0 < k ? 1 : 0) - C * atBounds[$0] }
  system.solve(&x)
  let slopes = Vector<Double>(count: α.count) { i in dot(Q.column(i), α) - 1 + (y == nil ? 0 : x[k] * y![i]) }
  try require(
    x[segment: 0..<k].allSatisfy { $0 > 0 && $0 < C }
      && α.indices.allSatisfy { F.contains($0) || (α[$0] > 1) == (slopes[$0] < 0) },
    "the optimality conditions are not met")

  var ofFree = -atBounds
  system.solve(&ofFree)
  var direction = Vector<Double>.zeros(α.count)
  for j in B { direction[j] = 1 }
  for i in 0..<k { direction[F[i]] = ofFree[i] }
  let gradient = Q * α
  // The sum may cancel: relative to its terms.
  let tolerance = relativeTolerance(reciprocalCondition: system.reciprocalCondition) * gradient.norm * direction.norm
  return (dot(gradient, direction), tolerance)
}
