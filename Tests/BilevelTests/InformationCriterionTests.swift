import Bilevel
import Foundation
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing

@Suite struct InformationCriterionTests {
  static let X = DenseDesign(SmallCounts.X)
  static let n = Double(SmallCounts.n)

  /// scikit-learn 1.9.1: `LassoLarsIC(criterion=…, noise_variance=2.25).fit(X, y)` on the data of `SmallCounts`: `alphas_` and `criterion_`. It
  /// does not count the intercept as a degree of freedom.
  @Test func valuesAreThoseOfOtherSoftware() throws {
    let alphas = [0.16518884662236616, 0.09213052409506986, 0.03205069115190115, 0.004494118498017089]
    let aic = [156.53349895914596, 157.17898139147403, 158.38963312510538, 160.24754876910822]
    let bic = [158.2223784132599, 160.5567402997019, 163.4562714874472, 167.00306658556397]
    let model = RegressionModel(QuadraticLoss<Double>.self, L1Norm<Double>(), intercept: true)
    let map = model.map(features: Self.X, targets: SmallCounts.y)
    for (charge, values, ofIntercept) in [
      (InformationCharge.akaike, aic, 2.0), (.bayes, bic, log(Self.n)),
    ] {
      let criterion = model.informationCriterion(of: map, charge, likelihood: .normal(noise: 1.5))
      for (alpha, value) in zip(alphas, values) {
        // A knot of the path, where a feature enters: a little before it has not.
        let found = criterion.evaluate(at: [alpha * (1 + 1e-9)], bounding: false)
        #expect(found.failure == nil && found.gradient[0].isNaN)
        #expect(abs(found.value - value - ofIntercept) <= 1e-6, "\(charge) at \(alpha): \(found.value)")
      }
    }
  }

  /// The trace of the hat matrix of the selected columns, with the ridge and its factors, by an explicit inverse.
  @Test func aRidgeLowersTheDegreesOfFreedom() throws {
    var model = RegressionModel(
      QuadraticLoss<Double>.self, L1Norm<Double>(), ridge: .parameter, intercept: true)
    model.ridgeFactors = [1, 2, 0, 1, 3]
    let map = model.map(features: Self.X, targets: SmallCounts.y)
    let λ: Vector<Double> = [0.02, 0.3]
    let w = try map.solve(at: λ).get()
    let S = (0..<6).filter { w[$0] != 0 }
    #expect(S.count >= 3 && S.count < 6)
    func column(_ j: Int) -> Vector<Double> {
      j < 5 ? Vector(copying: SmallCounts.X.column(j)) : Vector(repeating: 1, count: SmallCounts.n)
    }
    let G = Matrix<Double>(rows: S.count, columns: S.count) { column(S[$0]).dot(column(S[$1])) / Self.n }
    var A = G
    for (k, j) in S.enumerated() where j < 5 { A[k, k] += λ[1] * model.ridgeFactors![j] }
    var freedom = 0.0
    for k in 0..<S.count {
      var c = Vector(copying: G.column(k))
      try Cholesky(A).solve(&c)
      freedom += c[k]
    }
    let mean = map.smooth.loss.value(at: w)
    let criterion = model.informationCriterion(of: map, .akaike, likelihood: .normalOfUnknownNoise)
    let found = criterion.evaluate(at: λ, bounding: false).value
    let expected = Self.n * (log(2 * .pi) + 1 + log(2 * mean)) + 2 * freedom
    #expect(abs(found - expected) <= 1e-10 * abs(expected))
    #expect(freedom < Double(S.count) - 0.1)
  }

  /// Two equal columns are one degree of freedom, whichever of them is selected; a factor of 0 is one that no strength takes.
  @Test func equalColumnsAreOneDegreeOfFreedom() throws {
    let X = Matrix<Double>(rows: SmallCounts.n, columns: 7) { i, j in
      j < 5 ? SmallCounts.X[i, j] : j == 5 ? SmallCounts.X[i, 0] : -1e6 * SmallCounts.X[i, 0]
    }
    let factors = [1.0, 1, 1, 1, 1, 1, 1e6]
    let model = RegressionModel(LogisticLoss<Double>.self, L1Norm<Double>(.single(factors: factors)), intercept: true)
    let labels = Vector<Double>(count: SmallCounts.n) { SmallCounts.y[$0] > 2 ? 1 : -1 }
    let map = model.map(features: DenseDesign(X), targets: labels)
    let plain = RegressionModel(LogisticLoss<Double>.self, L1Norm<Double>(), intercept: true)
    let plainMap = plain.map(features: Self.X, targets: labels)
    for λ in [0.1, 0.05, 0.02] {
      let found = model.informationCriterion(of: map, .bayes, likelihood: .negativeLog)
        .evaluate(at: [λ], bounding: false)
      let expected = plain.informationCriterion(of: plainMap, .bayes, likelihood: .negativeLog)
        .evaluate(at: [λ], bounding: false)
      #expect(found.failure == nil && expected.failure == nil)
      #expect(abs(found.value - expected.value) <= 1e-8 * expected.value)
      // By hand: twice the sum of log losses, log n for every coefficient and the intercept.
      let w = try plainMap.solve(at: [λ]).get()
      let byHand =
        2 * Self.n * plainMap.smooth.loss.value(at: w) + log(Self.n) * Double(w.nonzeroCount)
      #expect(abs(expected.value - byHand) <= 1e-10 * byHand)
    }
  }

  @Test func aGridChoosesAndASearchByGradientsSaysWhyItDoesNot() throws {
    let model = RegressionModel(PoissonLoss<Double>.self, L1Norm<Double>(), intercept: true)
    let map = model.map(features: Self.X, targets: SmallCounts.y)
    let space = try #require(model.searchSpace(of: map, names: ["lambda1"]))
    func tune(_ optimizer: some OuterOptimizer) -> TuningResult {
      Tuner(optimizer).tune(
        model.informationCriterion(of: map, .extendedBayes, likelihood: .negativeLog), in: space)
    }
    let result = tune(GridSearch(points: 50))
    let best = try #require(result.best)
    #expect(result.log.records.allSatisfy { $0.failure == nil && $0.value! >= best.value! })
    #expect(best.selected == 1)
    guard case .failed = tune(LBFGS()).stop else { return #expect(Bool(false)) }
  }
}
