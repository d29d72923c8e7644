import ArgumentParser
import CommandSupport
import Datasets
import ImplicitDiff
import LinAlg
import Models
import Sharding

/// The smooth part of the inner problem, by name.
enum ModelName: String, CaseIterable, ExpressibleByArgument {
  case elasticNet = "elastic-net"
  case logistic
}

struct HypergradientCommand: RunsOnRanks {
  static let configuration = CommandConfiguration(
    commandName: "hypergradient",
    abstract: "The derivative of the validation loss with respect to the penalty strengths.",
    discussion: """
      DIR holds X_train.npy, y_train.npy, X_val.npy and y_val.npy (float32 or float64, C or Fortran order). The inner \
      problem is solved on the training rows, unless its solution is given, and the validation loss at the solution is \
      differentiated with respect to (lambda1, lambda2), or with --strengths to every strength and lambda2.

      elastic-net: mean squared error / 2 + lambda1 ‖w‖₁ + lambda2 ‖w‖²/2
      logistic: mean log(1 + exp(−y x·w)) + the same, y −1 or 1

      \(sparseDataHelp)

      \(ranksHelp)
      """)

  @Argument(help: "The data folder.") var directory: String
  @Option(help: "The inner problem: \(ModelName.allCases.map(\.rawValue).joined(separator: " or ")).")
  var model = ModelName.elasticNet
  @Option(parsing: .unconditional, help: "Strength of the 1-norm, at least 0.", transform: Arguments.number)
  var lambda1: Double?
  @Option(
    help: ArgumentHelp(
      "Strengths of the 1-norm, one per feature or one per group of features, in place of --lambda1.",
      valueName: "FILE.npy"))
  var strengths: String?
  @Option(
    help: ArgumentHelp("The group of every feature, counted from 0, for --strengths.", valueName: "FILE.npy"))
  var groups: String?
  @Option(parsing: .unconditional, help: "Strength of the squared 2-norm, at least 0.", transform: Arguments.number)
  var lambda2: Double
  @Option(
    help:
      "One of \(Method.allCases.map(\.rawValue).joined(separator: ", ")), all of these in a table, or \(NSIDOptions.name), from minibatches."
  )
  var method = "auto"
  @Option(
    parsing: .unconditional, help: "Relative accuracy of the adjoint solve, and of ITD's iterations.",
    transform: Arguments.number)
  var tolerance = 1e-12
  @Option(parsing: .unconditional, help: "Iteration limit of the inner and of the adjoint solve.") var iterations =
    1_000_000
  @Option(
    parsing: .unconditional, help: "The step size of the proximal-gradient map (default: the best).",
    transform: Arguments.number)
  var step: Double?
  @Option(help: ArgumentHelp("Take w from this file instead of solving.", valueName: "FILE.npy")) var solution: String?
  @Option(help: ArgumentHelp("Save w, the solution of the inner problem.", valueName: "FILE.npy")) var save: String?
  @Option(
    name: .customLong("repeat"), parsing: .unconditional,
    help: "Time the hypergradient so many times and report the median.")
  var repetitions = 1
  @OptionGroup var stochastic: NSIDOptions
  @OptionGroup var ranks: RankOptions
  @OptionGroup var memory: MemoryOptions
  @Option(help: ArgumentHelp("Write the report as JSON; - for standard output.", valueName: "FILE|-")) var json: String?

  func validate() throws {
    try Arguments.refuseEmpty([
      "DIR": directory, "--strengths": strengths, "--groups": groups, "--solution": solution, "--save": save,
      "--json": json,
    ])
    guard (lambda1 == nil) != (strengths == nil) else {
      throw ValidationError("give either --lambda1 or --strengths")
    }
    guard groups == nil || strengths != nil else { throw ValidationError("--groups needs --strengths") }
    if let lambda1 { try Self.requireStrength("--lambda1", lambda1) }
    try Self.requireStrength("--lambda2", lambda2)
    guard method == "all" || method == NSIDOptions.name || Method(rawValue: method) != nil else {
      throw ValidationError(
        "--method: '\(method)' is none of \(Method.allCases.map(\.rawValue).joined(separator: ", ")), all, \(NSIDOptions.name)"
      )
    }
    guard tolerance.isFinite, tolerance >= 0 else {
      throw ValidationError("--tolerance: \(tolerance) is not a number of at least 0")
    }
    guard iterations >= 1 else { throw ValidationError("--iterations: \(iterations) is below 1") }
    guard repetitions >= 1 else { throw ValidationError("--repeat: \(repetitions) is below 1") }
    if let step {
      guard step.isFinite, step > 0 else { throw ValidationError("--step: \(step) is not a positive number") }
    }
    guard memory.bytes == nil || ranks.fixedOrder == nil else {
      throw ValidationError("--memory goes without --fixed-order")
    }
    if let save, let json, json != "-", OutputFile.isSame(save, json) {
      throw ValidationError("--save and --json name the same file")
    }
  }

  private static func requireStrength(_ name: String, _ value: Double) throws {
    guard value.isFinite, value >= 0 else { throw ValidationError("\(name): \(value) is not a number of at least 0") }
  }

  func run() throws {
    let clock = Stopwatch()
    try Console.requireWritable([json == "-" ? nil : json, save])
    let progress = ProgressLine("reading \(directory)")
    defer { progress.end() }
    let plan = memory.plan(problems: 1)
    if memory.estimate, let plan {
      return try Console.reportingDataErrors {
        let data = try HeldOutDesigns<Double>(directory: directory, within: plan)
        try memory.printEstimate([data.trainFeatures, data.validationFeatures], problems: 1, passes: Self.passes)
      }
    }
    guard ranks.areUsed else {
      return try differentiate(
        plan.map { try HeldOutDesigns<Double>(directory: directory, within: $0) }
          ?? HeldOutDesigns<Double>(mappedFrom: directory), clock, progress)
    }
    try Console.onRanks { world in
      try differentiate(
        HeldOutDesigns<Double>(directory: directory, of: world, order: ranks.order, within: plan), clock, progress)
    }
  }

  private func differentiate(
    _ read: @autoclosure () throws -> HeldOutDesigns<Double>, _ clock: Stopwatch, _ progress: ProgressLine
  ) throws {
    let data = try Console.reportingDataErrors {
      let data = try read()
      if model == .logistic {
        try Self.requireLabels(data.trainTargets, directory + "/y_train.npy")
        try Self.requireLabels(data.validationTargets, directory + "/y_val.npy")
      }
      return data
    }
    switch model {
    case .elasticNet: try differentiate(QuadraticLoss<Double>.self, data, clock, progress)
    case .logistic: try differentiate(LogisticLoss<Double>.self, data, clock, progress)
    }
  }

  private func differentiate<Loss: SmoothLoss<Double>>(
    _: Loss.Type, _ data: HeldOutDesigns<Double>, _ clock: Stopwatch, _ progress: ProgressLine
  ) throws {
    let penalty = try Console.reportingDataErrors { try self.penalty(features: data.trainFeatures.columns) }
    let λ = penalty.parameters
    var seconds = PhaseSeconds()
    let given = try givenSolution(features: data.trainFeatures.columns)
    // Every other method needs all columns: copied here, they count as reading.
    if method != Method.auto.rawValue { _ = (data.trainFeatures.denseColumns, data.validationFeatures.denseColumns) }
    let checksum = json == nil ? nil : self.checksum(of: data)
    seconds.reading = clock.seconds
    let map = PenalizedMap(
      loss: Loss(features: data.trainFeatures, targets: data.trainTargets), strengths: penalty.shared,
      step: step.map { .fixed($0) } ?? .optimal)
    try refuseStepThatDoesNotContract(map, λ)
    if method == Method.itdForward.rawValue, let text = Self.tangentsTooMany(map) {
      Console.error(text)
      throw ExitCode.validationFailure
    }
    let (w, inner) = try Console.believing(data) { try innerSolution(map, λ, given: given, progress) }
    seconds.solving = clock.seconds - seconds.reading
    if let save, !Console.isSilent { try Console.reportingDataErrors { try NPY.write(w, to: save) } }
    let session = HypergradientSession(
      map: map, objective: HeldOutLoss<Loss>(features: data.validationFeatures, targets: data.validationTargets),
      parameters: λ, strengths: penalty.strengths, groups: penalty.groups, checksum: checksum, state: w,
      solutionGiven: solution != nil, tolerance: tolerance,
      iterationLimit: iterations,
      repetitions: repetitions)
    if method == "all" {
      try compareAll(session, data, inner, seconds, clock, progress)
    } else {
      try reportOne(session, data, inner, seconds, clock, progress)
    }
  }

  private func reportOne<Loss: SmoothLoss<Double>>(
    _ session: HypergradientSession<Loss>, _ data: HeldOutDesigns<Double>, _ inner: InnerReport,
    _ seconds: PhaseSeconds,
    _ clock: Stopwatch, _ progress: ProgressLine
  ) throws {
    progress.update("differentiating by \(method)")
    let other =
      Method(rawValue: method).map { method in { try session.run(method) } } ?? { try session.run(stochastic) }
    let (result, certified) = try session.runCertified(method == Method.auto.rawValue ? nil : other) {
      progress.update("bounding the error")
    }
    let facts = session.facts(certified.certificate)
    let (checksum, waited) = session.finishedChecksum()
    try Console.reportingDataErrors { try data.requireUnchanged() }
    var report = HypergradientReport(
      session, facts, result, certified, inner, model: model.rawValue, dataChecksum: checksum)
    report.seconds = seconds.completed(by: result, certified, checksum: waited, total: clock.seconds)
    progress.end()
    if let json { try Console.write(json: report, to: json) }
    if json != "-" { try Console.print(report.summary) }
    if !result.report.outcome.isUsable {
      let left = result.report.residual.map { "left a residual of \(Format.error($0))" } ?? "were done"
      Console.error(
        "\(result.method) did not reach tolerance \(tolerance): \(result.report.iterations) iterations \(left). \(result.report.outcome.advice)"
      )
      throw ExitCode.notConverged
    }
  }

  private func compareAll<Loss: SmoothLoss<Double>>(
    _ session: HypergradientSession<Loss>, _ data: HeldOutDesigns<Double>, _ inner: InnerReport,
    _ seconds: PhaseSeconds, _ clock: Stopwatch, _ progress: ProgressLine
  ) throws {
    var results: [MethodResult] = []
    var leftOut: [String] = []
    for method in Method.allCases where method != .auto {
      if method == .itdForward, let text = Self.tangentsTooMany(session.map) {
        leftOut.append(text)
        continue
      }
      progress.update("differentiating by \(method.rawValue)")
      results.append(try session.run(method))
    }
    progress.update("bounding the error")
    let exact = results.first { $0.method == Method.aidDirect.rawValue }!
    let certified = try session.runCertified(nil) {}.certified
    let facts = session.facts(certified.certificate)
    let (checksum, waited) = session.finishedChecksum()
    try Console.reportingDataErrors { try data.requireUnchanged() }
    let total = clock.seconds
    let reports = results.map {
      var report = HypergradientReport(
        session, facts, $0, certified, inner, model: model.rawValue, dataChecksum: checksum)
      report.seconds = seconds.completed(by: $0, certified, checksum: waited, total: total)
      return report
    }
    progress.end()
    for text in leftOut { Console.error("left out: \(text)") }
    if let json { try Console.write(json: reports, to: json) }
    if json != "-" {
      try Console.print(reports[0].header)
      try Console.print(MethodTable.string(results, exact: exact.gradient))
    }
    let failed = results.filter { !$0.report.outcome.isUsable }
    if !failed.isEmpty {
      for f in failed {
        Console.error("\(f.method): residual \(Format.error(f.report.residual)). \(f.report.outcome.advice)")
      }
      throw ExitCode.notConverged
    }
  }
}
