import Bilevel
import Foundation
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing

@Suite struct NewtonTests {
  typealias Poisson = RegressionModel<PoissonLoss<Double>, L1Norm<Double>>

  static var poisson: Poisson {
    Poisson(PoissonLoss.self, L1Norm(SharedStrengths([0, 0, 1, 1, 1], count: 2)), ridge: .parameter, intercept: true)
  }

  static func heldOut(_ model: Poisson) -> (any Criterion, SearchSpace) {
    let (X, y) = (DenseDesign(SmallCounts.X), SmallCounts.y)
    let map = model.map(features: X, targets: y, samples: SampleTerms(weights: SmallCounts.weights))
    let later = Vector<Double>(count: SmallCounts.n) { y[(3 * $0 + 7) % SmallCounts.n] }
    let mixed = Vector<Double>(count: SmallCounts.n) { (3 * y[$0] + later[$0]) / 4 }
    return (
      model.heldOutLoss(of: map, features: X, targets: mixed),
      model.searchSpace(of: map, names: ["a", "b", "ridge"])!
    )
  }

  /// Central differences of the gradient, whose error is of the order h² + 10⁻¹²/h: the accuracy of the adjoint systems.
  @Test func theHessianIsTheDifferenceOfGradients() throws {
    let (criterion, _) = Self.heldOut(Self.poisson)
    let λ: Vector<Double> = [0.03, 0.02, 0.1]
    func gradient(_ k: Int, _ h: Double) -> Vector<Double> {
      var moved = Vector(copying: λ)
      moved[k] += h
      return criterion.evaluate(at: moved, bounding: false).gradient
    }
    let h = 1e-5
    let differences = (0..<3).map { k in (1 / (2 * h)) * (gradient(k, h) - gradient(k, -h)) }
    let found = criterion.evaluate(at: λ, bounding: false)
    #expect(found.failure == nil && found.selected >= 3)
    let H = try #require((criterion as? any TwiceDifferentiableCriterion)?.hessian())
    let scale = (0..<3).reduce(0) { max($0, H.column($1).maxNorm) }
    for k in 0..<3 { #expect(differences[k].distance(to: H.column(k)) <= 1e-6 * scale, "column \(k)") }
  }

  /// A cross-validation's is the mean of those of its folds: the same difference of gradients, and L-BFGS finds no lower value.
  @Test(arguments: [0, 1, 2, 3] as [UInt64])
  func itEndsWhereOtherSearchesDo(_ seed: UInt64) throws {
    let problem = TestProblem(samples: 80, features: 12, seed: seed)
    let model = TestProblem.elasticNet
    let folds = try Folds.kFold(4, rows: 80, seed: seed)
    let map = model.map(features: problem.features, targets: problem.targets)
    let space = try #require(model.searchSpace(of: map, names: ["lambda1", "lambda2"]))
    func tune(_ optimizer: some OuterOptimizer) -> TuningResult {
      Tuner(optimizer).tune(
        model.crossValidation(features: problem.features, targets: problem.targets, folds: folds), in: space)
    }
    let (newton, other) = (tune(Newton()), tune(LBFGS()))
    let (value, expected) = (try #require(newton.best?.value), try #require(other.best?.value))
    #expect(newton.stop.isConverged, "\(newton.stop)")
    // Either may end at a kink before the other's piece; neither by more than searches by gradients are told to care about.
    #expect(value <= expected * (1 + 1e-4), "\(value) against \(expected)")
    #expect(newton.log.records[0].logHessian != nil)
  }

  /// On one piece steps square the error: the gradient falls by ten orders in few evaluations.
  @Test func stepsAreQuadratic() throws {
    let (criterion, space) = Self.heldOut(Self.poisson)
    let limits = TuningLimits(gradientReduction: 1e-9, valueChange: 0)
    let found = Tuner(Newton(), limits: limits).tune(criterion, in: space)
    #expect(found.stop.isConverged && found.best != nil, "\(found.stop)")
    #expect(found.log.records.count <= 40, "\(found.log.records.count) evaluations")
  }

  @Test func whatHasNoSecondDerivativesIsRefused() throws {
    let problem = TestProblem(samples: 30, features: 6)
    let model = RegressionModel(QuadraticLoss<Double>.self, GroupLasso<Double>(Groups([[0, 1, 2], [3, 4, 5]])))
    let map = model.map(features: problem.features, targets: problem.targets)
    let criterion = model.heldOutLoss(
      of: map, features: problem.heldOutFeatures, targets: problem.heldOutTargets)
    let space = try #require(model.searchSpace(of: map, names: ["lambda1"]))
    guard case .failed(let reason) = Tuner(Newton()).tune(criterion, in: space).stop else {
      return #expect(Bool(false), "a group lasso has no second derivatives here")
    }
    #expect(reason.contains("second derivatives"))
  }
}
