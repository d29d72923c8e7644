import CommandSupport
import Datasets
import Foundation
import LinAlg

/// A fitted model on disk: `model.json` with its `coefficients.npy`, in the units of the data.
struct TunedModel: Codable {
  static var currentVersion: Int { 1 }
  static var currentFormat: String { "implicit-diff model" }

  var format = Self.currentFormat
  var version = Self.currentVersion
  var model: TuneModel
  var penalty: TunePenalty
  /// The hyperparameters by name.
  var parameters: [String: Double]
  /// The criterion at them.
  var value: Double?
  var intercept: Double
  var features: Int
  /// What the columns are called; nil where they have no names.
  var featureNames: [String]?
  /// What the targets are called.
  var target: String?
  /// Of a classifier: what −1 and 1 stand for.
  var classes: [String]?
  /// Of a model with offsets: the column or the file they were taken from.
  var offsets: String?
  /// The coefficients that are not zero, by column.
  var selected: [String: Double]
  /// p entries; not in the JSON.
  var coefficients = Vector<Double>.zeros(0)

  enum CodingKeys: String, CodingKey {
    case format, version, model, penalty, parameters, value, intercept, features, selected, target, classes, offsets
    case featureNames = "feature_names"
  }

  /// nil where the model could not be fitted at the hyperparameters found.
  init(
    _ problem: TuneProblem, _ report: TuneReport, _ fit: (coefficients: Vector<Double>, intercept: Double)?
  ) throws(DatasetError) {
    guard let fit, let best = report.best else {
      throw .invalid(path: "the fitted model", reason: "could not be solved for at the strengths found")
    }
    model = problem.settings.model
    penalty = problem.settings.penalty
    parameters = Dictionary(uniqueKeysWithValues: zip(report.names, best.parameters))
    value = best.value
    intercept = fit.intercept
    features = report.features
    featureNames = problem.data.names
    target = problem.data.targetName
    classes = problem.data.classes?.names
    offsets = problem.offsets
    coefficients = fit.coefficients
    selected = [:]
    for j in fit.coefficients.indices where fit.coefficients[j] != 0 {
      selected[problem.data.name(of: j)] = fit.coefficients[j]
    }
  }

  /// The coefficients first: a model that is there is whole.
  func write(to directory: String) throws(DatasetError) {
    try NPY.write(coefficients, to: directory + "/coefficients.npy")
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write((try? encoder.encode(self)) ?? Data(), to: directory + "/model.json")
  }
}
