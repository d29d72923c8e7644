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

  static func table(_ rows: [SweepRow]) -> String {
    TextTable<SweepRow> { r in
      [
        Column(title: "method", value: r.method),
        Column(title: "iterations", value: r.iterations, align: .right),
        Column(title: "products", value: r.products, align: .right),
        Column(title: "error", value: Format.error(r.error), align: .right),
        Column(title: "ms", value: Format.number(r.milliseconds), align: .right),
        Column(title: "± ms", value: Format.number(r.spreadMilliseconds), align: .right),
        Column(title: "GB/s", value: Format.number(r.gigabytesPerSecond), align: .right),
        Column(title: "of memory", value: "\(Int((100 * r.bandwidthShare).rounded())) %", align: .right),
        Column(title: "outcome", value: r.outcome),
      ]
    }.string(for: rows) ?? ""
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
