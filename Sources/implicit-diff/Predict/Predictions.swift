import CommandSupport
import Datasets
import LinAlg

/// What a model says of rows, and how well that fits their targets where they have any.
struct Predictions {
  /// What `implicit-diff predict` reports. The JSON keys are stable.
  struct Report: Encodable {
    let version = 1
    var model: String
    var samples: Int
    var features: Int
    /// The classes in their order.
    var classes: [String]?
    /// x·w and the intercept, of every row; nil for a multinomial model.
    var scores: [Double]?
    /// The same of every row and class, by a multinomial model.
    var classScores: [[Double]]?
    /// exp(score), the mean counts of Poisson regression.
    var means: [Double]?
    /// Of the class 1, by logistic regression.
    var probabilities: [Double]?
    /// Of every row and class, by a multinomial model.
    var classProbabilities: [[Double]]?
    var labels: [String]?
    /// The loss that the model was fitted with, without penalty; nil without targets.
    var loss: Double?
    /// 1 − Σ (y − score)² / Σ (y − mean)².
    var rSquared: Double?
    var accuracy: Double?

    enum CodingKeys: String, CodingKey {
      case version, model, samples, features, classes, scores, means, probabilities, labels, loss, accuracy
      case rSquared = "r_squared"
      case classScores = "class_scores"
      case classProbabilities = "class_probabilities"
    }
  }

  let report: Report

  /// - Parameter offsets: what is added to every score; nil for nothing.
  init(_ model: TunedModel, _ samples: Samples, offsets: Vector<Double>?, path: String) throws(DatasetError) {
    let columns = try zip(model.coefficients.rows, model.coefficients.intercepts).map {
      w, intercept throws(DatasetError) in
      var scores = Vector<Double>.zeros(samples.count)
      samples.features.multiply(w, alpha: 1, beta: 0, into: &scores)
      scores.add(constant: intercept)
      if let offsets { scores.add(1, offsets) }
      if let bad = scores.indices.first(where: { !scores[$0].isFinite }) {
        throw .invalid(
          path: path,
          reason: "row \(bad) (counted from 0) gives \(scores[bad]); expected features whose score is a number")
      }
      return scores
    }
    var report = Report(model: model.model.rawValue, samples: samples.count, features: model.features)
    let classes = model.model.coding.map { ClassLabels(model.classes ?? ["-1", "1"], $0) }
    report.classes = classes?.names
    let y = try samples.targets == nil ? nil : RegressionData.numbers(samples, classes, "the", path)
    if let y { try model.model.check(y, "the", path) }
    if let classes, model.model == .multinomial {
      report.addClassScores((0..<samples.count).map { i in columns.map { $0[i] } }, of: classes.names, targets: y)
    } else {
      report.addScores(columns[0], of: model.model, classes, targets: y)
    }
    self.report = report
  }
  func write(to path: String) throws(DatasetError) {
    if let rows = report.classScores { return try write(rows, to: path) }
    let scores = report.scores ?? []
    if path.hasSuffix(".npy") { return try NPY.write(Vector(scores), to: path) }
    var columns = [report.classes == nil && report.means == nil ? "prediction" : "score"]
    if report.means != nil { columns.append("mean") }
    if report.probabilities != nil { columns.append("probability") }
    if report.labels != nil { columns.append("label") }
    var table = CSV(columns: columns)
    for i in scores.indices {
      var row: [any LosslessStringConvertible] = [scores[i]]
      if let means = report.means { row.append(means[i]) }
      if let probabilities = report.probabilities { row.append(probabilities[i]) }
      if let labels = report.labels { row.append(labels[i]) }
      table.append(row)
    }
    try table.write(to: path)
  }

  /// A score and a probability of every class, and the label.
  private func write(_ scores: [[Double]], to path: String) throws(DatasetError) {
    let classes = report.classes ?? []
    if path.hasSuffix(".npy") {
      return try NPY.write(Matrix<Double>(rows: scores.count, columns: classes.count) { scores[$0][$1] }, to: path)
    }
    var table = CSV(columns: classes.map { "score \($0)" } + classes.map { "probability \($0)" } + ["label"])
    for (i, row) in scores.enumerated() {
      table.append(row + (report.classProbabilities?[i] ?? []) + [report.labels?[i] ?? ""])
    }
    try table.write(to: path)
  }

  func summary(savedTo path: String?) -> String {
    var lines = [
      "\(report.model), \(report.samples) samples × \(report.features) features\(classNote(report.classes, report.model))"
    ]
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
        if let rows = report.classProbabilities {
          lines.append("  \(report.labels?[i] ?? ""): probability \(Format.number(rows[i].max()))")
          continue
        }
        let probability =
          report.probabilities.map { ", probability \(Format.number($0[i]))" }
          ?? report.means.map { ", mean \(Format.number($0[i]))" } ?? ""
        lines.append(
          "  \(report.labels.map { $0[i] + ": score " } ?? "")\(Format.number(report.scores?[i]))\(probability)")
      }
    }
    return lines.joined(separator: "\n")
  }
}
