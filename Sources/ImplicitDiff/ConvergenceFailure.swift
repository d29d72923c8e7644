/// A number was asked for by `get()` that the computation did not reach: what ran, how far it came and what to try next. The one error of every
/// result that carries an outcome.
public struct ConvergenceFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// For example `aid-cg`, `working-sets`.
  public var method: String
  public var iterations: Int
  /// What was left at the end, in the measure of the method's report; nil where it was not measured.
  public var residual: Double?
  /// What happened and what to try next.
  public var advice: String

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
