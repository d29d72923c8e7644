import Reliability
import Testing

/// A few hundred of the random problems of docs/Reliability.md: each ends in the right answer or in an outcome that is not
/// usable. `implicit-diff-bench reliability` runs ten thousand, in processes of their own.
@Suite struct ReliabilityTests {
  @Test(arguments: Strategy.allCases)
  func endsInTheRightAnswerOrARefusal(strategy: Strategy) {
    let campaign = Campaign(seed: 1, only: strategy)
    var benign = 0
    var answered = 0
    for index in 0..<400 {
      guard campaign.describe(index).0 == strategy, let record = campaign.run(index) else { continue }
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
