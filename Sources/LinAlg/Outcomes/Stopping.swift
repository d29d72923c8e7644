/// When an iteration stops.
public enum Stopping<Element: Scalar>: Sendable, Equatable {
  /// At this accuracy, relative to the size of what is computed (each method says by which measure), or at the limit; nil stands for the
  /// method's own.
  case tolerance(_ relative: Element, limit: Int? = nil)
  /// After exactly this many iterations, as the paper's experiments run them: the accuracy is not looked at.
  case iterations(Int)
}

extension Stopping {
  /// The accuracy asked for; nil where a number of iterations was given.
  public var relativeTolerance: Element? {
    if case .tolerance(let relative, _) = self { relative } else { nil }
  }

  /// The most iterations that are done; nil where the method's own limit applies.
  public var iterationLimit: Int? {
    switch self {
    case .tolerance(_, let limit): limit
    case .iterations(let count): count
    }
  }

  /// Whether a number of iterations was given, and no accuracy.
  public var isGivenLength: Bool { relativeTolerance == nil }

  /// What is wrong with it, or nil.
  package var complaint: String? {
    switch self {
    case .iterations(let k) where k < 0: "the number of iterations cannot be negative and is \(k)"
    case .tolerance(let t, _) where !(t >= 0): "the tolerance must be at least 0 and is \(t)"
    case .tolerance(_, let limit?) where limit < 0: "the iteration limit cannot be negative and is \(limit)"
    default: nil
    }
  }
}
