import ArgumentParser
import CommandSupport
import Datasets
import Dispatch
import Foundation
import LinAlg
import Synchronization

struct FiguresCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "figures",
    abstract: "The data of the paper's figures, recomputed.",
    discussion: """
      Writes one JSON file a run (figure, panel, seed) with its settings inside; scripts/figures.py draws them. A file \
      appears only when its run is complete: after an interruption, --resume does what is missing, and the result has \
      the same bytes.
      """)

  enum Figure: String, CaseIterable, ExpressibleByArgument { case toy, a, b, c, all }
  enum Scale: String, CaseIterable, ExpressibleByArgument { case quick, paper }

  @Option(help: "Which figure.") var figure = Figure.all
  @Option(help: "Seeds of figures B and C: numbers and ranges, such as 0,2,5-9 (default: 0-9; quick: 0-1).")
  var seeds: String?
  @Option(help: "quick: fewer points and iterations; paper: the paper's numbers.") var scale = Scale.paper
  @Option(help: "Step sizes of the stochastic methods: theory's, or the published experiments'.") var steps = "theory"
  @Option(help: ArgumentHelp("The folder for the files.", valueName: "DIR")) var out = "out/figures"
  @Option(help: ArgumentHelp("MNIST's IDX files, for figure C (scripts/fetch-data makes it).", valueName: "DIR"))
  var digits = "data/mnist"
  @Flag(help: "Keep the runs that are complete; refuse files of other settings or versions.") var resume = false
  @Option(help: "Runs at once.") var jobs = 2

  func validate() throws {
    guard StepRule(rawValue: steps) != nil else {
      throw ValidationError("--steps: '\(steps)' is neither theory nor paper")
    }
    guard jobs >= 1 else { throw ValidationError("--jobs: \(jobs) is below 1") }
    _ = try seedList()
  }

  private func seedList() throws -> [Int] {
    let text = seeds ?? (scale == .quick ? "0-1" : "0-9")
    var list: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first >= 0, first <= last,
        last <= Int(UInt32.max)
      else {
        throw ValidationError("--seeds: '\(part)' is neither a number nor a range such as 5-9")
      }
      guard last - first < 10_000 else { throw ValidationError("--seeds: '\(part)' is more than 10000 seeds") }
      list += first...last
    }
    return list
  }

  /// A run and about how long it takes beside the others.
  private struct Run: Sendable {
    let settings: FigureSettings
    let weight: Double
    let compute: @Sendable (_ progress: (Double) -> Void) throws -> FigureFile
  }

  private func plannedRuns() throws -> [Run] {
    let rule = StepRule(rawValue: steps)!
    let seeds = try seedList()
    var runs: [Run] = []
    func deterministic(_ figure: DeterministicFigure) {
      runs.append(Run(settings: figure.settings, weight: 1) { try figure.run($0) })
    }
    if figure == .toy || figure == .all {
      deterministic(
        DeterministicFigure(
          figure: "toy", panel: "elastic-net", problem: .toy, seed: 42, λ: [0.01, 0.01], iterations: 200,
          scale: scale.rawValue))
    }
    if figure == .a || figure == .all {
      for (panel, λ, iterations) in [
        ("sparse", [0.02, 0.002] as Vector<Double>, 500), ("dense", [0.002, 0.002], 1000),
      ] {
        deterministic(
          DeterministicFigure(
            figure: "a", panel: panel, problem: .deterministic, seed: 3, λ: λ, iterations: iterations,
            scale: scale.rawValue))
      }
    }
    if figure == .b || figure == .all {
      for seed in seeds {
        let figure = StochasticElasticNetFigure(seed: seed, rule: rule, scale: scale.rawValue)
        runs.append(Run(settings: figure.settings, weight: 10) { try figure.run($0) })
      }
    }
    if figure == .c || figure == .all {
      let folder = digits
      let loaded = try Console.reportingDataErrors {
        do { return try Digits(folder: folder) } catch DatasetError.missing(let path) {
          Console.error("figure C needs MNIST digits; scripts/fetch-data makes them")
          throw DatasetError.missing(path: path)
        }
      }
      for seed in seeds {
        let figure = PoisoningFigure(seed: seed, rule: rule, scale: scale.rawValue, digits: loaded)
        runs.append(Run(settings: figure.settings, weight: 30) { try figure.run($0) })
      }
    }
    return runs
  }

  func run() throws {
    let progress = ProgressLine("reading")
    defer { progress.end() }
    let all = try plannedRuns()
    try Console.prepareFolder(out, for: all.map { FigureFile.name($0.settings) })
    let todo =
      resume ? try Console.reportingDataErrors { try all.filter { try !FigureFile.isDone($0.settings, in: out) } } : all
    progress.end()
    if todo.count < all.count {
      try Console.print("\(all.count - todo.count) of \(all.count) runs are complete already")
    }
    let board = ProgressBoard(weights: todo.map(\.weight))
    let failures = Mutex<[(message: String?, code: ExitCode)]>([])
    let folder = out
    let queue = Mutex(Array(todo.indices))
    DispatchQueue.concurrentPerform(iterations: min(jobs, max(1, todo.count))) { _ in
      while let index = queue.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
        let run = todo[index]
        let clock = Stopwatch()
        do {
          let file = try run.compute { board.update(index, $0) }
          try file.write(to: folder)
          let line = "\(FigureFile.path(folder, run.settings))  \(Format.number(clock.seconds)) s"
          try board.finish(index) { try Console.print(line) }
        } catch {
          let code = (error as? DatasetError)?.exitCode ?? error as? ExitCode ?? .notConverged
          let place = "\(run.settings.figure), \(run.settings.panel), seed \(run.settings.seed)"
          failures.withLock { $0.append((error is ExitCode ? nil : "\(place): \(error)", code)) }
          try? board.finish(index) {}
        }
      }
    }
    let failed = failures.withLock { $0 }
    for failure in failed { if let message = failure.message { Console.error(message) } }
    // Output that could not be written outweighs a run that did not converge: it concerns them all.
    if let code = (failed.first { $0.code == .cannotWrite } ?? failed.first)?.code { throw code }
  }
}

/// The progress of several runs at once, with the time left.
private final class ProgressBoard: Sendable {
  private struct State {
    var shares: [Double]
    var lastShown: ContinuousClock.Instant
  }

  private let weights: [Double]
  private let start = ContinuousClock.now
  private let state: Mutex<State>

  init(weights: [Double]) {
    self.weights = weights
    state = Mutex(State(shares: Array(repeating: 0, count: weights.count), lastShown: .now))
  }

  func update(_ run: Int, _ share: Double) {
    let line: String? = state.withLock {
      $0.shares[run] = share
      guard ContinuousClock.now - $0.lastShown > .milliseconds(300) else { return nil }
      $0.lastShown = .now
      return summary($0.shares)
    }
    if let line { Console.progress(line) }
  }

  /// Marks a run as done and says so where no progress line is in the way.
  func finish(_ run: Int, _ say: () throws -> Void) throws {
    try state.withLock {
      $0.shares[run] = 1
      Console.endProgress()
      try say()
    }
  }

  private func summary(_ shares: [Double]) -> String {
    let done = zip(shares, weights).reduce(0) { $0 + $1.0 * $1.1 } / weights.reduce(0, +)
    let elapsed = (ContinuousClock.now - start).components
    let seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
    let left = done > 0.01 ? "\(Int(seconds * (1 - done) / done)) s left" : "estimating"
    return "\(Int(100 * done)) % of \(shares.count) runs, \(left)"
  }
}
