import CommandSupport
import Reliability
import TextTable

/// Counts over the runs.
struct Tally {
  private(set) var counts: [Strategy: [Verdict: Int]] = [:]
  /// Outcomes that are not usable, by strategy and name.
  private(set) var refusals: [Strategy: [String: Int]] = [:]
  private(set) var failures: [Record] = []
  /// Benign problems that ended without a usable answer.
  private(set) var useless: [Record] = []
  private(set) var benign = 0
  private(set) var reasons: [String: Int] = [:]

  mutating func add(_ record: Record, verbose: Bool) throws {
    counts[record.strategy, default: [:]][record.verdict, default: 0] += 1
    if record.verdict == .refused { refusals[record.strategy, default: [:]][record.outcome, default: 0] += 1 }
    if record.verdict == .unjudged { reasons[record.detail.components(separatedBy: ":")[0], default: 0] += 1 }
    if record.verdict.isFailure { failures.append(record) }
    if record.isBenign { benign += 1 }
    if record.isBenign && record.verdict == .refused { useless.append(record) }
    if verbose { try Console.print(Self.line(record)) }
  }

  static func line(_ r: Record) -> String {
    "\(r.index) \(r.strategy.rawValue) \(r.verdict.rawValue) [\(r.outcome)] \(r.problem)\(r.detail.isEmpty ? "" : ": \(r.detail)")"
  }

  private struct Row {
    var name: String
    var counts: [Verdict: Int]
    subscript(verdict: Verdict) -> Int { counts[verdict] ?? 0 }
    var runs: Int { counts.values.reduce(0, +) }
  }

  func report(list: Int, seed: UInt64) -> String {
    var rows = Strategy.allCases.compactMap { s in counts[s].map { Row(name: s.rawValue, counts: $0) } }
    var total: [Verdict: Int] = [:]
    for row in rows { total.merge(row.counts, uniquingKeysWith: +) }
    rows.append(Row(name: "all", counts: total))
    let table = TextTable<Row> {
      [
        Column(title: "strategy", value: $0.name, align: .left),
        Column(title: "runs", value: $0.runs, align: .right),
        Column(title: "right", value: $0[.right], align: .right),
        Column(title: "unjudged", value: $0[.unjudged], align: .right),
        Column(title: "refused", value: $0[.refused], align: .right),
        Column(title: "wrong", value: $0[.wrong], align: .right),
        Column(title: "bound", value: $0[.boundTooLow] + $0[.boundNotFinite], align: .right),
        Column(title: "crash", value: $0[.crashed], align: .right),
        Column(title: "hang", value: $0[.hung], align: .right),
      ]
    }
    var text = table.string(for: rows, style: Style.plain) ?? ""
    text += "\n\nRefused by outcome:"
    for s in Strategy.allCases {
      guard let outcomes = refusals[s] else { continue }
      text += "\n  \(s.rawValue): "
      text += outcomes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
        .joined(separator: ", ")
    }
    text += "\n\nUnjudged: "
    text += reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
      .joined(separator: "; ")
    text += "\n\n\(useless.count) of \(benign) benign problems ended without a usable answer"
    text += useless.prefix(list).map { "\n  \(Self.line($0))" }.joined()
    text += "\n\n\(failures.count) failures"
    text += failures.prefix(list).map { "\n  \(Self.line($0))" }.joined()
    if failures.count > list { text += "\n  and \(failures.count - list) more (--list)" }
    if let first = failures.first {
      text += "\n\nOne again, with its figures: reliability --seed \(seed) --index \(first.index) --verbose"
    }
    return text
  }
}

/// The file that `--json` writes.
struct ReliabilityReport: Encodable {
  var seed: UInt64
  var benign: Int
  var counts: [String: [String: Int]]
  var failures: [Record]
  var useless: [Record]

  init(seed: UInt64, tally: Tally) {
    self.seed = seed
    benign = tally.benign
    counts = Dictionary(
      uniqueKeysWithValues: tally.counts.map { strategy, verdicts in
        (strategy.rawValue, Dictionary(uniqueKeysWithValues: verdicts.map { ($0.key.rawValue, $0.value) }))
      })
    failures = tally.failures
    useless = tally.useless
  }
}
