import Bilevel
import Foundation
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing

/// Weights, offsets, factors and bounds of regressions.
@Suite struct SampleAndFactorTests {
  static let X = DenseDesign(SmallCounts.X)

  /// scikit-learn 1.9.1: `Lasso(alpha=0.05, tol=1e-15, max_iter=10**6, positive=…).fit(X, y, sample_weight=1 + arange(40) % 3)` on the data of
  /// `SmallCounts`.
  @Test func weightedAndNonnegativeFitsAreThoseOfOtherSoftware() throws {
    let samples = SampleTerms<Double>(weights: SmallCounts.weights)
    let lasso = RegressionModel(QuadraticLoss<Double>.self, L1Norm(), intercept: true)
    let w = try lasso.map(features: Self.X, targets: SmallCounts.y, samples: samples).solve(at: [0.05]).get()
    let expected: Vector<Double> = [
      2.062155771296217, 0.30558964173722797, -0.10804191597209846, 0, 0, 2.6288549824111254,
    ]
    // Their coordinate descent ends at a gap of 1e-15 of ‖y‖², which leaves w some 1e-8 at most; it does better.
    #expect(w.distance(to: expected) <= 1e-10, "\(w)")
    let p = SmallCounts.p
    let nonnegative = RegressionModel(
      QuadraticLoss<Double>.self, BoundedL1(lower: .zeros(p), upper: Vector(repeating: .infinity, count: p)),
      intercept: true)
    let v = try nonnegative.map(features: Self.X, targets: SmallCounts.y, samples: samples).solve(at: [0.05]).get()
    let positive: Vector<Double> = [2.065484172992747, 0.30773262525536904, 0, 0, 0, 2.6118061995359496]
    #expect(v.distance(to: positive) <= 1e-10, "\(v)")
  }

  /// Without anything to bound it is the lasso, in value and gradient.
  @Test(arguments: [[0.05], [0.05, 0.1]])
  func boundsFarAwayChangeNothing(_ strengths: [Double]) throws {
    let λ = Vector(strengths)
    let ridge: Ridge<Double> = λ.count == 2 ? .parameter : .none
    let far = Vector<Double>(repeating: 1e6, count: SmallCounts.p)
    func evaluate<P: ProximalMap<Double> & InterceptPenalty<Double>>(_ penalty: P) -> CriterionValue {
      let model = RegressionModel(QuadraticLoss<Double>.self, penalty, ridge: ridge, intercept: true)
      let map = model.map(features: Self.X, targets: SmallCounts.y)
      let held = SmallCounts.y + SmallCounts.offsets
      return model.heldOutLoss(of: map, features: Self.X, targets: held).evaluate(at: λ, bounding: false)
    }
    let (plain, bounded) = (evaluate(L1Norm()), evaluate(BoundedL1(lower: -far, upper: far)))
    #expect(plain.failure == nil && bounded.failure == nil && plain.selected == bounded.selected)
    #expect(abs(plain.value - bounded.value) <= 1e-9 * plain.value)
    #expect(plain.gradient.distance(to: bounded.gradient) <= 1e-7 * plain.gradient.norm)
  }

  /// Where a bound holds the gradient is that of the smaller problem: central differences.
  @Test func theGradientKnowsWhatIsHeldAtABound() throws {
    let p = SmallCounts.p
    let penalty = BoundedL1<Double>(lower: Vector(repeating: -0.05, count: p), upper: Vector(repeating: 1.5, count: p))
    let model = RegressionModel(QuadraticLoss<Double>.self, penalty, intercept: true)
    let map = model.map(features: Self.X, targets: SmallCounts.y)
    let w = try map.solve(at: [0.05]).get()
    #expect(w[0] == 1.5 && w.contains(-0.05), "\(w)")
    let criterion = model.heldOutLoss(of: map, features: Self.X, targets: SmallCounts.y + SmallCounts.offsets)
    let found = criterion.evaluate(at: [0.05], bounding: false)
    let h = 1e-6
    let difference =
      (criterion.evaluate(at: [0.05 + h], bounding: false).value
        - criterion.evaluate(at: [0.05 - h], bounding: false).value) / (2 * h)
    #expect(abs(found.gradient[0] - difference) <= 1e-8)
  }

  /// A feature of factor 0 is a second intercept: its derivative vanishes; the others by their factors.
  @Test func factorsOfBothPenaltiesAreSeparate() throws {
    let factors = [0, 1, 3, 0.5, 1]
    let ridges: Vector<Double> = [2, 0, 1, 4, 0.5]
    var model = RegressionModel(
      QuadraticLoss<Double>.self, L1Norm(.single(factors: factors)), ridge: .parameter, intercept: true)
    model.ridgeFactors = ridges
    let map = model.map(features: Self.X, targets: SmallCounts.y)
    let λ: Vector<Double> = [0.05, 0.1]
    let (w, b) = model.coefficients(try map.solve(at: λ).get())
    var r = SmallCounts.X * w - SmallCounts.y
    r.add(constant: b)
    for j in 0..<SmallCounts.p {
      let slope = SmallCounts.X.column(j).dot(r) / Double(SmallCounts.n) + λ[1] * ridges[j] * w[j]
      let t = λ[0] * factors[j]
      let violation = w[j] == 0 ? abs(slope) - t : abs(slope + (w[j] > 0 ? t : -t))
      #expect(violation <= 1e-12, "feature \(j)")
    }
    #expect(w[0] != 0)
    let criterion = model.heldOutLoss(of: map, features: Self.X, targets: SmallCounts.y + SmallCounts.offsets)
    let found = criterion.evaluate(at: λ, bounding: false)
    let h = 1e-6
    for k in 0..<2 {
      var (up, down) = (Vector(copying: λ), Vector(copying: λ))
      up[k] += h
      down[k] -= h
      let difference =
        (criterion.evaluate(at: up, bounding: false).value - criterion.evaluate(at: down, bounding: false).value)
        / (2 * h)
      #expect(abs(found.gradient[k] - difference) <= 1e-8, "strength \(k)")
    }
  }

  /// Factors by the normal equations of the ridge, for every fold its own.
  @Test func adaptiveFactorsAreThoseOfARidgeFit() throws {
    let (X, y) = (SmallCounts.X, SmallCounts.y)
    let (n, p) = (SmallCounts.n, SmallCounts.p)
    let adaptive = RegressionModel(QuadraticLoss<Double>.self, L1Norm<Double>()).adaptive(exponent: 2)
    let folds = try Folds.kFold(4, rows: n, seed: 3)
    let criterion = adaptive.crossValidation(features: Self.X, targets: y, folds: folds)
    let found = criterion.evaluate(at: [0.02], bounding: true)
    var sum = 0.0
    for fold in folds.folds {
      func rows(_ i: [Int]) -> (Matrix<Double>, Vector<Double>) {
        (X.gatheringRows(i), Vector(count: i.count) { y[i[$0]] })
      }
      let ((A, b), (Z, v)) = (rows(fold.train), rows(fold.heldOut))
      let m = Double(A.rows)
      var G = Matrix<Double>(rows: p, columns: p) { A.column($0).dot(A.column($1)) / m }
      let ridge = (0..<p).reduce(0) { $0 + G[$1, $1] } / Double(p) / 100
      for j in 0..<p { G[j, j] += ridge }
      var pilot = Vector(count: p) { A.column($0).dot(b) / m }
      try Cholesky(G).solve(&pilot)
      let factors = (0..<p).map { pow(pilot.maxNorm / pilot[$0].magnitude, 2) }
      let weighted = RegressionModel(QuadraticLoss<Double>.self, L1Norm<Double>(.single(factors: factors)))
      let w = try weighted.map(features: DenseDesign(A), targets: b).solve(at: [0.02]).get()
      let r = Z * w - v
      sum += r.dot(r) / 2
    }
    // The weak 1-norm of the first fit moves it by 2⁻⁴⁰ of its condition number, some 10², twice over by the exponent.
    #expect(abs(found.value - sum / Double(n)) <= 1e-8 * found.value)
    #expect(found.failure == nil && found.gradientErrorBound != nil)
  }

  /// Means and deviations by weights are those of rows that are repeated.
  @Test func weightsStandardizeAsRepeatedRowsDo() {
    let order = (0..<SmallCounts.n).flatMap { i in Array(repeating: i, count: 1 + i % 3) }
    let repeated = Standardization(
      SmallCounts.X.gatheringRows(order), Vector(count: order.count) { SmallCounts.y[order[$0]] }, centers: true,
      scales: true)
    let weighted = Standardization(
      SmallCounts.X, SmallCounts.y, weights: 7 * SmallCounts.weights, centers: true, scales: true)
    #expect(repeated.means.distance(to: weighted.means) <= 1e-14)
    #expect(repeated.scales.distance(to: weighted.scales) <= 1e-14)
    #expect(abs(repeated.targetMean - weighted.targetMean) <= 1e-14)
  }
}
