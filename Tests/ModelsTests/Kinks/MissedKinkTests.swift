import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import Testing

/// A penalty that does not say where its next kink is leads the path past it: the path must not be called complete.
@Suite struct MissedKinkTests {
  private struct Blind: PolyhedralPenalty {
    private let base = L1Norm<Double>()
    var parameterCount: Int { 1 }
    func value(at w: Vector<Double>, parameters λ: Vector<Double>) -> Double { base.value(at: w, parameters: λ) }
    func apply(step s: Double, parameters λ: Vector<Double>, to u: inout Vector<Double>) {
      base.apply(step: s, parameters: λ, to: &u)
    }
    func makeLinearization(count p: Int) -> L1Linearization<Double> { base.makeLinearization(count: p) }
    func linearize(
      at u: Vector<Double>, step s: Double, parameters λ: Vector<Double>, kink: KinkRule,
      into L: L1Linearization<Double>
    ) { base.linearize(at: u, step: s, parameters: λ, kink: kink, into: L) }
    func criticalCone(
      at u: Vector<Double>, step s: Double, parameters λ: Vector<Double>, tolerance: Double, radius: Double
    ) throws(KinkRefusal) -> CriticalCone<Double> {
      try base.criticalCone(at: u, step: s, parameters: λ, tolerance: tolerance, radius: radius)
    }
    func firstCrossing(
      at u: Vector<Double>, value x: Vector<Double>, step s: Double, parameters λ: Vector<Double>, tolerance: Double,
      rates: (argument: Vector<Double>, value: Vector<Double>, parameters: Vector<Double>)
    ) -> Double? { nil }
  }

  @Test func aPathPastAKinkIsNotComplete() throws {
    let map = ProximalGradientMap(QuadraticFunction<Double>(.identity(2), linear: [2, -1]), Blind())
    let start = FixedPointProblem(map, parameters: [4], state: .zeros(2))
    // The first feature enters at a strength of 2: without it w stays 0, off by 2 at the end.
    let path = try PathPredictor().path(of: start, along: [-4])
    #expect(path.outcome == .stopped(.stagnated))
    #expect(path.nodes.map(\.t) == [0])
  }
}
