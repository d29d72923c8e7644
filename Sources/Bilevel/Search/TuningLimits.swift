/// When a search ends.
public struct TuningLimits: Sendable, Equatable {
  /// At a projected gradient (in logarithms) of at most this fraction of the first one.
  public var gradientReduction: Double
  /// Where ten steps together lower the value by at most ten times this fraction of it, or two steps by at most a thousandth of it each. With one hyperparameter also
  /// where it is bracketed and the tangents at both ends say that less than a tenth of this fraction is left to gain. With many
  /// hyperparameters a minimum lies on kinks, where the gradient does not vanish.
  public var valueChange: Double
  /// Evaluations of the criterion, those read from a log included.
  public var evaluations: Int
  /// Wall-clock seconds of this run; nil for no limit.
  public var seconds: Double?

  /// - Precondition: tolerances at least 0, at least one evaluation.
  public init(
    gradientReduction: Double = 1e-5, valueChange: Double = 1e-6, evaluations: Int = 200, seconds: Double? = nil
  ) {
    precondition(
      gradientReduction >= 0 && valueChange >= 0 && evaluations >= 1 && seconds.map { $0 >= 0 } ?? true,
      "TuningLimits: \(gradientReduction), \(valueChange), \(evaluations) evaluations, \(seconds as Double?) s")
    self.gradientReduction = gradientReduction
    self.valueChange = valueChange
    self.evaluations = evaluations
    self.seconds = seconds
  }
}

/// Why a search ended.
public enum TuningStop: Error, Sendable, Equatable {
  /// The projected gradient is small beside the first one.
  case gradient
  /// The value has settled.
  case value
  /// No shorter step lowers the value: a kink's minimum, or the rounding of the value.
  case noDescent
  /// All points of a grid or all draws were evaluated.
  case exhausted
  case evaluations
  case seconds
  /// The caller asked for it.
  case cancelled
  /// The criterion could not be evaluated where the search began, nor nearer to the data.
  case failed(String)

  /// One sentence for people.
  public var explanation: String {
    switch self {
    case .gradient: "The gradient is small beside the first one."
    case .value: "The value no longer changes."
    case .noDescent: "No shorter step lowers the value: a minimum at a kink, or to rounding."
    case .exhausted: "All points were evaluated."
    case .evaluations: "The limit on evaluations was reached."
    case .seconds: "The time was up."
    case .cancelled: "It was interrupted."
    case .failed(let reason): "The criterion could not be evaluated: \(reason)"
    }
  }

  /// A word for reports.
  public var name: String {
    switch self {
    case .gradient: "gradient"
    case .value: "value"
    case .noDescent: "no-descent"
    case .exhausted: "exhausted"
    case .evaluations: "evaluations"
    case .seconds: "seconds"
    case .cancelled: "cancelled"
    case .failed: "failed"
    }
  }

  /// Whether the search ended by itself rather than by a limit or a failure.
  public var isConverged: Bool {
    switch self {
    case .gradient, .value, .noDescent, .exhausted: true
    case .evaluations, .seconds, .cancelled, .failed: false
    }
  }
}
