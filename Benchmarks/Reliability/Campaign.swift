import RandomStreams

/// Random problems by number: each ends in a record.
public struct Campaign: Sendable {
  public var seed: UInt64
  /// Only this strategy's problems are run.
  public var only: Strategy?

  public init(seed: UInt64, only: Strategy? = nil) {
    self.seed = seed
    self.only = only
  }

  /// Runs problem number `index`; nil where it is another strategy's. A trap in the package ends the process.
  public func run(_ index: Int) -> Record? {
    guard only == nil || only == Generator.strategy(seed: seed, index: index) else { return nil }
    let (problem, solution, plan) = Generator.draw(seed: seed, index: index)
    let observation = Runner.observe(problem, plan)
    let judge = Judge(problem, solution, plan, observation)
    let (verdict, detail) = judge.verdict()
    return Record(
      index: index, strategy: plan.strategy, verdict: verdict, outcome: Self.name(observation.outcome),
      isBenign: judge.isBenign, problem: Self.summary(problem, plan), detail: detail)
  }

  /// What problem number `index` is, without running it: for a run that ended the process.
  public func describe(_ index: Int) -> (strategy: Strategy, problem: String) {
    let (problem, _, plan) = Generator.draw(seed: seed, index: index)
    return (plan.strategy, Self.summary(problem, plan))
  }

  /// The data of problem number `index` at unit scale and what the package answers, in full.
  public func figures(_ index: Int) -> String {
    let (problem, solution, plan) = Generator.draw(seed: seed, index: index)
    let observation = Runner.observe(problem, plan)
    let judge = Judge(problem, solution, plan, observation)
    var text = "\(problem)\n\(plan)\nsolution \(solution.map { $0.map(\.value) } ?? [])\n\(observation)"
    if let L = judge.system() {
      text +=
        "\nsupport \(L.support), ‖K⁻¹‖ \(short(L.system.inverseNorm)), ‖K‖ \(short(L.systemScale)), s \(short(L.step)), "
      text += "kink at \(short(L.kinkMargin)), rounding there \(short(L.kinkRounding))"
    }
    for (j, column) in judge.expectation().columns.enumerated() {
      text += "\nexpected \(j): \(column.map { DoubleDouble.scale($0.truth, by: $0.exponent) })"
      text += "\nallowed \(j): \(column.map { DoubleDouble.scale($0.allowance, by: $0.exponent) })"
    }
    return text
  }

  /// The outcome without its figures.
  private static func name(_ outcome: String) -> String { String(outcome.prefix { $0 != "(" }) }

  static func summary(_ problem: Problem, _ plan: Plan) -> String {
    var parts = [problem.isSinglePrecision ? "Float" : "Double"]
    switch problem.family {
    case .penalized(let data):
      parts.append(data.isLogistic ? "logistic" : "squared")
      parts.append("\(data.n)×\(data.p)\(problem.isSparse ? " sparse" : "")")
      if data.groups != nil { parts.append("\(data.groupCount) groups") }
    case .general(let data): parts.append("\(data.bend) \(data.p)")
    }
    parts.append("\(plan.quantity)")
    switch plan.stopping {
    case .automatic: break
    case .tolerance(let t): parts.append("τ \(short(t))")
    case .iterations(let k): parts.append("k \(k)")
    }
    parts += problem.difficulties
    return parts.joined(separator: ", ")
  }
}
