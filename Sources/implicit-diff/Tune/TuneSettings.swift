import ArgumentParser
import Bilevel
import Datasets
import LinAlg

/// The loss of the fitted model and of the held-out rows.
enum TuneModel: String, CaseIterable, Codable, ExpressibleByArgument {
  case leastSquares = "least-squares"
  case logistic
  case huber
  case squaredHinge = "squared-hinge"
  case poisson
  case multinomial
  case svm
  case svr

  /// How the classes of a classifier are numbered; nil for other models.
  var coding: ClassLabels.Coding? {
    switch self {
    case .logistic, .squaredHinge, .svm: .signs
    case .multinomial: .indices
    case .leastSquares, .huber, .poisson, .svr: nil
    }
  }

  /// Whether targets are classes.
  var isClassifier: Bool { coding != nil }

  /// Whether it is a support vector machine, whose hyperparameters are C and ε.
  var isSupportVector: Bool { self == .svm || self == .svr }

  /// Whether it is one of the losses of a single score, which rows weigh and offset.
  var isOfOneScore: Bool { self != .multinomial && !isSupportVector }

  /// Whether the loss is a likelihood's.
  var hasLikelihood: Bool { self == .leastSquares || self == .logistic || self == .poisson }

  /// Whether the loss is that of counts, which are at least 0.
  var isOfCounts: Bool { self == .poisson }

  /// - Throws: ``DatasetError`` that names the first target that the loss does not allow.
  func check(_ targets: Vector<Double>, _ part: String, _ path: String) throws(DatasetError) {
    guard isOfCounts else { return }
    if let bad = targets.indices.first(where: { targets[$0] < 0 }) {
      throw .invalid(path: path, reason: "\(part) target \(bad) is \(targets[bad]); expected counts of at least 0")
    }
    if part == "training", targets.maxNorm == 0 {
      throw .invalid(path: path, reason: "all training targets are 0; expected some count above 0")
    }
  }
}

enum TunePenalty: String, CaseIterable, Codable, ExpressibleByArgument {
  case lasso
  case elasticNet = "elastic-net"
  case groupLasso = "group-lasso"
  case sparseGroupLasso = "sparse-group-lasso"
  case nonnegativeLasso = "nonnegative-lasso"
  case slope
  /// ½ ‖w‖², of support vector machines.
  case ridge

  /// Whether features can share strengths, or have their own.
  var hasStrengthsOfFeatures: Bool { self == .lasso || self == .elasticNet }
}

enum TuneCriterion: String, CaseIterable, Codable, ExpressibleByArgument {
  case heldout
  case cv
  case sure
  case aic
  case bic
  case ebic

  /// What a degree of freedom costs; nil for criteria that do not count them.
  var charge: InformationCharge? {
    switch self {
    case .aic: .akaike
    case .bic: .bayes
    case .ebic: .extendedBayes
    case .heldout, .cv, .sure: nil
    }
  }
}

enum TuneOptimizer: String, CaseIterable, Codable, ExpressibleByArgument {
  case lbfgs
  case newton
  case descent
  case adam
  case grid
  case random
}

/// What decides the numbers of a search: a checkpoint goes on only with the same.
struct TuneSettings: Codable, Equatable {
  var model: TuneModel
  var penalty: TunePenalty
  var criterion: TuneCriterion
  var folds: Int?
  var repeats: Int?
  var seed: UInt64
  var noise: Double?
  var features: Int
  /// Of a model that has coefficients for each.
  var classes: Int?
  /// The rows that each inner problem is fitted to, where they are its unknowns, as in the dual of a support vector machine.
  var fittedRows: [Int]?
  var strengths: Int
  var optimizer: TuneOptimizer
  var points: Int
  var starts: Int
  var ratio: Double
  var tolerance: Double
  var intercept: Bool
  var standardize: Bool
  /// A checksum of the data and of the groups.
  var data: UInt32

  /// The entries of an inner solution: a coefficient per feature and, where the model fits it, the intercept, for every class. Centring fits the one of a
  /// nonnegative lasso.
  private var unknowns: Int { (features + (intercept && penalty != .nonnegativeLasso ? 1 : 0)) * (classes ?? 1) }

  /// Whether a warm start can be that of inner problem k.
  func isSound(_ start: TuningLog.SparseState, of k: Int) -> Bool {
    start.isSound(unknowns: fittedRows?[k] ?? unknowns)
  }

  /// How many inner problems an evaluation solves.
  var solves: Int {
    switch criterion {
    case .heldout, .aic, .bic, .ebic: 1
    case .cv: (folds ?? 1) * (repeats ?? 1)
    case .sure: 2 * (repeats ?? 1)
    }
  }

  /// What differs in another one, in words; nil where nothing does.
  func difference(from other: TuneSettings) -> String? {
    let fields: [(name: String, here: String, there: String)] = [
      ("the model", model.rawValue, other.model.rawValue),
      ("the penalty", penalty.rawValue, other.penalty.rawValue),
      ("the criterion", criterion.rawValue, other.criterion.rawValue),
      ("the number of folds", "\(folds ?? 0)", "\(other.folds ?? 0)"),
      ("the number of repeats", "\(repeats ?? 0)", "\(other.repeats ?? 0)"),
      ("the noise", "\(noise ?? 0)", "\(other.noise ?? 0)"),
      ("the seed", "\(seed)", "\(other.seed)"),
      ("the number of features", "\(features)", "\(other.features)"),
      ("the number of classes", "\(classes ?? 0)", "\(other.classes ?? 0)"),
      ("the number of strengths", "\(strengths)", "\(other.strengths)"),
      ("the optimizer", optimizer.rawValue, other.optimizer.rawValue),
      ("the number of starts", "\(starts)", "\(other.starts)"),
      ("the number of points", "\(points)", "\(other.points)"),
      ("the ratio", "\(ratio)", "\(other.ratio)"),
      ("the tolerance", "\(tolerance)", "\(other.tolerance)"),
      ("the intercept", "\(intercept)", "\(other.intercept)"),
      ("standardization", "\(standardize)", "\(other.standardize)"),
    ]
    if let field = fields.first(where: { $0.here != $0.there }) {
      return "\(field.name) is \(field.there), here \(field.here)"
    }
    return data == other.data ? nil : "the data are others"
  }
}
