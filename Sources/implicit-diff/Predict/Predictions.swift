import CommandSupport
import Datasets
import Foundation
import LinAlg
import Models

/// What a model says of rows, and how well that fits their targets where they have any.
struct Predictions {
  /// What `implicit-diff predict` reports. The JSON keys are stable.
  struct Report: Encodable {
    let version = 1
    var model: String
    var samples: Int
    var features: Int
    /// What −1 and 1 stand for.
    var classes: [String]?
    /// x·w and the intercept, of every row.
    var scores: [Double]
    /// exp(score), the mean counts of Poisson regression.
    var means: [Double]?
    /// Of the class 1, by logistic regression.
    var probabilities: [Double]?
    var labels: [String]?
    /// The loss that the model was fitted with, without penalty; nil without targets.
    var loss: Double?
    /// 1 − Σ (y − score)² / Σ (y − mean)².
    var rSquared: Double?
    var accuracy: Double?

    enum CodingKeys: String, CodingKey {
      case version, model, samples, features, classes, scores, means, probabilities, labels, loss, accuracy
      case rSquared = "r_squared"
    }
  }

  let report: Report

  /// - Parameter offsets: what is added to every score; nil for nothing.
  init(_ model: TunedModel, _ samples: Samples, offsets: Vector<Double>?, path: String) throws(DatasetError) {
    var scores = Vector<Double>.zeros(samples.count)
    samples.features.multiply(model.coefficients, alpha: 1, beta: 0, into: &scores)
    scores.add(constant: model.intercept)
    if let offsets { scores.add(1, offsets) }
    if let bad = scores.indices.first(where: { !scores[$0].isFinite }) {
      throw .invalid(
        path: path,
        reason: "row \(bad) (counted from 0) gives \(scores[bad]); expected features whose score is a number")
    }
    var report = Report(
      model: model.model.rawValue, samples: samples.count, features: model.features, scores: Array(scores))
    let classes = model.model.isClassifier ? ClassLabels(model.classes ?? ["-1", "1"]) : nil
    if let classes {
      report.classes = classes.names
      report.labels = scores.map { classes.names[$0 > 0 ? 1 : 0] }
    }
    if model.model.isOfCounts { report.means = scores.map { Foundation.exp($0) } }
    if model.model == .logistic { report.probabilities = scores.map { Self.probability($0) } }
    if samples.targets != nil {
      let y = try RegressionData.numbers(samples, classes, "the", path)
      try model.model.check(y, "the", path)
      report.loss = Self.loss(model.model, scores, y)
      if classes == nil {
        report.rSquared = Self.rSquared(report.means.map { Vector($0) } ?? scores, y)
      } else {
        report.accuracy = Double(y.indices.count { (scores[$0] > 0) == (y[$0] > 0) }) / Double(y.count)
      }
    }
    self.report = report
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
    let value =
      switch model {
      case .leastSquares: HeldOutLoss<QuadraticLoss<Double>>(features: X, targets: y).value(at: one, parameters: none)
      case .logistic: HeldOutLoss<LogisticLoss<Double>>(features: X, targets: y).value(at: one, parameters: none)
      case .huber: HeldOutLoss<HuberLoss<Double>>(features: X, targets: y).value(at: one, parameters: none)
      case .squaredHinge:
        HeldOutLoss<SquaredHingeLoss<Double>>(features: X, targets: y).value(at: one, parameters: none)
      case .poisson: HeldOutLoss<PoissonLoss<Double>>(features: X, targets: y).value(at: one, parameters: none)
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

  func write(to path: String) throws(DatasetError) {
    if path.hasSuffix(".npy") { return try NPY.write(Vector(report.scores), to: path) }
    var columns = [report.classes == nil && report.means == nil ? "prediction" : "score"]
    if report.means != nil { columns.append("mean") }
    if report.probabilities != nil { columns.append("probability") }
    if report.labels != nil { columns.append("label") }
    var table = CSV(columns: columns)
    for i in report.scores.indices {
      var row: [any LosslessStringConvertible] = [report.scores[i]]
      if let means = report.means { row.append(means[i]) }
      if let probabilities = report.probabilities { row.append(probabilities[i]) }
      if let labels = report.labels { row.append(labels[i]) }
      table.append(row)
    }
    try table.write(to: path)
  }

  func summary(savedTo path: String?) -> String {
    var lines = ["\(report.model), \(report.samples) samples × \(report.features) features\(classNote(report.classes))"]

    if let loss = report.loss { lines.append("loss \(loss)") }
    if let rSquared = report.rSquared { lines.append("R² \(Format.number(rSquared))") }
    if let accuracy = report.accuracy { lines.append("accuracy \(Format.number(100 * accuracy)) %") }
    if let path {
      lines.append("predictions in \(path)")
    } else {
      let count = min(10, report.samples)
      lines.append(
        count < report.samples
          ? "the first \(count) of \(report.samples) predictions (all of them with --out or --json):" : "predictions:")
      for i in 0..<count {
        let probability =
          report.probabilities.map { ", probability \(Format.number($0[i]))" }
          ?? report.means.map { ", mean \(Format.number($0[i]))" } ?? ""
        lines.append(
          "  \(report.labels.map { $0[i] + ": score " } ?? "")\(Format.number(report.scores[i]))\(probability)")
      }
    }
    return lines.joined(separator: "\n")
  }
}
