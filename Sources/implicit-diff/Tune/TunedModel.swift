import Bilevel
import CommandSupport
import Datasets
import Foundation
import LinAlg

/// A fitted model on disk: `model.json` with its `coefficients.npy`, in the units of the data. A multinomial model has a row of coefficients for each class,
/// others one vector.
struct TunedModel: Codable {
  /// 2 has a row of coefficients for each class; models of one score are still written as 1.
  static var currentVersion: Int { 2 }
  static var currentFormat: String { "implicit-diff model" }

  var format = Self.currentFormat
  var version: Int
  var model: TuneModel
  var penalty: TunePenalty
  /// The hyperparameters by name.
  var parameters: [String: Double]
  /// The criterion at them.
  var value: Double?
  /// Of a model of one score.
  var intercept: Double?
  /// Of a multinomial model, by class.
  var intercepts: [String: Double]?
  var features: Int
  /// What the columns are called; nil where they have no names.
  var featureNames: [String]?
  /// What the targets are called.
  var target: String?
  /// Of a classifier: its classes in their order.
  var classes: [String]?
  /// Of a model with offsets: the column or the file they were taken from.
  var offsets: String?
  /// The coefficients that are not zero, by column.
  var selected: [String: Double]?
  /// The same of a multinomial model, by class and column.
  var selectedByClass: [String: [String: Double]]?
  /// Not in the JSON.
  var coefficients = ScoreCoefficients<Double>(rows: [.zeros(0)], intercepts: [0])

  enum CodingKeys: String, CodingKey {
    case format, version, model, penalty, parameters, value, intercept, intercepts, features, selected, target, classes,
      offsets
    case featureNames = "feature_names"
    case selectedByClass = "selected_by_class"
  }

  /// - Parameter fit: nil where the model could not be fitted at the hyperparameters found.
  init(_ problem: TuneProblem, _ report: TuneReport, _ fit: ScoreCoefficients<Double>?) throws(DatasetError) {
    guard let fit, let best = report.best else {
      throw .invalid(path: "the fitted model", reason: "could not be solved for at the strengths found")
    }
    model = problem.settings.model
    version = model == .multinomial ? 2 : 1
    penalty = problem.settings.penalty
    parameters = Dictionary(uniqueKeysWithValues: zip(report.names, best.parameters))
    value = best.value
    features = report.features
    featureNames = problem.data.names
    target = problem.data.targetName
    classes = problem.data.classes?.names
    offsets = problem.offsets
    coefficients = fit
    if let classes, model == .multinomial {
      intercepts = Dictionary(uniqueKeysWithValues: zip(classes, fit.intercepts))
      selectedByClass = Dictionary(uniqueKeysWithValues: zip(classes, fit.rows.map { nonzeros($0) }))
    } else {
      intercept = fit.intercepts[0]
      selected = nonzeros(fit.rows[0])
    }
  }

  /// Coefficients that are not zero, by column.
  func nonzeros(_ w: Vector<Double>) -> [String: Double] {
    var found: [String: Double] = [:]
    for j in w.indices where w[j] != 0 { found[featureNames?[j] ?? "feature \(j)"] = w[j] }
    return found
  }

  /// The coefficients first: a model that is there is whole.
  func write(to directory: String) throws(DatasetError) {
    let path = directory + "/coefficients.npy"
    let rows = coefficients.rows
    if model == .multinomial {
      try NPY.write(Matrix<Double>(rows: rows.count, columns: features) { rows[$0][$1] }, to: path)
    } else {
      try NPY.write(rows[0], to: path)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write((try? encoder.encode(self)) ?? Data(), to: directory + "/model.json")
  }
}
