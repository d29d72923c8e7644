internal import RealModule

/// When an iterative solver stops.
///
/// The residual of x is b − A x, and x is accepted where ‖b − A x‖ ≤ max(τ ‖b‖, `absoluteTolerance`) for a ``stopping`` of `.tolerance(τ)`.
public struct KrylovOptions<Element: Scalar>: Sendable {
  /// The accepted ‖b − A x‖ / ‖b‖ with the number of iterations of the recurrence after which the solver gives up (nil stands for
  /// max(100, 10 n)), or a run of a given length.
  ///
  /// An iteration of ``BiCGSTAB`` costs two products with A, one of the others one; restarts and warm starts add products
  /// for true residuals, which are no iterations.
  ///
  /// Of a run of a given length the error is looked at and not the residual: a residual that does not fall for long is no
  /// reason to stop, and the last iterate is returned even where the first guess had the smaller residual (that of conjugate gradients
  /// may rise on the way). Exactly so many iterations are done, whatever the method, its restart length and the first guess, and
  /// the outcome is ``Outcome/fixedIterations``. Three things end the run before, and the outcome says which: the true residual is
  /// within `absoluteTolerance` or down to rounding (``Outcome/converged``), the Krylov space holds nothing that lowers it
  /// (``Outcome/stagnated``), or the recurrence cannot go on (breakdown, an indefinite operator, a number that is not finite).
  public var stopping: Stopping<Element>
  /// The accepted ‖b − A x‖, whatever b.
  public var absoluteTolerance: Element
  /// Whether ``KrylovReport/history`` is filled (it allocates).
  public var recordsHistory: Bool

  /// ulp^(2/3): 4·10⁻¹¹ in double, 2·10⁻⁵ in single precision.
  ///
  /// Rounding keeps the residual at about ulp · ‖A‖‖x‖, which is up to ulp · cond(A) ‖b‖: two thirds of the digits are
  /// within reach for condition numbers up to ulp^(−1/3) (2·10⁵ and 200) at least, and for most right-hand sides far
  /// beyond.
  public static var defaultTolerance: Element { Element.pow(.ulpOfOne, Element(2) / 3) }

  public init(
    stopping: Stopping<Element> = .tolerance(Self.defaultTolerance), absoluteTolerance: Element = 0,
    recordsHistory: Bool = false
  ) {
    self.stopping = stopping
    self.absoluteTolerance = absoluteTolerance
    self.recordsHistory = recordsHistory
  }
}
