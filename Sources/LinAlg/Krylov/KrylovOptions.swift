internal import RealModule

/// When an iterative solver stops.
///
/// The residual of x is b − A x, and x is accepted where ‖b − A x‖ ≤ max(`relativeTolerance` ‖b‖, `absoluteTolerance`).
public struct KrylovOptions<Element: Scalar>: Sendable {
  /// The accepted ‖b − A x‖ / ‖b‖.
  public var relativeTolerance: Element
  /// The accepted ‖b − A x‖, whatever b.
  public var absoluteTolerance: Element
  /// The number of iterations of the recurrence after which the solver gives up; nil stands for max(100, 10 n).
  ///
  /// An iteration of ``BiCGSTAB`` costs two products with A, one of the others one; restarts and warm starts add products
  /// for true residuals, which are no iterations.
  public var iterationLimit: Int?
  /// Whether ``KrylovReport/history`` is filled (it allocates).
  public var recordsHistory: Bool
  /// Makes it a run of a given length, whose error is looked at and not its residual: a residual that does not fall for
  /// long is no reason to stop, and the iterate at the limit is returned even where the first guess had the smaller
  /// residual (that of conjugate gradients may rise on the way).
  ///
  /// With tolerances of 0 exactly `iterationLimit` iterations are done, whatever the method, its restart length and the
  /// first guess. Three things end the run before, and the outcome says which: the true residual is down to rounding
  /// (``SolveOutcome/converged``), the Krylov space holds nothing that lowers it (``SolveOutcome/stagnated``), or the
  /// recurrence cannot go on (breakdown, an indefinite operator, a number that is not finite).
  public var keepsLastIterate: Bool

  /// ulp^(2/3): 4·10⁻¹¹ in double, 2·10⁻⁵ in single precision.
  ///
  /// Rounding keeps the residual at about ulp · ‖A‖‖x‖, which is up to ulp · cond(A) ‖b‖: two thirds of the digits are
  /// within reach for condition numbers up to ulp^(−1/3) (2·10⁵ and 200) at least, and for most right-hand sides far
  /// beyond.
  public static var defaultRelativeTolerance: Element { Element.pow(.ulpOfOne, Element(2) / 3) }

  public init(
    relativeTolerance: Element = Self.defaultRelativeTolerance, absoluteTolerance: Element = 0,
    iterationLimit: Int? = nil, recordsHistory: Bool = false, keepsLastIterate: Bool = false
  ) {
    self.relativeTolerance = relativeTolerance
    self.absoluteTolerance = absoluteTolerance
    self.iterationLimit = iterationLimit
    self.recordsHistory = recordsHistory
    self.keepsLastIterate = keepsLastIterate
  }
}
