/// Random problems whose error bounds are held against the truth.
public struct BoundCampaign: Sendable {
  public var seed: UInt64
  /// Only this penalty's problems are run.
  public var only: PenaltyKind?

  public init(seed: UInt64, only: PenaltyKind? = nil) {
    self.seed = seed
    self.only = only
  }

  /// What one problem showed.
  public struct Record: Sendable, Codable {
    public var index: Int
    public var penalty: String
    public var problem: String
    /// ‖error‖ and its bound, at a common scale; nil without a bound or truth.
    public var state: Comparison?
    public var hypergradient: Comparison?
    public var isIdentified = false
    /// Why there is no bound on the hypergradient.
    public var reason: String?
    /// Whether the solution is unique and was found.
    public var hasTruth = true

    /// Whether a bound is below the true error.
    public var isWrong: Bool { [state, hypergradient].contains { $0.map { $0.isBelow } ?? false } }
  }

  public struct Comparison: Sendable, Codable {
    public var error: Double
    public var bound: Double
    /// What the truth itself may be off.
    public var uncertainty: Double
    /// What rounding makes an error of, amplified by the condition of the system.
    public var rounding: Double

    var isBelow: Bool { !(bound >= error - uncertainty) }
    /// Whether the error is more than rounding, and the truth good enough to tell.
    public var isJudged: Bool { error > 10 * rounding && uncertainty < 0.01 * error }
    public var ratio: Double { bound / error }
  }

  /// Runs problem number `index`; nil where it is another penalty's.
  public func run(_ index: Int) -> Record? {
    let problem = BoundProblem.draw(seed: seed, index: index)
    if let only, only != problem.kind { return nil }
    var record = Record(index: index, penalty: problem.kind.rawValue, problem: problem.summary)
    guard let truth = BoundTruth(problem) else {
      record.hasTruth = false
      return record
    }
    let seen =
      problem.isSinglePrecision
      ? BoundRun<Float>(problem: problem, truth: truth).observe()
      : BoundRun<Double>(problem: problem, truth: truth).observe()
    record.isIdentified = seen.isIdentified
    record.reason = seen.reason
    let ulp = problem.isSinglePrecision ? Double(Float.ulpOfOne) : .ulpOfOne
    if let bound = seen.stateBound {
      record.state = Self.compare(
        seen.state, truth.state, exponents: seen.state.map { _ in problem.stateExponent }, bound: bound,
        uncertainty: truth.stateError, rounding: ulp * truth.stateRounding)
    }
    if let bound = seen.hypergradientBound {
      // E scales by 2^(2b), of a logistic loss not at all.
      let e = problem.exponents.map { 2 * problem.scales.targets - $0 }
      record.hypergradient = Self.compare(
        seen.hypergradient, truth.hypergradient, exponents: e, bound: bound, uncertainty: truth.hypergradientError,
        rounding: ulp * truth.hypergradientRounding)
    }
    return record
  }

  /// In units of two to the largest exponent, so that nothing over- or underflows; `uncertainty` and `rounding` are at unit scale.
  private static func compare(
    _ seen: [Double], _ truth: [DoubleDouble], exponents: [Int], bound: Double, uncertainty: Double, rounding: Double
  ) -> Comparison {
    let top = exponents.max() ?? 0
    let errors = seen.indices.map { i in
      (DoubleDouble(DoubleDouble.scale(seen[i], by: -exponents[i])) - truth[i]).scaled(by: exponents[i] - top)
    }
    return Comparison(
      error: errors.norm, bound: min(DoubleDouble.scale(bound, by: -top), .greatestFiniteMagnitude),
      uncertainty: uncertainty, rounding: rounding)
  }
}
