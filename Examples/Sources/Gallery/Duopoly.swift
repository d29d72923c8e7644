import ImplicitDiff
import LinAlg
import NonsmoothMaps
import Tracing

/// A game of two firms, each choosing the quantity q ≥ 0 that earns it the most: firm i sells at the price aᵢ − bᵢqᵢ − dᵢq₃₋ᵢ, at costs cᵢ, up to its capacity. How the
/// equilibrium (Cournot, Nash) moves with the costs. No function is minimized: the two slopes have no symmetric derivative.
func duopoly() throws -> [Comparison] {
  let a: Vector<Double> = [10, 9]
  let slopes = Matrix<Double>([[2 * 1, 0.5], [0.8, 2 * 1.5]])  // of marginal revenue: 2b on the diagonal, d beside it
  let costs: Vector<Double> = [2, 1]

  func equilibrium(capacities: Vector<Double>) throws -> Solution<TracedMap<Double>> {
    let feasible = Box(lower: .fixed(0), upper: .fixedEach(capacities))
    let s = 0.3
    return try TracedMap<Double>(state: 2, parameters: 2) { q, c in
      proximal(feasible, step: 1, q + s * (a - slopes * q - c))
    }.solve(at: costs)
  }

  // Inside, slopes · q = a − c. Firm 2 at its capacity stays there, and firm 1 alone answers its own cost, by −1/(2b₁).
  let ample = try equilibrium(capacities: [100, 100])
  let scarce = try equilibrium(capacities: [100, 1])
  let (b1, b2, d1, d2) = (slopes[0, 0], slopes[1, 1], slopes[0, 1], slopes[1, 0])
  let determinant = b1 * b2 - d1 * d2
  let inside: Vector<Double> = [-b2 / determinant, d2 / determinant, d1 / determinant, -b1 / determinant]

  var isRefused = false
  do { _ = try AID(.conjugateGradient).jacobian(ample.problem) } catch DifferentiationError.notSymmetric {
    isRefused = true
  }
  try require(isRefused, "conjugate gradients are not for games")

  func derivative(_ solution: Solution<TracedMap<Double>>) throws -> Derivative<Vector<Double>, Double> {
    let J = try AID().jacobian(solution.problem)
    return Derivative(estimate: try J.get().flattened, report: J.report)
  }
  // Two unknowns: a few ulps, times the condition number of the slopes, which is below 4.
  return try [
    Comparison("∂q/∂c", derivative(ample), is: inside, within: 64 * Double.ulpOfOne),
    Comparison("∂q/∂c at capacity", derivative(scarce), is: [-1 / b1, 0, 0, 0], within: 64 * Double.ulpOfOne),
  ]
}
