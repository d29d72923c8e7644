import ArgumentParser
import CommandSupport
import Reliability

extension PenaltyKind: ExpressibleByArgument {}

struct BoundsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bounds",
    abstract:
      "Random problems of every penalty whose error bounds are held against the exact solution and hypergradient.",
    discussion: """
      Operators, losses, scales, conditioning, both precisions, states that are converged and others; the truth is computed \
      apart from the package in twice its precision: see docs/Reliability.md. Ends with exit code 70 if a bound is below \
      the true error.
      """)

  @Option(help: "How many problems are drawn.") var count = 10_000
  @Option(help: "The seed: problem number i of a seed is always the same.") var seed: UInt64 = 0
  @Option(help: "Run the problems of this penalty only.") var only: PenaltyKind?
  @Option(help: "Run this one problem.") var index: Int?
  @Option(help: ArgumentHelp("Write every problem's record as JSON.", valueName: "FILE")) var json: String?

  func validate() throws {
    guard count >= 0 else { throw ValidationError("--count: \(count) is negative") }
    if let index, index < 0 { throw ValidationError("--index: \(index) is negative") }
  }

  func run() throws {
    try Console.requireWritable([json == "-" ? nil : json])
    let campaign = BoundCampaign(seed: seed, only: only)
    var records: [BoundCampaign.Record] = []
    let progress = ProgressLine("drawing problems")
    for i in index.map({ $0..<$0 + 1 }) ?? 0..<count {
      if let record = campaign.run(i) { records.append(record) }
      if i % 100 == 0 { progress.update("problem \(i) of \(count), \(records.count { $0.isWrong }) wrong") }
    }
    progress.end()
    if index != nil { for record in records { try Console.print("\(record)") } }
    try Console.print(BoundsTally(records).report)
    if let json { try Console.write(json: records, to: json) }
    if records.contains(where: \.isWrong) { throw ExitCode.notConverged }
  }
}
