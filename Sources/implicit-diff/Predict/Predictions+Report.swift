import Foundation
import LinAlg
import Models

extension Predictions.Report {
  /// What follows from the scores of a model that has one for each row, and how well they fit the targets where there are any.
  mutating func addScores(
    _ scores: Vector<Double>, of model: TuneModel, _ classes: ClassLabels?, targets y: Vector<Double>?
  ) {
    self.scores = Array(scores)
    if let classes { labels = scores.map { classes.names[$0 > 0 ? 1 : 0] } }
    if model.isOfCounts { means = scores.map { Foundation.exp($0) } }
    if model == .logistic { probabilities = scores.map { Self.probability($0) } }
    guard let y else { return }
    loss = Self.loss(model, scores, y)
    if classes == nil {
      rSquared = Self.rSquared(means.map { Vector($0) } ?? scores, y)
    } else {
      accuracy = Double(y.indices.count { (scores[$0] > 0) == (y[$0] > 0) }) / Double(y.count)
    }
  }

  /// The same for scores of every row and class; targets are classes counted from 0.
  mutating func addClassScores(_ scores: [[Double]], of classes: [String], targets y: Vector<Double>?) {
    classScores = scores
    let best = scores.map { row in row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 } }
    labels = best.map { classes[$0] }
    let logs = scores.map { row in
      let largest = row.max() ?? 0
      let sum = Foundation.log(row.reduce(0) { $0 + Foundation.exp($1 - largest) })
      return row.map { $0 - largest - sum }
    }
    classProbabilities = logs.map { $0.map { Foundation.exp($0) } }
    guard let y else { return }
    loss = y.indices.reduce(0) { $0 - logs[$1][Int(y[$1])] } / Double(y.count)
    accuracy = Double(y.indices.count { best[$0] == Int(y[$0]) }) / Double(y.count)
  }

  /// 1/(1 + e^−s), without overflow.
  private static func probability(_ s: Double) -> Double {
    s >= 0 ? 1 / (1 + Foundation.exp(-s)) : Foundation.exp(s) / (1 + Foundation.exp(s))
  }

  /// The mean loss of scores: that of a single feature, the score, with coefficient 1.
  private static func loss(_ model: TuneModel, _ scores: Vector<Double>, _ y: Vector<Double>) -> Double? {
    let X = DenseDesign(Matrix(rows: scores.count, columns: 1) { i, _ in scores[i] })
    let one: Vector<Double> = [1]
    let none = Vector<Double>.zeros(0)
    let value: Double
    switch model {
    case .leastSquares, .svr:
      value = HeldOutLoss<QuadraticLoss<Double>>(features: X, targets: y).value(at: one, parameters: none)
    case .logistic: value = HeldOutLoss<LogisticLoss<Double>>(features: X, targets: y).value(at: one, parameters: none)
    case .huber: value = HeldOutLoss<HuberLoss<Double>>(features: X, targets: y).value(at: one, parameters: none)
    case .squaredHinge:
      value = HeldOutLoss<SquaredHingeLoss<Double>>(features: X, targets: y).value(at: one, parameters: none)
    case .poisson: value = HeldOutLoss<PoissonLoss<Double>>(features: X, targets: y).value(at: one, parameters: none)
    case .svm: value = HeldOutHinge(features: X, labels: y).value(at: one, parameters: none)
    case .multinomial: preconditionFailure("Predictions: a multinomial model has a score for each class")
    }
    return value.isFinite ? value : nil
  }

  /// nil where the targets are all the same.
  private static func rSquared(_ scores: Vector<Double>, _ y: Vector<Double>) -> Double? {
    let mean = y.reduce(0) { $0 + $1 / Double(y.count) }
    let (residual, total) = y.indices.reduce((0.0, 0.0)) {
      ($0.0 + (y[$1] - scores[$1]) * (y[$1] - scores[$1]), $0.1 + (y[$1] - mean) * (y[$1] - mean))
    }
    let value = 1 - residual / total
    return value.isFinite && Set(y).count > 1 ? value : nil
  }
}
