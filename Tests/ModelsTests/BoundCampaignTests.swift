import Reliability
import Testing

/// Some of the random problems of `implicit-diff-bench bounds`, for every penalty, in Float and Double: no bound is below the true error, which is known
/// in twice the precision, so nothing is allowed for.
@Suite struct BoundCampaignTests {
  @Test(arguments: PenaltyKind.allCases)
  func noBoundIsBelowTheError(_ kind: PenaltyKind) {
    let campaign = BoundCampaign(seed: 2, only: kind)
    let records = (0..<240).compactMap { campaign.run($0) }.filter(\.hasTruth)
    for record in records {
      #expect(!record.isWrong, "bounds --seed 2 --index \(record.index): \(record.problem)")
      #expect((record.hypergradient == nil) == (record.reason != nil), "a bound, or a reason for none")
    }
    // Refusing everything would never be wrong.
    #expect(3 * records.count { $0.hypergradient != nil } >= records.count, "\(kind.rawValue): of \(records.count)")
  }
}
