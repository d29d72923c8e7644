import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing

/// Evaluating and linearizing a map allocates nothing once its memory exists.
@Suite(.enabled(if: Allocations.areCounted)) struct EvaluationAllocationTests {
  private func check<G: ProximalMap<Double>>(_ g: G, _ λ: Vector<Double>) {
    let u = Vector<Double>(count: 40) { Double($0 * 7 % 11) - 5 }
    var x = u
    let L = g.makeLinearization(count: u.count)
    // The runtime's own caches fill during the first calls.
    let counts = (0..<4).map { _ in
      Allocations.count {
        x.copy(from: u)
        g.apply(step: 0.1, parameters: λ, to: &x)
        g.linearize(at: u, step: 0.1, parameters: λ, kink: .zero, into: L)
      }.allocations
    }
    #expect(counts.min() == 0, "\(G.self): \(counts)")
  }

  @Test func piecewiseLinearMaps() {
    check(ElasticNet<Double>(), [1, 0.5])
    check(AsymmetricL1<Double>(), [1, 0.5])
    check(NonnegativeL1<Double>(), [1])
    check(HuberPenalty<Double>(), [1, 0.5])
    check(MCP<Double>(), [1, 3])
    check(SCAD<Double>(), [1, 3])
    check(LInfinityBall<Double>(), [1])
    check(InsensitivePenalty<Double>(), [1, 0.5])
  }

  /// Their threshold is found in a list of candidates.
  @Test func simplices() {
    check(Simplex<Double>(), [1])
    check(L1Ball<Double>(), [1])
  }
}
