import Bilevel
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import Testing

@Suite struct RiskEstimateTests {
  private let σ = 0.5
  private let λ: Vector<Double> = [0.08, 0.02]

  /// A fixed design with scores that are known, and targets drawn anew.
  private struct Fixed {
    let X: DenseDesign<Double>
    let scores: Vector<Double>

    init() {
      let problem = TestProblem(samples: 80, features: 30, seed: 3)
      X = problem.features
      scores = X.matrix * Vector<Double>(count: 30) { $0 % 6 == 0 ? 1 : 0 }
    }

    func targets(_ σ: Double, seed: UInt64) -> Vector<Double> {
      var stream = RandomStream(seed: seed)
      return Vector(count: scores.count) { scores[$0] + σ * stream.nextNormal() }
    }
  }

  /// Over 400 draws of the noise the mean of estimate − risk is 0 within four of its standard errors, which are measured.
  @Test func theEstimateIsUnbiased() throws {
    let fixed = Fixed()
    let n = Double(fixed.scores.count)
    var differences: [Double] = []
    for seed in 0..<400 as Range<UInt64> {
      let y = fixed.targets(σ, seed: 1000 + seed)
      let estimate = TestProblem.elasticNet.riskEstimate(features: fixed.X, targets: y, noise: σ, seed: seed)
        .evaluate(at: λ, bounding: false)
      let w = try ElasticNetMap(features: fixed.X, targets: y).solve(at: λ).get()
      let error = fixed.X.matrix * w - fixed.scores
      differences.append(estimate.value - error.dot(error) / (2 * n))
    }
    let count = Double(differences.count)
    let mean = differences.reduce(0, +) / count
    let deviation = (differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)).squareRoot()
    #expect(abs(mean) <= 4 * deviation / count.squareRoot(), "\(mean) ± \(deviation / count.squareRoot())")
  }

  /// The degrees of freedom in it, averaged over directions, are the trace of the hat matrix on the support.
  @Test func theDegreesOfFreedomAreThoseOfTheSupport() throws {
    let fixed = Fixed()
    let y = fixed.targets(σ, seed: 7)
    let n = Double(y.count)
    let draws = 200
    let estimate = TestProblem.elasticNet.riskEstimate(features: fixed.X, targets: y, noise: σ, draws: draws)
      .evaluate(at: λ, bounding: false)
    let w = try ElasticNetMap(features: fixed.X, targets: y).solve(at: λ).get()
    let r = fixed.X.matrix * w - y
    let freedom = (estimate.value - r.dot(r) / (2 * n) + σ * σ / 2) * n / (σ * σ)
    let S = IndexSubset(nonzerosOf: w)
    let XS = fixed.X.matrix.columns(S)
    var G = XS.transposed * XS
    let values = try SymmetricEigen.eigenvalues(of: G)
    G.addToDiagonal(0)
    let trace = values.reduce(0) { $0 + $1 / ($1 + n * λ[1]) }
    // δᵀHδ of a projection-like H has the variance 2‖H‖_F² ≤ 2 tr H; the support changes within ε, by a coordinate or two.
    #expect(abs(freedom - trace) <= 4 * (2 * trace / Double(draws)).squareRoot() + 1, "\(freedom) against \(trace)")
  }

  /// Central differences of the value: h² and the solves' 1e-13 over h.
  @Test func theGradientIsTheDifference() {
    let fixed = Fixed()
    let criterion = TestProblem.elasticNet.riskEstimate(
      features: fixed.X, targets: fixed.targets(σ, seed: 5), noise: σ, draws: 2)
    let found = criterion.evaluate(at: λ, bounding: true)
    let h = 1e-6
    for k in 0..<2 {
      var (up, down) = (Vector(copying: λ), Vector(copying: λ))
      up[k] += h
      down[k] -= h
      let difference =
        (criterion.evaluate(at: up, bounding: false).value - criterion.evaluate(at: down, bounding: false).value)
        / (2 * h)
      #expect(abs(difference - found.gradient[k]) <= 1e-6 * max(1, abs(difference)))
    }
    #expect(found.failure == nil && found.gradientErrorBound != nil)
  }
}
