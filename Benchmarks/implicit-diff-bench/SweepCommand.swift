import ArgumentParser
import CommandSupport
import Datasets
import Foundation
import ImplicitDiff
import LinAlg
import Models
import TextTable

struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Hypergradients of the elastic net over problem sizes and methods.",
    discussion: """
      Times what happens once the inner solution is known. GB/s counts the matrix data a method has to read (its \
      products, and for the support methods the gather of the support's columns) and is set against this machine's \
      measured single-stream bandwidth; above 100 % the data come from a cache. The error is against the Cholesky solve \
      on the support.
      """)

  @Flag(help: "The small sizes only; under 30 s.") var quick = false
  @Option(help: ArgumentHelp("Write sweep.csv and sweep.json into this folder.", valueName: "DIR")) var out: String?
  @Option(
    help: ArgumentHelp(
      "Where the diabetes data are (default: \(Self.diabetesFolder), left out where there is no such folder).",
      valueName: "DIR"))
  var data: String?
  @Option(help: "The number of BLAS threads.") var threads = 1

  @Option(
    help: "hypergradient: all deterministic methods; nsid: the stochastic recursion over batch size and features.")
  var method = "hypergradient"

  private static let diabetesFolder = "Tests/Reference/elastic-net-diabetes"

  func validate() throws {
    guard method == "hypergradient" || method == "nsid" else {
      throw ValidationError("--method: '\(method)' is neither hypergradient nor nsid")
    }
    guard threads >= 1 else { throw ValidationError("--threads: \(threads) is below 1") }
  }

  private var sizes: [(Int, Int)] {
    let small = [(100, 100), (60, 400), (500, 200), (1000, 500), (200, 2000)]
    return quick ? small : small + [(2000, 2000), (5000, 500), (20000, 1000), (1000, 5000), (1000, 20000)]
  }

  func run() throws {
    // What can be wrong is found before minutes are spent on timing.
    let diabetes = method == "nsid" ? nil : try diabetesProblem()
    if let out {
      try Console.prepareFolder(out, for: method == "nsid" ? ["sweep-nsid.json"] : ["sweep.csv", "sweep.json"])
    }
    try BLAS.withThreads(threads) {
      let bandwidth = MemoryBandwidth(threads: threads)
      try Console.print(
        "BLAS kernel \(BLAS.kernel), \(threads) thread(s); memory bandwidth \(Format.number(bandwidth.bytesPerSecond * 1e-9)) GB/s"
      )
      if method == "nsid" {
        try runNSID(bandwidth)
        return
      }
      let progress = ProgressLine("drawing")
      defer { progress.end() }
      var rows: [SweepRow] = []
      var problems: [() throws -> SweepProblem] = sizes.map { size in
        { SweepProblem(samples: size.0, features: size.1) }
      }
      if let diabetes { problems.append { diabetes } }
      for (index, make) in problems.enumerated() {
        progress.update("problem \(index + 1) of \(problems.count): drawing")
        let problem = try make()
        let here = "problem \(index + 1) of \(problems.count), \(problem.name)"
        let w = try problem.solve { iteration, residual in
          progress.update("\(here): inner iteration \(iteration), residual \(Format.error(residual))")
        }
        let sweep = MethodSweep(problem: problem, solution: w, bandwidth: bandwidth, budget: quick ? 0.1 : 0.5)
        let found = try sweep.run { progress.update("\(here): \($0)") }
        progress.clear()
        try Console.print("\n\(problem.name), support \(found[0].support)\n\(SweepRow.table(found))")
        rows += found
      }
      try Console.print(SweepRow.verdictOnAuto(rows))
      if let out { try write(rows, bandwidth, to: out) }
    }
  }

  private func diabetesProblem() throws -> SweepProblem? {
    if data == nil, !FileManager.default.fileExists(atPath: Self.diabetesFolder) {
      Console.error("no folder \(Self.diabetesFolder) here: the diabetes data are left out (name them with --data)")
      return nil
    }
    return try Console.reportingDataErrors { try SweepProblem.diabetes(data ?? Self.diabetesFolder) }
  }

  private func runNSID(_ bandwidth: MemoryBandwidth) throws {
    let progress = ProgressLine("drawing")
    defer { progress.end() }
    let sweep = NSIDSweep(bandwidth: bandwidth, budget: quick ? 0.1 : 0.4)
    var rows: [NSIDSweep.Row] = []
    for p in quick ? [100, 784] : [30, 100, 300, 784, 2000] {
      rows += try sweep.run(samples: 10_000, features: p, batches: quick ? [10, 100] : [1, 10, 100, 300, 1000]) {
        progress.update($0)
      }
    }
    progress.end()
    try Console.print(NSIDSweep.table(rows))
    if let out {
      try Console.write(json: rows, to: out + "/sweep-nsid.json")
    }
  }

  private func write(_ rows: [SweepRow], _ bandwidth: MemoryBandwidth, to folder: String) throws {
    var csv = CSV(columns: SweepRow.csvColumns)
    for row in rows { csv.append(row.csvFields) }
    try Console.reportingDataErrors { try csv.write(to: folder + "/sweep.csv") }
    try Console.write(
      json: SweepReport(
        version: implicitDiffVersion, kernel: BLAS.kernel, threads: threads,
        bandwidthGBs: bandwidth.bytesPerSecond * 1e-9, rows: rows), to: folder + "/sweep.json")
  }
}

/// The file that `--out` writes.
struct SweepReport: Encodable {
  var version: String
  var kernel: String
  var threads: Int
  var bandwidthGBs: Double
  var rows: [SweepRow]
}
