import Testing

/// Cases of sharding-cases on 1 to 4 ranks, rows dealt evenly, unevenly and with ranks that have none. A case compares with all rows by itself; here the
/// bits are compared over ranks.
@Suite(.serialized, .enabled(if: Ranks.areThere)) struct SeveralRanksTests {
  static let splits = ["even", "uneven", "empty"]

  @Test(arguments: 1...4) func messages(_ ranks: Int) throws {
    let result = try Ranks.shell("$RUN -np \(ranks) \"$MPI/sharding-cases\" collectives")
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.output == "ranks \(String(Double(ranks).bitPattern, radix: 16))\n")
  }

  @Test(arguments: 1...4, splits) func products(_ ranks: Int, _ split: String) throws {
    let result = try Ranks.shell("$RUN -np \(ranks) \"$MPI/sharding-cases\" products \(split)")
    #expect(result.code == 0, "\(result.errors)")
  }

  @Test(arguments: 1...4, splits) func reducedRows(_ ranks: Int, _ split: String) throws {
    let result = try Ranks.shell("$RUN -np \(ranks) \"$MPI/sharding-cases\" reduced \(split)")
    #expect(result.code == 0, "\(result.errors)")
  }

  @Test(arguments: ["hypergradient", "stochastic", "tune"])
  func answersAreTheSameAndInFixedOrderBitForBit(_ test: String) throws {
    var expected: [Substring]?
    for ranks in 1...4 {
      for split in test == "tune" ? ["empty"] : Self.splits {
        let result = try Ranks.shell("$RUN -np \(ranks) \"$MPI/sharding-cases\" \(test) \(split)")
        #expect(result.code == 0, "\(ranks) ranks, \(split): \(result.errors)")
        let bits = result.output.split(separator: "\n").filter { $0.contains("fixed") }
        #expect(!bits.isEmpty)
        #expect(bits == expected ?? bits, "\(ranks) ranks, \(split)")
        expected = expected ?? bits
      }
    }
  }
}
