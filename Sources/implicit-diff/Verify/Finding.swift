import CommandSupport
import TextTable

/// One quantity of a report held against what was derived again.
struct Finding: Encodable {
  var quantity: String
  var report: Double?
  var rederived: Double?
  var difference: Double?
  /// What rounding, the report's own error bound and the errors of the derivation explain.
  var allowed: Double?
  /// nil where nothing could be compared, or what may differ is larger than the quantity itself, so that agreement says nothing.
  var holds: Bool?

  enum CodingKeys: String, CodingKey {
    case quantity, report, rederived, difference, allowed, holds
  }

  /// Every key is always there: what is not known is null.
  func encode(to encoder: any Encoder) throws {
    var c = encoder.container(keyedBy: CodingKeys.self)
    try c.encode(quantity, forKey: .quantity)
    try c.encode(report, forKey: .report)
    try c.encode(rederived, forKey: .rederived)
    try c.encode(difference, forKey: .difference)
    try c.encode(allowed, forKey: .allowed)
    try c.encode(holds, forKey: .holds)
  }

  /// Two numbers; both absent is agreement, one absent is none.
  static func compare(_ quantity: String, _ report: Double?, _ rederived: Double?, allowed: Double) -> Finding {
    guard let report, let rederived else {
      return Finding(
        quantity: quantity, report: report, rederived: rederived, allowed: allowed,
        holds: report == nil && rederived == nil)
    }
    let difference = (report - rederived).magnitude
    // A NaN is no agreement.
    return Finding(
      quantity: quantity, report: report, rederived: rederived, difference: difference, allowed: allowed,
      holds: difference <= allowed)
  }

  /// Agreement within more than the quantity's own size is no evidence.
  var withoutEmptyAgreement: Finding {
    guard holds == true, let report, let rederived, let allowed else { return self }
    var result = self
    if allowed > max(report.magnitude, rederived.magnitude) { result.holds = nil }
    return result
  }

  var verdict: String { holds.map { $0 ? "ok" : "WRONG" } ?? (difference == nil ? "not compared" : "too coarse") }

  static func table(_ findings: [Finding]) -> String {
    let table = TextTable<Finding> { f in
      [
        Column(title: "quantity", value: f.quantity),
        Column(title: "report", value: Self.digits(f.report), align: .right),
        Column(title: "re-derived", value: Self.digits(f.rederived), align: .right),
        Column(title: "difference", value: Format.error(f.difference), align: .right),
        Column(title: "allowed", value: Format.error(f.allowed), align: .right),
        Column(title: "verdict", value: f.verdict),
      ]
    }
    return table.string(for: findings) ?? ""
  }

  private static func digits(_ x: Double?) -> String {
    guard let x else { return "–" }
    return x == x.rounded() && x.magnitude < 1e9 ? "\(Int(x))" : Format.digits(x)
  }
}

/// What became of one report.
struct Verification: Encodable {
  var method: String
  var holds: Bool
  var findings: [Finding]
}
