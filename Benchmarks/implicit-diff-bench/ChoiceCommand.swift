import ArgumentParser
import CommandSupport
import ImplicitDiff
import LinAlg
import Models
import TextTable

struct ChoiceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "choice",
    abstract: "The automatic choice of adjoint solver against every fixed one, on random shapes.",
    discussion: """
      Each row is an elastic net with a random number of samples and features, support, storage, precision, correlation \
      of its columns and ridge, the same for the same seed. The methods take turns on it; of each the fastest of its runs \
      counts. The ratio is that of the automatic choice to the fastest fixed method.
      """)

  @Option(help: "How many shapes.") var count = 40
  @Option(help: "Which shapes.") var seed: UInt64 = 1
  @Option(help: ArgumentHelp("Write choice.json into this folder.", valueName: "DIR")) var out: String?

  func validate() throws {
    guard count >= 1 else { throw ValidationError("--count: \(count) is below 1") }
  }

  struct Row: Encodable {
    var samples: Int
    var support: Int
    var kind: String
    var correlation: Double
    var ridge: Double
    /// Milliseconds; nil where it does not converge.
    var direct: Double?
    var conjugateGradient: Double?
    var minres: Double?
    var auto: Double
    /// What it took, and its products.
    var chosen: String
    var products: Int

    var ratio: Double { auto / ([direct, conjugateGradient, minres].compactMap { $0 }.min() ?? .nan) }

    enum CodingKeys: CodingKey {
      case samples, support, kind, correlation, ridge, direct, conjugateGradient, minres, auto, chosen, products
    }

    /// At most 80 columns wide.
    static func table(_ rows: [Row]) -> String {
      TextTable<Row> { r in
        [
          Column(title: "n", value: r.samples, align: .right),
          Column(title: "support", value: r.support, align: .right),
          Column(title: "data", value: r.kind),
          Column(title: "corr", value: Format.compact(r.correlation), align: .right),
          Column(title: "ridge", value: Format.compact(r.ridge), align: .right),
          Column(title: "direct", value: Format.compact(r.direct), align: .right),
          Column(title: "CG", value: Format.compact(r.conjugateGradient), align: .right),
          Column(title: "MINRES", value: Format.compact(r.minres), align: .right),
          Column(title: "auto", value: Format.compact(r.auto), align: .right),
          Column(title: "took", value: r.chosen.replacingOccurrences(of: "aid-", with: "")),
          Column(title: "ratio", value: Format.compact(r.ratio), align: .right),
        ]
      }.string(for: rows) ?? ""
    }
  }

  func run() throws {
    if let out { try Console.prepareFolder(out, for: ["choice.json"]) }
    let progress = ProgressLine("drawing")
    defer { progress.end() }
    var shapes = RandomShapes(seed: seed)
    var rows: [Row] = []
    for k in 0..<count {
      progress.update("shape \(k + 1) of \(count)")
      rows.append(try shapes.next())
    }
    progress.end()
    try Console.print("BLAS kernel \(BLAS.kernel); milliseconds\n" + Row.table(rows))
    let worst = rows.max { $0.ratio < $1.ratio }!
    let beyond = rows.count { $0.ratio > 1.3 }
    try Console.print(
      "auto takes at most \(Format.number(worst.ratio)) times the fastest fixed method (\(worst.samples) × \(worst.support), \(worst.kind)); more than 1.3 times in \(beyond) of \(rows.count)"
    )
    if let out { try Console.write(json: rows, to: out + "/choice.json") }
  }
}
