import Bilevel
import Datasets
import LinAlg
import Models
import NonsmoothMaps
import Sharding

/// A cross-validation and its search: the same steps whatever the number of ranks.
enum Tuning {
  static func check(_ world: borrowing World, split: String) throws {
    let (X, y) = (Hypergradients.data.features, Hypergradients.data.targets)
    let model = RegressionModel(QuadraticLoss<Double>.self, L1Norm<Double>(), ridge: .parameter)
    let folds = try Folds.kFold(3, rows: X.rows, seed: 1)
    let whole = model.crossValidation(features: DenseDesign(X), targets: y, folds: folds)
    let λ = Hypergradients.λ
    let expected = whole.evaluate(at: λ, bounding: false)
    for order in [SummationOrder.any, .fixed(blocks: 8)] {
      let name = order == .any ? "any" : "fixed"
      let design = try Split.shard(X, world, split, order)
      let criterion = model.crossValidation(features: design, targets: y, folds: folds)
      let found = criterion.evaluate(at: λ, bounding: true)
      try require(abs(found.value - expected.value) <= 1e-12 * expected.value, "\(name): value \(found.value)")
      try requireClose(found.gradient, expected.gradient, 1e-12, "\(name): gradient")
      try require(found.gradientErrorBound != nil, "\(name): no bound")
      let map = model.map(features: design, targets: y)
      guard let space = model.searchSpace(of: map, names: ["lambda1", "lambda2"]) else {
        throw CaseFailure("\(name): no space")
      }
      let result = Tuner(limits: TuningLimits(evaluations: 12)).tune(criterion, in: space)
      guard let best = result.best else { throw CaseFailure("\(name): nothing was found") }
      report(world, "\(name)-best", best.parameters)
      report(world, "\(name)-values", result.log.records.map { $0.value ?? .nan })
    }
  }
}
