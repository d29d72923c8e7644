import CommandSupport
import Reliability

/// Counts of a campaign of bounds, by penalty and by reason.
struct BoundsTally {
  private let records: [BoundCampaign.Record]
  init(_ records: [BoundCampaign.Record]) { self.records = records }

  /// The median over the records whose error is more than rounding, with their number.
  private static func ratio(_ comparisons: [BoundCampaign.Comparison?]) -> String {
    let ratios = comparisons.compactMap { $0 }.filter(\.isJudged).map(\.ratio).sorted()
    return ratios.isEmpty ? "–" : "\(Format.number(ratios[ratios.count / 2])) (\(ratios.count))"
  }

  private static func row(_ name: String, _ records: [BoundCampaign.Record]) -> [String] {
    let known = records.filter(\.hasTruth)
    return [
      name, "\(records.count)", "\(records.count - known.count)", "\(known.count { $0.state != nil })",
      "\(known.count { $0.isIdentified })", "\(known.count { $0.hypergradient != nil })",
      ratio(known.map { $0.isIdentified ? $0.state : nil }), ratio(known.map(\.hypergradient)),
      "\(known.count(where: \.isWrong))",
    ]
  }

  var report: String {
    let names = records.reduce(into: [String]()) { if !$0.contains($1.penalty) { $0.append($1.penalty) } }.sorted()
    var rows = [
      [
        "penalty", "problems", "not unique", "w bounded", "piece proven", "∇f bounded", "ratio of w", "ratio of ∇f",
        "wrong",
      ]
    ]
    for name in names { rows.append(Self.row(name, records.filter { $0.penalty == name })) }
    rows.append(Self.row("all", records))
    let widths = rows[0].indices.map { k in rows.map { $0[k].count }.max() ?? 0 }
    var lines = rows.map { row in
      row.indices.map { k in
        let space = String(repeating: " ", count: widths[k] - row[k].count)
        return k == 0 ? row[k] + space : space + row[k]
      }.joined(separator: "  ")
    }
    lines.append("")
    let reasons = Dictionary(grouping: records.compactMap(\.reason)) { $0 }.mapValues(\.count)
    for (reason, count) in reasons.sorted(by: { $0.key < $1.key }) { lines.append("no bound, \(reason): \(count)") }
    for record in records.filter(\.isWrong).prefix(20) {
      let figures = [record.state, record.hypergradient].compactMap { $0 }
        .map {
          "error \(Format.error($0.error)), bound \(Format.error($0.bound)), truth to \(Format.error($0.uncertainty))"
        }
      lines.append("wrong: \(record.index): \(record.problem): \(figures.joined(separator: "; "))")
    }
    return lines.joined(separator: "\n")
  }
}
