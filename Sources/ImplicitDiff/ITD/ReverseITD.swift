public import LinAlg

/// What ``ReverseITD`` remembers of its t iterates.
public enum IterateMemory: Sendable, Equatable {
  /// Every iterate: t vectors.
  case all
  /// √t checkpoints and a segment of √t iterates recomputed from each: 2√t vectors, one more evaluation per iteration.
  case checkpoints
}

/// Iterative differentiation, reverse: the cotangent is pulled back through the iterations `w_{s+1} = Φ(w_s, λ)` that start at the
/// problem's state, `g += A2(w_s)ᵀ α; α ← A1(w_s)ᵀ α` from the last iterate back, with the iterates kept or recomputed from checkpoints.
///
/// It has adjoints alone; ``ForwardITD`` differentiates the same iterations by tangents.
///
/// Source: Grazzi, Pontil, Salzo, arXiv:2403.11687, section 3.
public struct ReverseITD<Map: FixedPointMap>: AdjointStrategy {
  public typealias Element = Map.Element

  public var memory: IterateMemory
  /// Where given, the pull-back goes through the last so many iterations only.
  public var truncation: Int?
  /// How many iterations are differentiated: as many as it takes for the derivative to settle to the tolerance, at most 1,000,000 by
  /// default, or exactly so many.
  public var stopping: Stopping<Element>

  public init(
    _ memory: IterateMemory = .checkpoints, truncatedTo truncation: Int? = nil, stopping: Stopping<Element>? = nil
  ) {
    self.memory = memory
    self.truncation = truncation
    self.stopping = stopping ?? .tolerance(AID<Map>.defaultTolerance)
  }

  public var name: String { "itd-reverse" }

  public func makeWorkspace(for map: Map) -> ITDWorkspace<Map> { ITDWorkspace(map) }

  public func vjp(
    _ problem: FixedPointProblem<Map>, into result: inout Vector<Element>, workspace: ITDWorkspace<Map>,
    cotangent: Cotangent<Element>
  ) throws(DifferentiationError) -> DerivativeReport<Element> {
    let clock = ContinuousClock.now
    try stopping.check()
    if let truncation, truncation < 0 {
      throw .invalidArgument("the number of iterations pulled back through cannot be negative and is \(truncation)")
    }
    if let refusal = Outcome(refusing: problem) {
      result.fill(.nan)
      return DerivativeReport(outcome: refusal, method: name)
    }
    workspace.adopt(problem.map)
    var report = pullBack(problem, into: &result, workspace, cotangent)
    if report.outcome.isUsable && result.firstNonFinite != nil { report.outcome = .notFinite() }
    report.seconds = clock.secondsSince()
    return report
  }
}
