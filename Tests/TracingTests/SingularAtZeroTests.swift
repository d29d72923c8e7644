import ImplicitDiff
import LinAlg
import NonsmoothMaps
import Testing
import Tracing

/// Maps that are infinite at zero: what their values there are good for must not decide whether an iteration has converged.
@Suite struct SingularAtZeroTests {
  /// w ← λ/w goes round between two points and has √λ as its fixed point.
  @Test func aCycleIsNotRounding() throws {
    let map = try TracedMap<Double>(state: 1, parameters: 1) { w, λ in λ / w }
    let solution = FixedPointSolver<Double>().solve(map, parameters: [2], from: [1])
    #expect(solution.outcome != .converged && solution.residual == 1, "\(solution)")
    #expect(map.evaluationError(at: [1], parameters: [2]).isFinite)
    let problem = FixedPointProblem(map, parameters: [2], state: [1])
    #expect(!(try ForwardITD<TracedMap<Double>>().vjp(problem, cotangent: [1]).report.outcome.isUsable))
  }

  /// Heron's iteration for √λ converges from anywhere above 0, and dw/dλ = 1/(2 √λ).
  @Test func rootsAreDifferentiated() throws {
    let map = try TracedMap<Double>(state: 1, parameters: 1) { w, λ in 0.5 * (w + λ / w) }
    let solution = FixedPointSolver<Double>().solve(map, parameters: [2], from: [100])
    #expect(solution.outcome == .converged && abs(solution.estimate[0] - 2.0.squareRoot()) <= 4 * Double.ulpOfOne)
    let problem = FixedPointProblem(map, parameters: [2], state: solution.estimate, stateIsSolution: true)
    let slope = try AID<TracedMap<Double>>().vjp(problem, cotangent: [1]).get()
    #expect(abs(slope[0] - 0.5 / 2.0.squareRoot()) <= 8 * Double.ulpOfOne)
  }

  /// A map by hand whose rounding error is said to be infinite: no residual counts as rounding then.
  @Test func anInfiniteErrorEstimateIsNone() throws {
    let f = CustomFunction<Double>(
      state: 1, value: { w, _ in w[0] * w[0] / 2 - Double.log(w[0]) }, gradient: { w, _ in [w[0] - 1 / w[0]] },
      hessianProduct: { w, _, x in [(1 + 1 / (w[0] * w[0])) * x[0]] })
    #expect(f.gradientMagnitude(at: [1], parameters: []).isFinite)
    let traced = try TracedFunction<Double>(state: 1) { w, _ in norm2(w) / 2 - sum(log(w)) }
    #expect(traced.gradientMagnitude(at: [1], parameters: []).isFinite)
    let bounded = try TracedFunction<Double>(state: 1, curvature: (1, 2)) { w, _ in norm2(w) / 2 - sum(log(w)) }
    #expect(bounded.gradientMagnitude(at: [1], parameters: []).isFinite)
  }
}
