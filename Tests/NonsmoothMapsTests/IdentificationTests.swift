import ImplicitDiff
import LinAlg
import NonsmoothMaps
import Testing

/// Solvers say when the piece of the solution was found by the penalty's own signature: signs do not show who is at a bound.
@Suite struct IdentificationTests {
  @Test func boundsAreIdentified() throws {
    let upper = 0.25
    var latest = 0
    for seed in 1...6 {
      let f = try CoupledQuadratic<Double>(EndToEndTests.p, seed: UInt64(seed))
      let map = ProximalGradientMap(f, Box<Double>(lower: .fixed(0), upper: .fixed(upper)))
      let solver = FixedPointSolver<Double>(stopping: .tolerance(1e-14), keepsIterates: true)
      let found = solver.solve(map, parameters: [1.25], from: Vector(repeating: 0.1, count: EndToEndTests.p))
      #expect(found.outcome == .converged)
      // Who is at which bound, of every iterate, by plain comparisons.
      let pieces = found.iterates.map { w in w.map { $0 <= 0 ? -1 : $0 >= upper ? 1 : 0 } }
      let last = try #require(pieces.last)
      let stable = (pieces.lastIndex { $0 != last } ?? -1) + 1
      #expect(found.identification.stableStep == stable, "seed \(seed)")
      #expect(found.identification.firstStep == pieces.firstIndex(of: last), "seed \(seed)")
      latest = max(latest, stable)
    }
    #expect(latest > 0, "a start on the piece of the solution shows nothing")
  }
}
