import CommandSupport
import ImplicitDiff
import LinAlg
import TextTable

/// The methods side by side, at most 80 columns wide.
enum MethodTable {
  static func string(_ results: [MethodResult], exact: Vector<Double>) -> String {
    let table = TextTable<MethodResult> { r in
      [
        Column(title: "method", value: r.method),
        Column(title: "error", value: Format.error(r.gradient.distance(to: exact) / exact.norm), align: .right),
        Column(title: "iterations", value: r.report.iterations, align: .right),
        Column(title: "products", value: r.report.products, align: .right),
        Column(title: "residual", value: Format.error(r.report.residual), align: .right),
        Column(title: "ms", value: Format.compact(r.seconds * 1e3), align: .right),
        Column(title: "outcome", value: r.report.outcome.word),
      ]
    }
    return (table.string(for: results) ?? "") + "error: against aid-direct, relative"
  }
}
