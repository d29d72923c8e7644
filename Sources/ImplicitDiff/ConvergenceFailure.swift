public import LinAlg

/// A number was asked for by `get()` that the computation did not reach: what ran, how it ended, how far it came and what to try next. The one error of
/// every result that carries an outcome.
public struct ConvergenceFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// For example `aid-cg`, `working-sets`.
  public var method: String
  /// How it ended, with its numbers in double precision; nil where it did not begin, or where what ended well is of no use.
  public var outcome: Outcome<Double>?
  public var iterations: Int
  /// What was left at the end, in the measure of the method's report; nil where it was not measured.
  public var residual: Double?
  /// What happened and what to try next.
  public var advice: String

  /// That a computation with this outcome was not enough.
  public init<Element: Scalar>(method: String, outcome: Outcome<Element>, iterations: Int, residual: Element?) {
    self.method = method
    self.outcome = Outcome(converting: outcome)
    self.iterations = iterations
    self.residual = residual.map { Double($0) }
    advice = outcome.advice
  }

  /// Another reason, said by the advice.
  public init(method: String, iterations: Int, residual: Double?, advice: String) {
    self.method = method
    self.iterations = iterations
    self.residual = residual
    self.advice = advice
  }

  public var description: String {
    let left = residual.map { "residual \($0)" } ?? "residual not measured"
    return "\(method) did not reach the accuracy asked for in \(iterations) iterations (\(left)). \(advice)"
  }
}
