public import ImplicitDiff
public import LinAlg

/// A number to be made small by the choice of hyperparameters λ: the loss on held-out rows, its mean over folds, an estimate of risk.
///
/// It is evaluated at many λ one after the other, each solve begun from the last solution; ``warmStart`` is that memory, so that a search that was
/// interrupted goes on with the same numbers. λ and what is said of it are doubles, whatever the precision of the data.
public protocol Criterion: AnyObject {
  /// m, the number of hyperparameters.
  var parameterCount: Int { get }

  /// The value at λ (m entries), its gradient and what is known of them.
  ///
  /// - Parameter bounding: whether a bound on the gradient's error is wanted, which may cost as much again as the gradient.
  func evaluate(at λ: Vector<Double>, bounding: Bool) -> CriterionValue

  /// What the next evaluation begins from, one entry per inner problem. Assigning what was read here makes the next evaluation that which would
  /// have followed.
  var warmStart: [WarmStart] { get set }
}

/// What an inner problem remembers from its last solve.
public struct WarmStart: Sendable, Equatable {
  /// The last solution; nil where there was none yet.
  public var state: Vector<Double>?
  /// Products that are kept: see `ImplicitDiff.KeepsProducts`.
  public var keptColumns: [[Int]]
  /// Products that are kept for all inner problems together: those of the first one.
  public var sharedColumns: [[Int]]

  public init(state: Vector<Double>? = nil, keptColumns: [[Int]] = [], sharedColumns: [[Int]] = []) {
    self.state = state
    self.keptColumns = keptColumns
    self.sharedColumns = sharedColumns
  }
}

/// A criterion at a λ.
public struct CriterionValue: Sendable {
  /// The value; NaN where ``failure`` says why there is none.
  public var value: Double
  /// The gradient with respect to λ, m entries; NaN where there is none.
  public var gradient: Vector<Double>
  /// A bound on the gradient's error in the Euclidean norm; nil where none was asked for or none is proven.
  public var gradientErrorBound: Double?
  /// How many unknowns are not zero, over all inner problems. 0: nothing is selected, and the gradient with respect to the strengths vanishes.
  public var selected: Int
  /// Why there is no value or no gradient; nil where both can be used.
  public var failure: ConvergenceFailure?

  public init(
    value: Double, gradient: Vector<Double>, gradientErrorBound: Double? = nil, selected: Int,
    failure: ConvergenceFailure? = nil
  ) {
    self.value = value
    self.gradient = gradient
    self.gradientErrorBound = gradientErrorBound
    self.selected = selected
    self.failure = failure
  }

  /// Nothing was found.
  static func failed(_ failure: ConvergenceFailure, parameters m: Int) -> CriterionValue {
    CriterionValue(value: .nan, gradient: Vector(repeating: .nan, count: m), selected: 0, failure: failure)
  }
}
