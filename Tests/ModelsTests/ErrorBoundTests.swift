import Datasets
import ImplicitDiff
import LinAlg
import Models
import RandomStreams
import TestSupport
import Testing

/// The error bound where the numbers are hard on it.
@Suite struct ErrorBoundTests {
  typealias Map = ElasticNetMap<Double>

  /// One feature, validation rows ±1 with targets 10⁶ apart from anything they could say: ∇E = (2w − y₀ + y₁)/2 loses most digits to
  /// cancellation. Everything is known in closed form, evaluated here as sums of exact parts.
  @Test func aCancellingGradientIsCounted() throws {
    for seed in 0..<100 {
      var random = RandomStream(seed: UInt64(seed))
      let a = Double(random.nextIndex(below: 1 << 20)) / Double(1 << 20)
      let map = Map(features: Matrix<Double>([[1], [-1]]), targets: [a, -a])
      let λ: Vector<Double> = [0.0625, 0.25]
      let w = try FixedPointSolver<Double>().solve(map, parameters: λ).get()
      let y: Vector<Double> = [1e6 + 0.1, 1e6]
      let objective = HeldOutSquaredError<Double>(features: Matrix([[1], [-1]]), targets: y)
      let strategy = AID<Map>(.direct)
      let workspace = strategy.makeWorkspace(for: map)
      let problem = FixedPointProblem(map, parameters: λ, state: w)
      var (g, scratch) = (Vector<Double>.zeros(2), Vector<Double>.zeros(2))
      _ = try strategy.hypergradient(of: objective, problem, into: &g, scratch: &scratch, workspace: workspace)
      if w[0] <= 0 { continue }
      let bound = try #require(
        strategy.certificate(for: problem, objective: objective, workspace: workspace)?.hypergradientErrorBound)
      // w* = (a − 1/16)/1.25 and v = ∇E/1.25; y₀ − y₁ is exact (Sterbenz), so ∇E and v have an error of some ulps of themselves.
      let exactW = (a - 0.0625) / 1.25
      let v = (exactW - (y[0] - y[1]) / 2) / 1.25
      let error = ((g[0] + v) * (g[0] + v) + (g[1] + exactW * v) * (g[1] + exactW * v)).squareRoot()
      #expect(error <= bound + 8 * .ulpOfOne * abs(v), "seed \(seed)")
      #expect(bound <= 1e-6, "a bound that says nothing")
    }
  }

  /// E does not change when X is scaled by s, λ1 by s and λ2 by s²; ∂E/∂λ1 goes with 1/s and ∂E/∂λ2 with 1/s².
  @Test(arguments: [1, 0x1p250, 0x1p270, 0x1p330, 0x1p460, 0x1p-270, 0x1p-460])
  func theBoundHoldsAtEveryScale(_ s: Double) throws { try scaled(s) }

  @Test(arguments: [1, 0x1p30, 0x1p37, 0x1p40, 0x1p47, 0x1p-33, 0x1p-47] as [Float])
  func theBoundHoldsAtEveryScaleInFloat(_ s: Float) throws { try scaled(s) }

  private func scaled<E: Scalar>(_ s: E) throws {
    let X = Matrix<E>([[2, 1], [1, 3], [1, 1]])
    let (exact, _) = try hypergradient(X, 1, AID(.direct))
    for strategy in [AID<ElasticNetMap<E>>(.direct), AID(.conjugateGradient, stopping: .iterations(1))] {
      let (g, bound) = try hypergradient(Matrix(rows: 3, columns: 2) { X[$0, $1] * s }, s, strategy)
      guard let bound else { continue }
      #expect(bound.isFinite)
      // A power of two scales every number exactly; the reference at s = 1 has some ulps of its own.
      let error = E.hypot(g[0] - exact[0] / s, g[1] - exact[1] / s / s)
      let slack = 64 * E.ulpOfOne * E.hypot(exact[0] / s, exact[1] / s / s)
      #expect(error <= bound + slack, "\(strategy.name): \(error) against \(bound)")
      #expect(bound > 0)
    }
  }

  private func hypergradient<E: Scalar>(
    _ X: Matrix<E>, _ s: E, _ strategy: AID<ElasticNetMap<E>>
  ) throws -> (Vector<E>, bound: E?) {
    let map = ElasticNetMap<E>(features: X, targets: [1, 2, 3])
    let λ: Vector<E> = [s / 8, s * s / 8]
    let w = FixedPointSolver<E>(acceleration: .anderson(memory: 3)).solve(map, parameters: λ).estimate
    let objective = HeldOutSquaredError<E>(features: X, targets: [2, 1, 1])
    let workspace = strategy.makeWorkspace(for: map)
    let problem = FixedPointProblem(map, parameters: λ, state: w)
    var (g, scratch) = (Vector<E>.zeros(2), Vector<E>.zeros(2))
    _ = try strategy.hypergradient(of: objective, problem, into: &g, scratch: &scratch, workspace: workspace)
    let certificate = strategy.certificate(for: problem, objective: objective, workspace: workspace)
    return (g, certificate?.hypergradientErrorBound)
  }

  /// Without a ridge the support's own strong convexity is found by a factorization.
  @Test func aLassoHasABoundToo() throws {
    let draw = SyntheticRegression<Double>(rows: 50, columns: 20, informative: 5, noise: 0.1, seed: 2)
    let map = Map(features: draw.features, targets: draw.targets)
    let λ: Vector<Double> = [0.1, 0]
    let w = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ).estimate
    let objective = HeldOutSquaredError<Double>(features: draw.features, targets: draw.targets)
    let strategy = AID<Map>(.automatic)
    let workspace = strategy.makeWorkspace(for: map)
    let problem = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true)
    var (g, scratch) = (Vector<Double>.zeros(2), Vector<Double>.zeros(2))
    _ = try strategy.hypergradient(of: objective, problem, into: &g, scratch: &scratch, workspace: workspace)
    let certificate = try #require(strategy.certificate(for: problem, objective: objective, workspace: workspace))
    #expect(certificate.isIdentified)
    let bound = try #require(certificate.hypergradientErrorBound)
    #expect(bound <= 1e-9 * g.norm)
    // Half of the least eigenvalue, as found by LAPACK, but for rounding.
    let S = IndexSubset(nonzerosOf: w)
    var H = Matrix<Double>.zeros(S.count, S.count)
    H.assignGram(draw.features.columns(S), alpha: 1.0 / 50)
    let least = try SymmetricEigen.eigenvalues(of: H)[0]
    let μ = certificate.solution.strongConvexity
    #expect(μ <= least / 2 * (1 + 1e-9) || μ <= least)
    #expect(μ >= 0.4 * least)
  }
}
