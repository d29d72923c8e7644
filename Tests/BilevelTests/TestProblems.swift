import Bilevel
import Datasets
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import TestSupport

/// A sparse regression with a held-out half, drawn anew by seed.
struct TestProblem {
  let features: DenseDesign<Double>
  let targets: Vector<Double>
  let heldOutFeatures: DenseDesign<Double>
  let heldOutTargets: Vector<Double>

  init(samples n: Int = 60, features p: Int = 40, seed: UInt64 = 0) {
    var stream = RandomStream(seed: seed)
    let truth = Vector(count: p) { $0 % 5 == 0 ? stream.nextNormal() : 0 }
    func draw() -> (DenseDesign<Double>, Vector<Double>) {
      let X = Matrix<Double>(rows: n, columns: p, layout: .columnMajor) { _, _ in stream.nextNormal() }
      var y = X * truth
      for i in 0..<n { y[i] += 0.5 * stream.nextNormal() }
      return (DenseDesign(X), y)
    }
    (features, targets) = draw()
    (heldOutFeatures, heldOutTargets) = draw()
  }

  typealias ElasticNet = RegressionModel<QuadraticLoss<Double>, L1Norm<Double>>

  static var elasticNet: ElasticNet { ElasticNet(QuadraticLoss.self, L1Norm(), ridge: .parameter) }
  static var lasso: ElasticNet { ElasticNet(QuadraticLoss.self, L1Norm()) }

  func criterion(_ model: ElasticNet) -> (any Criterion, SearchSpace) {
    let map = model.map(features: features, targets: targets)
    let names = Array(["lambda1", "lambda2"].prefix(map.parameterCount))
    return (
      model.heldOutLoss(of: map, features: heldOutFeatures, targets: heldOutTargets),
      model.searchSpace(of: map, names: names)!
    )
  }
}

/// A criterion given by closures, for what no regression does.
final class ClosureCriterion: Criterion {
  let parameterCount: Int
  var warmStart = [WarmStart()]
  private(set) var evaluations = 0
  private let body: (Vector<Double>) -> CriterionValue

  init(_ m: Int, _ body: @escaping (Vector<Double>) -> CriterionValue) {
    parameterCount = m
    self.body = body
  }

  func evaluate(at λ: Vector<Double>, bounding: Bool) -> CriterionValue {
    evaluations += 1
    return body(λ)
  }
}
