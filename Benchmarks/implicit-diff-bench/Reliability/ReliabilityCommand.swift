import ArgumentParser
import CommandSupport
import Reliability

extension Strategy: ExpressibleByArgument {}

struct ReliabilityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reliability",
    abstract: "Random problems, each to end in the right answer or in an outcome that is not usable.",
    discussion: """
      Draws problems of every family and every kind of difficulty, runs one strategy on each, and compares with a truth \
      computed apart from the package in twice its precision: see docs/Reliability.md. Problems run in a process of their \
      own, so that a trap or a hang is counted and named. Ends with exit code 70 if anything is wrong.
      """)

  @Option(help: "How many problems are drawn.") var count = 10_000
  @Option(help: "The seed: problem number i of a seed is the same however the run is split.") var seed: UInt64 = 0
  @Option(help: "Run the problems of this strategy only.") var only: Strategy?
  @Option(help: ArgumentHelp("Write every run that is a failure, and the counts, as JSON.", valueName: "FILE"))
  var json: String?
  @Option(help: "Run this one problem, in this process.") var index: Int?
  @Option(help: ArgumentHelp("Run the problems a..<b only (quoted for the shell).", valueName: "'a..<b'")) var range:
    String?
  @Option(help: "How many failures and useless refusals are listed.") var list = 40
  @Flag(help: "Every run as a line, with its figures.") var verbose = false
  @Flag(help: .private) var worker = false

  func validate() throws {
    guard count >= 0 else { throw ValidationError("--count: \(count) is negative") }
    guard list >= 0 else { throw ValidationError("--list: \(list) is negative") }
    if let index, index < 0 { throw ValidationError("--index: \(index) is negative") }
    _ = try indices()
  }

  private func indices() throws -> Range<Int> {
    if let index { return index..<index + 1 }
    guard let range else { return 0..<count }
    let ends = range.components(separatedBy: "..<").map { Int($0) }
    guard ends.count == 2, let first = ends[0], let last = ends[1], first >= 0, last >= first else {
      throw ValidationError("--range: '\(range)' is not of the form a..<b with 0 ≤ a ≤ b")
    }
    return first..<last
  }

  func run() throws {
    let campaign = Campaign(seed: seed, only: only)
    let indices = try indices()
    if worker {
      Worker.run(campaign, indices)
      return
    }
    try Console.requireWritable([json == "-" ? nil : json])
    var tally = Tally()
    if index != nil {
      // In this process, so that a debugger sees a trap where it is.
      for i in indices {
        if verbose { try Console.print(campaign.figures(i)) }
        if let record = campaign.run(i) { try tally.add(record, verbose: true) }
      }
    } else {
      let progress = ProgressLine("drawing problems")
      defer { progress.end() }
      try Supervisor(campaign: campaign).run(indices) { record in
        try tally.add(record, verbose: verbose)
        progress.update("problem \(record.index) of \(indices.upperBound), \(tally.failures.count) failures")
      }
      progress.end()
    }
    try Console.print(tally.report(list: list, seed: seed))
    if let json { try Console.write(json: ReliabilityReport(seed: seed, tally: tally), to: json) }
    if !tally.failures.isEmpty { throw ExitCode.notConverged }
  }
}
