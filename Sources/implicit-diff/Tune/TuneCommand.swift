import ArgumentParser
import Bilevel
import CommandSupport
import Datasets
import Foundation
import LinAlg
import Sharding

struct TuneCommand: RunsOnRanks {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Chooses penalty strengths by the gradient of a held-out loss or of a cross-validation.",
    discussion: """
      The strengths are moved in their logarithms until the loss on the \
      validation rows, or with --criterion cv its mean over the folds of the training rows, no longer falls.

      lasso: lambda1 ‖w‖₁; elastic-net: the same + lambda2 ‖w‖²/2; group-lasso: lambda1 Σ √size ‖w_group‖; sparse-group-lasso: both; \
      slope: lambda1 Σ ω_i |w|_(i), |w| in falling order. \
      Losses: mean squared error / 2, mean log(1 + exp(−y x·w)), Huber's, half the mean squared hinge, \
      for counts mean exp(x·w) − y x·w (poisson, half the deviance). Each is a mean by --weights of scores x·w + --offsets.

      \(sampleFormatsHelp)

      \(sparseDataHelp)

      \(ranksHelp) DATA is a folder of .npy files then, or a LIBSVM file that is not compressed.
      """)

  @OptionGroup var inputs: ModelOptions
  @Option(
    help:
      "heldout: the loss on the validation rows; cv: its mean over folds of the training rows; sure: Stein's estimate of the risk, no rows held out; aic, bic, ebic: -2 log-likelihood plus a charge for every degree of freedom, for --optimizer grid or random (default: heldout where there are validation rows)."
  )
  var criterion: TuneCriterion?
  @Option(parsing: .unconditional, help: "Folds of the cross-validation.") var folds = 10
  @Option(
    parsing: .unconditional,
    help: "How often the rows are dealt into folds anew; directions that sure is averaged over.")
  var repeats = 1
  @Option(
    parsing: .unconditional,
    help: "The standard deviation of the targets' noise, for --criterion sure, aic, bic and ebic.",
    transform: Arguments.number)
  var noise: Double?
  @Option(parsing: .unconditional, help: "Seed of the folds, of --holdout and of the random search.") var seed: UInt64 =
    0
  @Option(
    help:
      "One of \(TuneOptimizer.allCases.map(\.rawValue).joined(separator: ", ")) (default: lbfgs; grid for aic, bic and ebic)."
  )
  var optimizer: TuneOptimizer?
  @Option(parsing: .unconditional, help: "Points of the grid per strength, draws of the random search, steps of adam.")
  var points = 100
  @Option(parsing: .unconditional, help: "How many times the search begins, from the second on at random.") var starts =
    1
  @Option(
    parsing: .unconditional,
    help: "The smallest strength of the 1-norm, as a fraction of the one that selects nothing.",
    transform: Arguments.number)
  var ratio = 1e-4
  @Option(
    parsing: .unconditional, help: "Stop at a gradient of this size relative to the first one.",
    transform: Arguments.number)
  var tolerance = 1e-5
  @Option(parsing: .unconditional, help: "The most evaluations of the criterion.") var maxEvaluations: Int?
  @Option(parsing: .unconditional, help: "The most seconds.", transform: Arguments.number) var maxSeconds: Double?
  @Option(help: ArgumentHelp("Write how far the search is after every evaluation.", valueName: "FILE")) var checkpoint:
    String?
  @Flag(help: "Go on from --checkpoint where that file is there.") var resume = false
  @Option(help: ArgumentHelp("Save the model, model.json and coefficients.npy, in this folder.", valueName: "DIR"))
  var out: String?
  @OptionGroup var ranks: RankOptions
  @OptionGroup var memory: MemoryOptions
  @Option(help: ArgumentHelp("Write the report as JSON; - for standard output.", valueName: "FILE|-")) var json: String?

  func validate() throws {
    try Arguments.refuseEmpty([
      "--checkpoint": checkpoint, "--out": out, "--json": json,
    ])
    try inputs.refuse(outputs: [("--checkpoint", checkpoint), ("--json", json)])
    guard folds >= 2 else { throw ValidationError("--folds: \(folds) is below 2") }
    guard repeats >= 1 else { throw ValidationError("--repeats: \(repeats) is below 1") }
    guard points >= 2 else { throw ValidationError("--points: \(points) is below 2") }
    guard starts >= 1 else { throw ValidationError("--starts: \(starts) is below 1") }
    guard ratio > 0, ratio < 1 else { throw ValidationError("--ratio: \(ratio) is not between 0 and 1") }
    guard tolerance >= 0, tolerance.isFinite else {
      throw ValidationError("--tolerance: \(tolerance) is not a number of at least 0")
    }
    if let maxEvaluations, maxEvaluations < 1 {
      throw ValidationError("--max-evaluations: \(maxEvaluations) is below 1")
    }
    if let maxSeconds, !(maxSeconds >= 0 && maxSeconds.isFinite) {
      throw ValidationError("--max-seconds: \(maxSeconds) is not a number of at least 0")
    }
    try validateCriterion()
    if let noise, !(noise > 0 && noise.isFinite) { throw ValidationError("--noise: \(noise) is not a positive number") }
    guard memory.bytes == nil || ranks.fixedOrder == nil else {
      throw ValidationError("--memory goes without --fixed-order")
    }
    guard !resume || checkpoint != nil else { throw ValidationError("--resume needs --checkpoint") }
    if let checkpoint, let json, json != "-", OutputFile.isSame(checkpoint, json) {
      throw ValidationError("--checkpoint and --json name the same file")
    }
  }

  private func validateCriterion() throws {
    let countsFreedom = criterion?.charge != nil
    guard criterion == .sure || (countsFreedom && inputs.model == .leastSquares) || noise == nil else {
      throw ValidationError("--noise goes with --criterion sure, and with aic, bic and ebic for least-squares")
    }
    guard criterion != .sure || noise != nil else {
      throw ValidationError("--noise goes with --criterion sure, and that with it")
    }
    guard criterion != .sure || inputs.model == .leastSquares else {
      throw ValidationError("--criterion sure goes with least-squares")
    }
    guard criterion != .sure || (inputs.terms.weights == nil && inputs.terms.offsets == nil) else {
      throw ValidationError("--criterion sure goes without --weights and --offsets")
    }
    guard let criterion, countsFreedom else { return }
    guard inputs.model.hasLikelihood else {
      throw ValidationError("--criterion \(criterion.rawValue) goes with least-squares, logistic and poisson")
    }
    guard inputs.penalty.hasStrengthsOfFeatures || inputs.penalty == .nonnegativeLasso else {
      throw ValidationError("--criterion \(criterion.rawValue) goes with penalties of single features")
    }
    guard inputs.terms.weights == nil else {
      throw ValidationError("--criterion \(criterion.rawValue) goes without --weights")
    }
    guard optimizer == nil || optimizer == .grid || optimizer == .random else {
      throw ValidationError(
        "--criterion \(criterion.rawValue) is a staircase in the strengths and has no gradient: expected --optimizer grid or random"
      )
    }
  }

  /// Inner problems of an evaluation.
  private var problems: Int {
    switch criterion {
    case .cv, nil: folds * repeats
    case .sure: 2 * repeats
    case .heldout, .aic, .bic, .ebic: 1
    }
  }

  /// That of the search.
  var chosenOptimizer: TuneOptimizer { optimizer ?? (criterion?.charge == nil ? .lbfgs : .grid) }

  func run() throws {
    try Console.requireWritable([json == "-" ? nil : json, checkpoint])
    if let out, !Console.isSilent { try Console.prepareFolder(out, for: ["model.json", "coefficients.npy"]) }
    let plan = memory.plan(problems: problems)
    if memory.estimate {
      return try Console.reportingDataErrors {
        let data = try RegressionData(inputs, seed: seed, within: plan)
        try memory.printEstimate(
          [data.fitted.features] + [data.heldOut?.features].compactMap { $0 }, problems: problems,
          passes: 10 * problems * (maxEvaluations ?? 20))
      }
    }
    guard ranks.areUsed else {
      return try run(RegressionData(inputs, seed: seed, within: plan), earlier, agree: { $0 })
    }
    try Console.onRanks { world in
      let decision = world.decision()
      try run(
        RegressionData(inputs, seed: seed, of: world, order: ranks.order, within: plan), { try earlier($0, world) },
        agree: { decision($0) })
    }
  }

  /// - Parameters:
  ///   - earlier: the search to go on from, that the settings belong to.
  ///   - agree: what the first rank decides of what each would.
  private func run(
    _ read: @autoclosure () throws -> RegressionData, _ earlier: (TuneSettings) throws -> TuningLog?,
    agree: @escaping (Bool) -> Bool
  ) throws {
    let clock = Stopwatch()
    let interruption = Interruption()
    let progress = ProgressLine("reading \(inputs.data)")
    defer { progress.end() }
    let problem = try Console.reportingDataErrors { try TuneProblem(self, read()) }
    let reading = clock.seconds
    progress.update("tuning")
    let log = try Console.reportingDataErrors { try earlier(problem.settings) }
    let result = try tune(problem, log, interruption, progress, agree)
    let seconds = TuneReport.Seconds(reading: reading, tuning: result.seconds, total: clock.seconds)
    progress.end()
    try Console.reportingDataErrors { try problem.data.requireRead() }
    let report = TuneReport(problem, result, seconds)
    if let out, let fit = report.best.map({ problem.fit($0) }), !Console.isSilent {
      try Console.reportingDataErrors { try TunedModel(problem, report, fit).write(to: out) }
    }
    if let json { try Console.write(json: report, to: json) }
    if json != "-" { try Console.print(report.summary) }
    if let number = interruption.signal { throw ExitCode(128 + number) }
    if case .failed(let reason) = result.stop {
      Console.error("the search ended: \(reason)")
      throw ExitCode.notConverged
    }
  }

  /// What an earlier run left.
  private func earlier(_ settings: TuneSettings) throws(DatasetError) -> TuningLog? {
    guard resume, let checkpoint else { return nil }
    guard NPY.exists(at: checkpoint) else {
      Console.error("\(checkpoint) is not there yet: the search begins anew")
      return nil
    }
    return try TuneCheckpoint.log(at: checkpoint, for: settings)
  }

  /// What the first rank read: it wrote the file, which the others may not see.
  private func earlier(_ settings: TuneSettings, _ world: borrowing World) throws -> TuningLog? {
    guard resume else { return nil }
    let rank = world.rank
    let text = try world.together {
      try rank == 0 ? String(decoding: JSONEncoder().encode(earlier(settings)), as: UTF8.self) : ""
    }
    return try JSONDecoder().decode(TuningLog?.self, from: Data(world.broadcast(text).utf8))
  }

  private func tune(
    _ problem: TuneProblem, _ log: TuningLog?, _ interruption: Interruption, _ progress: ProgressLine,
    _ agree: @escaping (Bool) -> Bool
  ) throws -> TuningResult {
    let isBaseline = chosenOptimizer == .grid || chosenOptimizer == .random
    let tuner = Tuner(
      strategy,
      limits: TuningLimits(
        gradientReduction: tolerance, evaluations: maxEvaluations ?? (isBaseline ? 1_000_000 : 200),
        seconds: maxSeconds))
    var unwritten: DatasetError?
    let result = tuner.tune(
      problem.criterion, in: problem.space, resuming: log,
      isCancelled: { interruption.signal != nil || unwritten != nil }, agree: agree
    ) { record, search in
      progress.update(Self.line(record, search))
      guard let checkpoint, !Console.isSilent else { return }
      do throws(DatasetError) {
        try TuneCheckpoint(settings: problem.settings, log: search.log).write(to: checkpoint)
      } catch { unwritten = error }
    }
    if let unwritten { try Console.reportingDataErrors { throw unwritten } }
    return result
  }

  private var strategy: any OuterOptimizer {
    starts == 1 ? single : MultiStart(single, starts: starts, seed: seed)
  }

  private var single: any OuterOptimizer {
    switch chosenOptimizer {
    case .lbfgs: LBFGS()
    case .newton: Newton()
    case .descent: GradientDescent()
    case .adam: Adam(steps: points)
    case .grid: GridSearch(points: points)
    case .random: RandomSearch(draws: points, seed: seed)
    }
  }

  private static func line(_ record: TuningRecord, _ search: Search) -> String {
    let left = search.limits.seconds.map { ", \(Format.number($0 - search.seconds)) s left" } ?? ""
    return
      "step \(search.steps), evaluation \(search.log.records.count): value \(Format.number(record.value)), gradient \(Format.error(record.gradientNorm)) (error \(Format.error(record.gradientErrorBound))), \(record.selected) selected\(left)"
  }
}
