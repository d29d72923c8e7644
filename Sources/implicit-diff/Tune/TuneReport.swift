import Bilevel
import CommandSupport

/// What `implicit-diff tune` reports. The JSON keys are stable.
struct TuneReport: Encodable {
  struct Seconds: Encodable {
    var reading: Double
    /// All evaluations, those of earlier runs of a resumed search included.
    var tuning: Double
    /// Since the program started.
    var total: Double
  }

  struct Stop: Encodable {
    var reason: String
    var explanation: String
    var converged: Bool
  }

  let version = 1
  var model: String
  var penalty: String
  var criterion: String
  var folds: Int?
  var optimizer: String
  var samples: Int
  var features: Int
  /// What the targets are called.
  var target: String?
  /// Of a classifier: the classes in their order.
  var classes: [String]?
  /// What the hyperparameters are called, in the order of the records' parameters.
  var names: [String]
  /// The evaluation of the smallest value.
  var best: TuningRecord?
  var stop: Stop
  var steps: Int
  var evaluations: Int
  /// Hyperparameters that ended on a bound of the search.
  var atBounds: [String]
  var trace: [TuningRecord]
  var seconds: Seconds

  enum CodingKeys: String, CodingKey {
    case version, model, penalty, criterion, folds, optimizer, samples, features, target, classes, names, best, stop,
      steps, evaluations
    case trace, seconds
    case atBounds = "at_bounds"
  }

  init(_ problem: TuneProblem, _ result: TuningResult, _ seconds: Seconds) {
    let settings = problem.settings
    model = settings.model.rawValue
    penalty = settings.penalty.rawValue
    criterion = settings.criterion.rawValue
    folds = settings.folds
    optimizer = settings.optimizer.rawValue
    samples = problem.data.targets.count
    features = problem.data.features.columns
    target = problem.data.targetName
    classes = problem.data.classes?.names
    names = problem.space.names
    best = result.best
    stop = Stop(reason: result.stop.name, explanation: result.stop.explanation, converged: result.stop.isConverged)
    steps = result.steps
    evaluations = result.log.records.count
    atBounds = result.atBounds
    trace = result.log.records
    self.seconds = seconds
  }

  var summary: String {
    let what =
      switch criterion {
      case "cv": "mean over \(folds ?? 0) folds"
      case "sure": "estimate of the risk"
      case "aic", "bic", "ebic": "\(criterion.uppercased())"
      default: "validation loss"
      }
    guard let best else { return "\(model), \(penalty): nothing was found. \(stop.explanation)" }
    let strengths: String
    if names.count <= 8 {
      strengths = zip(names, best.parameters).map { "\($0) \($1)" }.joined(separator: ", ")
    } else {
      let sorted = best.parameters.sorted()
      strengths =
        "\(names.count) strengths from \(Format.number(sorted.first)) to \(Format.number(sorted.last)) (all of them with --json)"
    }
    let error = best.gradientErrorBound.map { "error at most \(Format.error($0))" } ?? "no error bound"
    let failures = trace.compactMap(\.failure)
    let failed =
      failures.last.map {
        "\n\(failures.count) of \(evaluations) evaluations failed, so lower values may lie there. The last: \($0)"
      }
      ?? ""
    let isSupportVector = TuneModel(rawValue: model)?.isSupportVector ?? false
    let isStaircase = TuneCriterion(rawValue: criterion)?.charge != nil
    let gradient =
      isStaircase
      ? "chosen among the points evaluated: degrees of freedom jump, and there is no gradient"
      : "gradient by \(isSupportVector ? "logarithms" : "log strength") \(Format.error(best.gradientNorm)), \(error)"
    return """
      \(model), \(penalty), \(samples) samples × \(features) features\(classNote(classes, model))
      \(strengths)
      \(what) \(best.value.map { "\($0)" } ?? "–"); \(best.selected) \(isSupportVector ? "support vectors" : "coefficients that are not zero")\(criterion == "cv" || criterion == "sure" ? ", over all solves" : "")
      \(gradient)
      \(optimizer): \(steps) steps, \(evaluations) evaluations, \(Format.number(seconds.tuning)) s; \(stop.explanation)\(failed)\
      \(atBounds.isEmpty ? "" : "\non a bound of the search, the best may lie beyond: \(atBounds.prefix(8).joined(separator: "; "))")
      seconds: reading \(Format.number(seconds.reading)), \(Format.number(seconds.total)) in all
      """
  }
}
