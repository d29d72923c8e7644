import Foundation
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

  /// Two network namespaces with 200 Mbit/s of TCP between them, where this may make some: the bits of one rank.
  @Test func twoMachinesGiveTheSameBits() throws {
    guard try Ranks.shell("unshare -n true && command -v ip tc").code == 0 else { return }
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../scripts/scaling-namespaces"
    ).standardizedFileURL.path()
    func bits(_ result: Ranks.Result) -> [Substring] {
      result.output.split(separator: "\n").filter { $0.contains("fixed") }
    }
    let two = try Ranks.shell("timeout 60 bash '\(script)' 200mbit \"$MPI/sharding-cases\" hypergradient even")
    #expect(two.code == 0, "\(two)")
    let one = try Ranks.shell("$RUN -np 1 \"$MPI/sharding-cases\" hypergradient even")
    #expect(!bits(one).isEmpty && bits(two) == bits(one), "\(two)")
  }
}
