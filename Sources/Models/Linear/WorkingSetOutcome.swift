public import NonsmoothMaps

/// How solving a penalized linear model ended.
public enum WorkingSetOutcome: Sendable, Equatable {
  /// The duality gap met the tolerance, or the optimality conditions hold to rounding.
  case converged
  /// The limit on passes over the data came first.
  case passLimit
  /// Passes no longer led anywhere while the optimality conditions were not met to rounding: numbers near the ends of the range, or a problem too
  /// ill-conditioned for the precision.
  case stalled
  /// A NaN or an infinity appeared, or strengths that vanish beside the targets.
  case notFinite
  /// A strength of the 1-norm is not positive or that of the ridge is negative: nothing was computed. Its index is that of the coordinate, p for the ridge.
  case outsideDomain(ParameterViolation)
}

extension WorkingSetOutcome {
  /// What happened and what to try next.
  public var advice: String {
    switch self {
    case .converged: "The accuracy asked for was reached."
    case .passLimit: "The limit on passes came first: raise it, or start from a better point."
    case .stalled: "Passes no longer led anywhere: scale the data, or solve in double precision."
    case .notFinite: "A NaN or an infinity appeared, or strengths vanish beside the targets: check the data."
    case .outsideDomain(let violation): "The parameters are outside the domain: \(violation)."
    }
  }
}
