import Datasets
import ImplicitDiff
import LinAlg
import Models
import RealModule
import Testing

/// The shapes of figure B's curves, on a small problem of its kind whose draws are the same bits on every processor.
@Suite struct FigureBTests {
  typealias Map = ElasticNetMap<Double>

  let features: Matrix<Double>
  let map: Map
  let objective: HeldOutSquaredError<Double>
  let problem: FixedPointProblem<Map>
  let exact: Vector<Double>
  let q: Double
  let steps: StepSizes<Double>

  init() throws {
    let train = SyntheticRegression<Double>(rows: 120, columns: 6, informative: 3, noise: 0.3, seed: 5)
    let heldOut = SyntheticRegression<Double>(rows: 60, columns: 6, informative: 3, noise: 0.3, seed: 6)
    // Strong enough to bring one entry near its kink, where sampling inside the outer map is biased.
    let λ: Vector<Double> = [0.6, 0.1]
    features = train.features
    map = Map(features: train.features, targets: train.targets)
    objective = HeldOutSquaredError(features: heldOut.features, targets: heldOut.features * train.coefficients)
    let w = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ).estimate
    #expect(map.residual(at: w, parameters: λ) <= 1e-12)
    problem = FixedPointProblem(map, parameters: λ, state: w)
    exact = try AID<Map>(.direct).hypergradient(of: objective, problem).get()
    q = try #require(map.contractionBound(parameters: λ))
    steps = .decreasing(β: 2 / (1 - q * q), γ: 4 / (1 - q * q))
  }

  /// The mean over `count` seeds of the squared relative error of NSID with k steps.
  private func meanSquare(steps k: Int, count: Int) throws -> Double {
    var sum = 0.0
    for seed in 0..<count {
      let nsid = NSID<Map>(
        iterations: k, innerBatches: 1, batchSize: 2, steps: steps, innerPass: .full, seed: UInt64(1000 * k + seed))
      let distance = try nsid.hypergradient(of: objective, problem).get().distance(to: exact)
      sum += distance * distance
    }
    return sum / (Double(count) * exact.norm * exact.norm)
  }

  /// NSID's root mean square error falls as k^(−1/2).
  ///
  /// The error after many steps is a sum of many small ones, normal to good approximation. The variance of the sum of
  /// squares of normal numbers is at most twice its squared mean (one degree of freedom), so a mean of n squares has a
  /// logarithm with a standard deviation of at most √(2/n), and the slope between the logarithms of two roots, a distance
  /// L apart, one of at most (√2 √(2/n) / 2) / L = 1 / (√n L). The remainder of the start, of relative order γ/k, stays
  /// below a third of one of those.
  @Test func theErrorOfNSIDFallsAsOneOverTheRoot() throws {
    let count = 400
    let ks = [512, 4096]
    let logarithms = try ks.map { Double.log(try meanSquare(steps: $0, count: count)) / 2 }
    let distance = Double.log(Double(ks[1]) / Double(ks[0]))
    let slope = (logarithms[1] - logarithms[0]) / distance
    let deviation = 1 / (Double(count).squareRoot() * distance)
    #expect(4 * deviation < 0.1)
    #expect(abs(slope + 0.5) <= 4 * deviation, "slope \(slope)")
  }

  /// SID's mean stays away from the exact answer, and four times the steps change nothing.
  @Test func theErrorOfSIDStaysOnAPlateau() throws {
    let runs = try [1000, 4000].map { k in
      try SID<Map>(iterations: k, innerBatches: 50, batchSize: 2, steps: steps, replicates: 40, seed: 7)
        .hypergradient(of: objective, problem)
    }
    let errors = runs.map { $0.estimate.distance(to: exact) / exact.norm }
    let deviations = try runs.map { try #require($0.report.standardError) / exact.norm }
    // What four standard errors leave of the bias is more than three times what NSID's error has fallen to.
    let nsid = try meanSquare(steps: 4000, count: 40).squareRoot()
    #expect(errors[1] - 4 * deviations[1] > 3 * nsid, "\(errors), \(deviations), NSID \(nsid)")
    let change = runs[0].estimate.distance(to: runs[1].estimate) / exact.norm
    #expect(change <= 4 * Double.hypot(deviations[0], deviations[1]), "\(errors), \(deviations)")
  }

  /// The variance-reduced recursion converges linearly, past 1e-8.
  ///
  /// A step multiplies the expected square of the error e by c² at most, c = 1 − η (1 − q), and adds the variance of the
  /// minibatch's correction, η² s² ‖vₖ − v₀‖² ≤ 2 η² s² (eₖ² + e₀²), where s² bounds the variance of a product with
  /// ∂T̂_ξ: for batches of b at most t² mean ‖xᵢ‖⁴ / b, t the step of the map. With g = 2 η² s² and h = 1 − c² − g an epoch
  /// of m steps multiplies the expectation by ρ ≤ (1 − h)^m + g/h. A single run exceeds a hundred times its expectation
  /// less than once in a hundred seeds (Markov).
  @Test func theVarianceReducedErrorFallsLinearly() throws {
    let (η, m, b) = (0.1, 60, 60)
    var fourth = 0.0
    for i in 0..<features.rows {
      let row = features.row(i)
      fourth += row.dot(row) * row.dot(row) / Double(features.rows)
    }
    let t = map.stepSize(parameters: problem.parameters)
    let g = 2 * η * η * t * t * fourth / Double(b)
    let c = 1 - η * (1 - q)
    let h = 1 - c * c - g
    let ρ = Double.pow(1 - h, m) + g / h
    #expect(h > 0 && ρ < 0.2)
    let errors = try [3, 6, 9].map { epochs in
      try VarianceReducedNSID<Map>(epochs: epochs, epochLength: m, batchSize: b, step: η)
        .hypergradient(of: objective, problem).estimate.distance(to: exact) / exact.norm
    }
    let factor = 10 * Double.pow(ρ, 1.5)
    #expect(factor < 1)
    #expect(errors[1] <= errors[0] * factor, "\(errors)")
    #expect(errors[2] <= errors[1] * factor, "\(errors)")
    #expect(errors[2] <= 1e-8, "\(errors)")
  }

  /// The authors' own data, seed 2. Their draws depend on LAPACK's choice of singular vectors; the eigenvalues of XᵀX, and
  /// with them q, do not.
  @Test func theContractionOfTheAuthorsDataIsKnown() throws {
    let data: HeldOutData<Double> = try PaperRegression.stochastic.draw(seed: 2).data
    let map = Map(features: data.trainFeatures, targets: data.trainTargets)
    let q = try #require(map.contractionBound(parameters: [0.1, 0.01]))
    #expect(abs(q - 0.97882) < 5e-6)
  }
}
