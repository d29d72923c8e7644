import ImplicitDiff
import LinAlg
import Testing

/// Where the solution is zero but for rounding ‖Φ(0)‖ is no measure of how far it can be.
@Suite struct ZeroSolutionTests {
  @Test func zeroButForRounding() {
    let solution = FixedPointSolver<Double>(stopping: .tolerance(64 * Double.ulpOfOne, limit: 1000)).solve(
      RoundedMap(), parameters: [1e-18], from: [1])
    #expect(solution.outcome == .converged)
    // Two ulps of 1 above the exact 4e-18.
    #expect(solution.residual == 0 && abs(solution.estimate[0]) <= 3 * .ulpOfOne)
  }
}

/// Φ(w) = ¾ w + λ, summed with terms of size 1 that cancel: from above it ends at two ulps of 1, which the rounding of 1 + ¾ w reproduces.
private final class RoundedMap: FixedPointMap {
  var stateCount: Int { 1 }
  var parameterCount: Int { 1 }

  func apply(_ w: Vector<Double>, parameters λ: Vector<Double>, into next: inout Vector<Double>) {
    next[0] = ((1 + 0.75 * w[0]) - 1) + λ[0]
  }

  func makeLinearization() -> DenseLinearization<Double> { DenseLinearization(states: 1, parameters: 1) }

  func linearize(
    at w: Vector<Double>, parameters λ: Vector<Double>, into linearization: DenseLinearization<Double>,
    value: inout Vector<Double>
  ) { apply(w, parameters: λ, into: &value) }

  func contractionBound(parameters λ: Vector<Double>) -> Double? { 0.75 }
  func evaluationError(at w: Vector<Double>, parameters λ: Vector<Double>) -> Double { .ulpOfOne }
}
