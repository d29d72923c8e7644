import CommandSupport
import TextTable

/// One problem and method.
struct SweepRow: Encodable {
  var problem: String
  var samples: Int
  var features: Int
  var support: Int
  var method: String
  var iterations: Int
  var products: Int
  /// Relative to the Cholesky solve on the support.
  var error: Double
  var milliseconds: Double
  /// Half the interquartile range.
  var spreadMilliseconds: Double
  var runs: Int
  var gigabytesPerSecond: Double
  var bandwidthShare: Double
  var outcome: String

  /// At most 80 columns wide.
  static func table(_ rows: [SweepRow]) -> String {
    TextTable<SweepRow> { r in
      [
        Column(title: "method", value: r.method),
        Column(title: "steps", value: r.iterations, align: .right),
        Column(title: "products", value: r.products, align: .right),
        Column(title: "error", value: Format.error(r.error), align: .right),
        Column(title: "ms", value: Format.compact(r.milliseconds), align: .right),
        Column(title: "± ms", value: Format.compact(r.spreadMilliseconds), align: .right),
        Column(title: "GB/s", value: Format.compact(r.gigabytesPerSecond), align: .right),
        Column(title: "memory", value: "\(Int((100 * r.bandwidthShare).rounded())) %", align: .right),
        Column(title: "outcome", value: r.outcome),
      ]
    }.string(for: rows) ?? ""
  }

  /// How the automatic choice compares with the fastest fixed method of each problem.
  static func verdictOnAuto(_ rows: [SweepRow]) -> String {
    var worst = (ratio: 0.0, problem: "")
    for problem in Set(rows.map(\.problem)) {
      let here = rows.filter { $0.problem == problem }
      guard let auto = here.first(where: { $0.method == "auto" }),
        let best = here.filter({ $0.method != "auto" && $0.outcome == "converged" }).map(\.milliseconds).min()
      else { continue }
      let ratio = auto.milliseconds / best
      if ratio > worst.ratio { worst = (ratio, problem) }
    }
    return "auto takes at most \(Format.number(worst.ratio)) times the fastest fixed method (\(worst.problem))"
  }

  static let csvColumns = [
    "problem", "samples", "features", "support", "method", "iterations", "products", "error", "milliseconds",
    "spread_milliseconds", "runs", "gigabytes_per_second", "bandwidth_share", "outcome",
  ]

  var csvFields: [any LosslessStringConvertible] {
    [
      problem, samples, features, support, method, iterations, products, error, milliseconds, spreadMilliseconds, runs,
      gigabytesPerSecond, bandwidthShare, outcome,
    ]
  }
}
