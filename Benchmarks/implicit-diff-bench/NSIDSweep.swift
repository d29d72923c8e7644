import CommandSupport
import Datasets
import ImplicitDiff
import LinAlg
import Models
import TextTable

/// The speed of NSID's recursion on the elastic net over batch size and features.
struct NSIDSweep {
  let bandwidth: MemoryBandwidth
  let budget: Double

  struct Row: Encodable {
    var samples: Int
    var features: Int
    var batch: Int
    var sampling: String
    var microseconds: Double
    var spreadMicroseconds: Double
    var stepsPerSecond: Double
    /// What reading the batch's rows once from memory would take.
    var trafficMicroseconds: Double
  }

  func run(samples n: Int, features p: Int, batches: [Int], _ announce: (String) -> Void) throws -> [Row] {
    let draw = SyntheticRegression<Double>(rows: n, columns: p, informative: min(30, p / 2), noise: 0.1, seed: 1)
    let correlation = draw.features.transposed * draw.targets
    let λ: Vector<Double> = [0.1 * correlation.maxNorm / Double(n), 0.01]
    let map = ElasticNetMap(features: draw.features, targets: draw.targets, step: .fixed(0.1))
    let y = Vector<Double>(repeating: 1, count: p)
    var g = Vector<Double>.zeros(2)
    let problem = FixedPointProblem(map, parameters: λ)
    var rows: [Row] = []
    for b in batches {
      for sampling in Sampling.allCases {
        announce("\(n) × \(p), batch \(b), \(sampling.rawValue)")
        let steps = max(20, 200_000 / (b * p / 100 + 1))
        // The difference of a long and a short run leaves the steps alone: the inner mean and the set-up cancel.
        func seconds(_ k: Int) throws -> Timing {
          let strategy = NSID<ElasticNetMap<Double>>(
            iterations: k, innerBatches: 1, batchSize: b, steps: .constant(0.1), sampling: sampling, forced: true)
          let workspace = strategy.makeWorkspace(for: map)
          return try Timing(budget: budget) {
            _ = try strategy.vjp(problem, into: &g, workspace: workspace) { $2.copy(from: y) }
          }
        }
        let long = try seconds(steps)
        let short = try seconds(max(1, steps / 10))
        let step = (long.median - short.median) / Double(steps - max(1, steps / 10))
        rows.append(
          Row(
            samples: n, features: p, batch: b, sampling: sampling.rawValue, microseconds: step * 1e6,
            spreadMicroseconds: long.spread / Double(steps) * 1e6, stepsPerSecond: 1 / step,
            trafficMicroseconds: Double(8 * b * p) / bandwidth.bytesPerSecond * 1e6))
      }
    }
    return rows
  }

  /// At most 80 columns wide; the traffic is what reading the batch's rows once from memory takes.
  static func table(_ rows: [Row]) -> String {
    TextTable<Row> { r in
      [
        Column(title: "n × p", value: "\(r.samples) × \(r.features)"),
        Column(title: "batch", value: r.batch, align: .right),
        Column(title: "sampling", value: r.sampling),
        Column(title: "µs/step", value: Format.compact(r.microseconds), align: .right),
        Column(title: "± µs", value: Format.compact(r.spreadMicroseconds), align: .right),
        Column(title: "steps/s", value: "\(Int(r.stepsPerSecond))", align: .right),
        Column(title: "traffic µs", value: Format.compact(r.trafficMicroseconds), align: .right),
      ]
    }.string(for: rows) ?? ""
  }
}
