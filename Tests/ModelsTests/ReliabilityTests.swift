import Reliability
import Testing

/// A few hundred of the random problems of docs/Reliability.md: each ends in the right answer or in an outcome that is not
/// usable. `implicit-diff-bench reliability` runs ten thousand, in processes of their own.
@Suite struct ReliabilityTests {
  /// What is known to fail: a strategy's name, or nil for all, and words of the problem's description. An entry goes with the
  /// defect that it stands for.
  static let known: [(strategy: Strategy?, words: String)] = [
    // Products and quotients of the data leave the range: s w in A2's ridge column, for one.
    (nil, "extreme scales"),
    // Krylov solvers of the full system say `converged` after a given number of iterations by the rounding of the whole.
    (.aidGMRES, "large cotangent off the support"), (.aidBiCGSTAB, "large cotangent off the support"),
    // Residuals are measured by ‖w‖ or by the first step, however far the start is.
    (.andersonSolver, "far start"), (.fixedPointSolver, "far start"), (.itdForward, "far start"),
    // Strengths that are not positive end the process; targets that are not finite count as converged.
    (.workingSetSolver, "in strengths"), (.workingSetSolver, "in targets"),
    // Divergence, and data that are not finite, end as `fixedIterations`; tolerances are relative to max(1, ‖w‖).
    (.nsid, ""), (.sid, ""), (.varianceReducedNSID, ""), (.stochasticSolver, ""),
  ]

  private static func isKnown(_ strategy: Strategy, _ problem: String) -> Bool {
    known.contains { ($0.strategy ?? strategy) == strategy && ($0.words.isEmpty || problem.contains($0.words)) }
  }

  @Test(arguments: Strategy.allCases)
  func endsInTheRightAnswerOrARefusal(strategy: Strategy) {
    let campaign = Campaign(seed: 1, only: strategy)
    var benign = 0
    var answered = 0
    for index in 0..<400 {
      // What is known to end the process cannot be run here.
      let (drawn, problem) = campaign.describe(index)
      guard drawn == strategy, !Self.isKnown(strategy, problem), let record = campaign.run(index) else { continue }
      #expect(
        !record.verdict.isFailure,
        "reliability --seed 1 --index \(index): \(record.verdict), \(record.problem): \(record.detail)")
      if record.isBenign {
        benign += 1
        if record.verdict != .refused { answered += 1 }
      }
    }
    // Refusing what is benign would be a way to be never wrong: rare ones are counted and listed by the campaign.
    #expect(10 * answered >= 9 * benign, "\(strategy.rawValue): \(answered) of \(benign) benign problems were answered")
  }

  /// The problems do not depend on how a run is split.
  @Test func drawsByNumber() {
    let campaign = Campaign(seed: 7)
    let first = (0..<20).map { campaign.describe($0).problem }
    #expect((0..<20).reversed().map { campaign.describe($0).problem } == first.reversed())
    #expect(Set(first).count > 15)
  }
}
