import Bilevel
import Foundation
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing

@Suite struct PoissonTests {
  /// scikit-learn 1.9.1: `PoissonRegressor(alpha=0.1, solver='newton-cholesky', tol=1e-14).fit(X, y, sample_weight=1 + arange(40) % 3)` on the data of
  /// `SmallCounts`, whose objective is the same.
  @Test func aRidgeFitIsThatOfOtherSoftware() throws {
    let expected: Vector<Double> = [
      0.830344847044274, 0.04660694132867301, -0.09382720756201503, 0.04154345800573881, -0.028222107417702178,
    ]
    let model = RegressionModel(PoissonLoss<Double>.self, L1Norm(), ridge: .parameter, intercept: true)
    let map = model.map(
      features: DenseDesign(SmallCounts.X), targets: SmallCounts.y, samples: SampleTerms(weights: SmallCounts.weights))
    let solution = map.solve(at: [1e-14, 0.1])
    #expect(solution.outcome == .converged && solution.method == "working-sets")
    let (w, b) = model.coefficients(solution.state)
    // Theirs is a Newton iteration that stops at a gradient of 1e-14; a strength of 1e-14 moves w by 1e-13 of the curvature's inverse at most.
    #expect(w.distance(to: expected) <= 1e-11, "\(w)")
    #expect(abs(b - 0.8076531128715265) <= 1e-11)
  }

  /// Optimality by plain loops, and the gradient by central differences, whose error is of the order h² + ε/h.
  @Test(arguments: ["lasso", "elastic-net", "group-lasso", "bounded"])
  func solutionsAreOptimalAndGradientsTheDifferences(_ penalty: String) throws {
    switch penalty {
    case "lasso": try check(L1Norm(), .none, [0.08]) { w, g, λ in Self.violation(w, g, λ[0]) }
    case "elastic-net":
      try check(L1Norm(), .parameter, [0.05, 0.2]) { w, g, λ in Self.violation(w, g + λ[1] * w, λ[0]) }
    case "bounded":
      let p = SmallCounts.p
      try check(
        BoundedL1(lower: .zeros(p), upper: Vector(repeating: 0.7, count: p)), .none, [0.02]
      ) { w, g, λ in
        var worst = 0.0
        for j in 0..<p {
          let free = w[j] > 0 && w[j] < 0.7
          worst = max(worst, free ? abs(g[j] + λ[0]) : w[j] == 0 ? -g[j] - λ[0] : g[j] + λ[0])
        }
        return worst
      }
    default:
      try check(GroupLasso(Groups([[0, 1], [2, 3, 4]])), .none, [0.3]) { w, g, λ in
        let size = hypot(w[0], w[1])
        let t = 2.0.squareRoot() * λ[0]
        let second = (g[2] * g[2] + g[3] * g[3] + g[4] * g[4]).squareRoot() - 3.0.squareRoot() * λ[0]
        return max(hypot(g[0] + t * w[0] / size, g[1] + t * w[1] / size), second)
      }
    }
  }

  private static func violation(_ w: Vector<Double>, _ g: Vector<Double>, _ t: Double) -> Double {
    w.indices.reduce(0) { worst, j in
      max(worst, w[j] == 0 ? abs(g[j]) - t : abs(g[j] + (w[j] > 0 ? t : -t)))
    }
  }

  private func check<P: ProximalMap<Double> & InterceptPenalty<Double>>(
    _ penalty: P, _ ridge: Ridge<Double>, _ λ: Vector<Double>,
    _ violation: (Vector<Double>, Vector<Double>, Vector<Double>) -> Double
  ) throws {
    let (X, y, o) = (SmallCounts.X, SmallCounts.y, SmallCounts.offsets)
    let model = RegressionModel(PoissonLoss<Double>.self, penalty, ridge: ridge, intercept: true)
    let samples = SampleTerms<Double>(weights: SmallCounts.weights, offsets: o)
    let map = model.map(features: DenseDesign(X), targets: y, samples: samples)
    let solution = map.solve(at: λ)
    #expect(solution.outcome == .converged && solution.method == "working-sets")
    let (w, b) = model.coefficients(solution.state)
    #expect(w.nonzeroCount > 0 && w.nonzeroCount < SmallCounts.p)
    var (gradient, total, sum) = (Vector<Double>.zeros(SmallCounts.p), 0.0, 0.0)
    for i in 0..<SmallCounts.n {
      var z = b + o[i]
      for j in 0..<SmallCounts.p { z += X[i, j] * w[j] }
      let r = SmallCounts.weights[i] * (exp(z) - y[i])
      for j in 0..<SmallCounts.p { gradient[j] += X[i, j] * r }
      total += SmallCounts.weights[i]
      sum += r
    }
    gradient.scale(by: 1 / total)
    // Sums of 40 terms of the size of the counts, below 10.
    #expect(abs(sum / total) <= 1e-12)
    #expect(violation(w, gradient, λ) <= 1e-12)

    // Judged by other rows: the same ones, without weights and in another order of offsets.
    let held = SampleTerms<Double>(offsets: Vector(count: SmallCounts.n) { -o[$0] })
    let criterion = model.heldOutLoss(of: map, features: DenseDesign(X), targets: y, samples: held)
    let found = criterion.evaluate(at: λ, bounding: true)
    // No constant bounds the loss's curvature: nothing is claimed.
    #expect(found.failure == nil && found.gradientErrorBound == nil)
    let h = 1e-6
    for k in λ.indices {
      var (up, down) = (Vector(copying: λ), Vector(copying: λ))
      up[k] += h
      down[k] -= h
      let difference =
        (criterion.evaluate(at: up, bounding: false).value - criterion.evaluate(at: down, bounding: false).value)
        / (2 * h)
      #expect(abs(found.gradient[k] - difference) <= 1e-7 * max(1, abs(difference)), "\(k)")
    }
  }

  /// From a score of 0 a Newton step for counts of a million leads to exp(10⁶).
  @Test(arguments: [1, 1e3, 1e6, 1e12])
  func largeCountsDoNotOverflow(_ scale: Double) throws {
    let y = scale * SmallCounts.y
    let model = RegressionModel(PoissonLoss<Double>.self, L1Norm<Double>(), intercept: true)
    let map = model.map(features: DenseDesign(SmallCounts.X), targets: y)
    let w = try map.solve(at: [0.05 * scale]).get()
    let one = try model.map(features: DenseDesign(SmallCounts.X), targets: SmallCounts.y).solve(at: [0.05]).get()
    // Scaled counts are an intercept of log(scale) more, and the same loss times the scale.
    for j in 0..<SmallCounts.p { #expect(abs(w[j] - one[j]) <= 1e-10) }
    #expect(abs(w[SmallCounts.p] - one[SmallCounts.p] - log(scale)) <= 1e-10)
  }

  /// The loss is convex and its conjugate what Fenchel and Young say: ℓ(z) + ℓ*(ℓ′(z)) = z ℓ′(z).
  @Test(arguments: [0.0, 1, 2.5, 1e6], [-30.0, -1, 0, 0.3, 5, 13.8])
  func theConjugateMeetsTheLoss(_ y: Double, _ z: Double) {
    let value = PoissonScore<Double>.value(score: z, target: y)
    let r = PoissonScore<Double>.residual(score: z, target: y)
    let conjugate = PoissonScore<Double>.conjugate(ofNegative: r, target: y)
    // Terms of the size of the mean and the count, times the score.
    let scale = (exp(z) + y) * (1 + abs(z) + log(1 + y))
    #expect(abs(value + conjugate + z * r) <= 1e-14 * scale)
    #expect(value >= 0)
    let plain = exp(z) - y * z + (y > 0 ? y * log(y) - y : 0)
    #expect(abs(value - plain) <= 1e-14 * scale)
    let h = 1e-5
    let slope =
      (PoissonScore<Double>.value(score: z + h, target: y) - PoissonScore<Double>.value(score: z - h, target: y))
      / (2 * h)
    #expect(abs(slope + r) <= 1e-9 * scale)
  }

  /// The path falls from where nothing is selected, and every objective is what a solve to rounding gives but for the tolerance.
  @Test func aPathIsSolved() throws {
    let model = RegressionModel(PoissonLoss<Double>.self, L1Norm<Double>(), intercept: true)
    let map = model.map(features: DenseDesign(SmallCounts.X), targets: SmallCounts.y)
    let path = try #require(RegularizationPath(of: map, along: [1], count: 20, ratio: 1e-3))
    #expect(path.failure == nil && path.points.count == 20)
    #expect(path.points[0].support == [SmallCounts.p])
    for point in path.points {
      let w = try map.solve(at: point.parameters).get()
      let exact = map.objective(at: w, parameters: point.parameters)
      #expect(point.objective >= exact * (1 - 1e-12) && point.objective * (1 - 1e-4) <= exact)
    }
  }
}
