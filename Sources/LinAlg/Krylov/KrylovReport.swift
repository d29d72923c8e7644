/// What an iterative solve did.
public struct KrylovReport<Element: Scalar>: Sendable {
  /// ``Outcome/converged`` where the true residual meets the tolerance, or is down to rounding.
  ///
  /// Rounding means ‖b − A x‖ ≤ ulp (‖A‖ ‖x‖ + ‖b‖): by Rigal and Gaches (1967) x then solves a system whose data
  /// differ from A and b by one ulp in norm, so no number in this precision says that another x is better. ‖A‖ is
  /// taken from the products seen, which never overstate it. The allowance ends at √ulp ‖b‖: beyond, x is so large that
  /// the system counts as singular, and the outcome says ``Outcome/stagnated``.
  public var outcome: Outcome<Element>
  /// Steps of the method's recurrence, over all its cycles.
  public var iterations: Int
  /// Products with A, those for true residuals included.
  public var products: Int
  /// ‖b − A x‖ for the x returned, computed from x and not by a recurrence.
  public var residualNorm: Element
  /// ‖b‖.
  public var rightHandSideNorm: Element
  /// The method's estimate of ‖b − A x‖ after each step; empty unless asked for.
  public var history: [Element]

  public init(
    outcome: Outcome<Element>, iterations: Int, products: Int, residualNorm: Element, rightHandSideNorm: Element,
    history: [Element] = []
  ) {
    self.outcome = outcome
    self.iterations = iterations
    self.products = products
    self.residualNorm = residualNorm
    self.rightHandSideNorm = rightHandSideNorm
    self.history = history
  }
}
