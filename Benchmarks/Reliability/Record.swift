/// How one run ended.
public enum Verdict: String, CaseIterable, Sendable, Codable {
  /// The answer agrees with the truth.
  case right
  /// The answer is finite and nothing more can be said: the allowance exceeds the answer, the truth is unknown or not unique, the
  /// state is at a kink, or a number of iterations was asked for and no accuracy.
  case unjudged
  /// The outcome is not usable: the honest way to have no answer.
  case refused
  /// The outcome is usable and the number is not right.
  case wrong
  /// The error bound is below the true error.
  case boundTooLow
  /// The error bound is a NaN or an infinity where it should be absent.
  case boundNotFinite
  /// A precondition or a signal ended the process.
  case crashed
  /// No answer within the time limit.
  case hung

  public var isFailure: Bool {
    switch self {
    case .right, .unjudged, .refused: false
    case .wrong, .boundTooLow, .boundNotFinite, .crashed, .hung: true
    }
  }
}

/// One run: what was asked, how it ended.
public struct Record: Sendable, Codable {
  public var index: Int
  public var strategy: Strategy
  public var verdict: Verdict
  /// The package's outcome without its figures.
  public var outcome: String
  /// A well-conditioned, contracting, finite problem of moderate scale: there should be an answer.
  public var isBenign: Bool
  /// What was asked, in a few words.
  public var problem: String
  /// The figures of the verdict.
  public var detail: String

  public init(
    index: Int, strategy: Strategy, verdict: Verdict, outcome: String, isBenign: Bool, problem: String, detail: String
  ) {
    self.index = index
    self.strategy = strategy
    self.verdict = verdict
    self.outcome = outcome
    self.isBenign = isBenign
    self.problem = problem
    self.detail = detail
  }
}
