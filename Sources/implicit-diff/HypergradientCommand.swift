import ArgumentParser
import CommandSupport
import Datasets
import Foundation
import ImplicitDiff
import LinAlg
import Models

/// The smooth part of the inner problem, by name.
enum ModelName: String, CaseIterable, ExpressibleByArgument {
  case elasticNet = "elastic-net"
  case logistic
}

struct HypergradientCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hypergradient",
    abstract: "The derivative of the validation loss with respect to the penalty strengths.",
    discussion: """
      DIR holds X_train.npy, y_train.npy, X_val.npy and y_val.npy (float32 or float64, C or Fortran order). The inner \
      problem is solved on the training rows, unless its solution is given, and the validation loss at the solution is \
      differentiated with respect to (lambda1, lambda2), or with --strengths to every strength and lambda2.

      elastic-net: mean squared error / 2 + lambda1 ‖w‖₁ + lambda2 ‖w‖²/2
      logistic: mean log(1 + exp(−y x·w)) + the same, y −1 or 1
      """)

  @Argument(help: "The data folder.") var directory: String
  @Option(help: "The inner problem: \(ModelName.allCases.map(\.rawValue).joined(separator: " or ")).")
  var model = ModelName.elasticNet
  @Option(parsing: .unconditional, help: "Strength of the 1-norm, at least 0.") var lambda1: Double?
  @Option(
    help: ArgumentHelp(
      "Strengths of the 1-norm, one a feature or one a group of features, in place of --lambda1.",
      valueName: "FILE.npy"))
  var strengths: String?
  @Option(
    help: ArgumentHelp("The group of every feature, counted from 0, for --strengths.", valueName: "FILE.npy"))
  var groups: String?
  @Option(parsing: .unconditional, help: "Strength of the squared 2-norm, at least 0.") var lambda2: Double
  @Option(
    help: "One of \(Method.allCases.map(\.rawValue).joined(separator: ", ")), or all to compare them in a table.")
  var method = "auto"
  @Option(parsing: .unconditional, help: "Relative accuracy of the adjoint solve, and of ITD's iterations.")
  var tolerance = 1e-12
  @Option(parsing: .unconditional, help: "Iteration limit of the inner and of the adjoint solve.") var iterations =
    1_000_000
  @Option(parsing: .unconditional, help: "The step size of the proximal-gradient map (default: the best).")
  var step: Double?
  @Option(help: ArgumentHelp("Take w from this file instead of solving.", valueName: "FILE.npy")) var solution: String?
  @Option(
    name: .customLong("repeat"), parsing: .unconditional,
    help: "Time the hypergradient so many times and report the median.")
  var repetitions = 1
  @Option(help: ArgumentHelp("Write the report as JSON; - for standard output.", valueName: "FILE|-")) var json: String?

  func validate() throws {
    guard (lambda1 == nil) != (strengths == nil) else {
      throw ValidationError("give either --lambda1 or --strengths")
    }
    guard groups == nil || strengths != nil else { throw ValidationError("--groups needs --strengths") }
    if let lambda1 { try Self.requireStrength("--lambda1", lambda1) }
    try Self.requireStrength("--lambda2", lambda2)
    guard method == "all" || Method(rawValue: method) != nil else {
      throw ValidationError(
        "--method: '\(method)' is none of \(Method.allCases.map(\.rawValue).joined(separator: ", ")), all")
    }
    guard tolerance.isFinite, tolerance >= 0 else {
      throw ValidationError("--tolerance: \(tolerance) is not a number of at least 0")
    }
    guard iterations >= 1 else { throw ValidationError("--iterations: \(iterations) is below 1") }
    guard repetitions >= 1 else { throw ValidationError("--repeat: \(repetitions) is below 1") }
    if let step {
      guard step.isFinite, step > 0 else { throw ValidationError("--step: \(step) is not a positive number") }
    }
  }

  private static func requireStrength(_ name: String, _ value: Double) throws {
    guard value.isFinite, value >= 0 else { throw ValidationError("\(name): \(value) is not a number of at least 0") }
  }

  func run() throws {
    let data = try Console.reportingDataErrors { try HeldOutDesigns<Double>(directory: directory) }
    switch model {
    case .elasticNet: try differentiate(QuadraticLoss<Double>.self, data)
    case .logistic:
      try Console.reportingDataErrors {
        try Self.requireLabels(data.trainTargets, directory + "/y_train.npy")
        try Self.requireLabels(data.validationTargets, directory + "/y_val.npy")
      }
      try differentiate(LogisticLoss<Double>.self, data)
    }
  }

  private static func requireLabels(_ y: Vector<Double>, _ path: String) throws {
    guard let i = (0..<y.count).first(where: { abs(y[$0]) != 1 }) else { return }
    throw DatasetError.invalid(path: path, reason: "entry \(i) is \(y[i]); expected the labels -1 and 1")
  }

  private func differentiate<Loss: SmoothLoss<Double>>(_: Loss.Type, _ data: HeldOutDesigns<Double>) throws {
    let (penalty, λ) = try Console.reportingDataErrors { try strengthsAndGroups(features: data.trainFeatures.columns) }
    let map = PenalizedMap(
      loss: Loss(features: data.trainFeatures, targets: data.trainTargets), groups: penalty,
      step: step.map { .fixed($0) } ?? .optimal)
    try refuseStepThatDoesNotContract(map, λ)
    if method == Method.itdForward.rawValue, let text = Self.tangentsTooMany(map) {
      Console.error(text)
      throw ExitCode.validationFailure
    }
    let (w, inner) = try innerSolution(map, λ)
    let session = HypergradientSession(
      map: map, objective: HeldOutLoss<Loss>(features: data.validationFeatures, targets: data.validationTargets),
      parameters: λ, state: w, solutionGiven: solution != nil, tolerance: tolerance, iterationLimit: iterations,
      repetitions: repetitions)
    if method == "all" {
      try compareAll(session, inner)
    } else {
      try reportOne(session, Method(rawValue: method)!, inner)
    }
  }

  /// Which strength each feature has, and λ: the strengths, then the ridge's.
  private func strengthsAndGroups(features p: Int) throws(DatasetError) -> (FeatureGroups, Vector<Double>) {
    guard let strengths else { return (.single, [lambda1!, lambda2]) }
    let t = try NPY.vector(at: strengths, as: Double.self)
    if let bad = (0..<t.count).first(where: { t[$0] < 0 }) {
      throw .invalid(path: strengths, reason: "entry \(bad) is \(t[bad]); expected strengths of at least 0")
    }
    let λ = Vector(count: t.count + 1) { $0 < t.count ? t[$0] : lambda2 }
    guard let groups else {
      guard t.count == p else {
        throw .invalid(path: strengths, reason: "holds \(t.count) strengths; expected \(p), one a feature")
      }
      return (.perFeature(p), λ)
    }
    let g = try NPY.indices(at: groups)
    guard g.count == p else {
      throw .invalid(path: groups, reason: "holds \(g.count) entries; expected \(p), one a feature")
    }
    if let bad = g.firstIndex(where: { $0 < 0 || $0 >= t.count }) {
      throw .invalid(path: groups, reason: "entry \(bad) is \(g[bad]); \(strengths) holds the groups 0 ..< \(t.count)")
    }
    return (FeatureGroups(g, count: t.count), λ)
  }

  /// Why tangents are not carried along the iteration: there is one a hyperparameter, p numbers each, three times over. nil where they
  /// take at most 2 GiB.
  private static func tangentsTooMany<Loss: SmoothLoss<Double>>(_ map: PenalizedMap<Loss>) -> String? {
    let m = Double(map.parameterCount)
    let bytes = 8 * m * (3 * Double(map.stateCount) + m)
    if bytes <= 2 * 1_073_741_824 { return nil }
    return
      "itd-forward would carry \(map.parameterCount) tangents of \(map.stateCount) numbers, \(Format.number(bytes / 1_073_741_824)) GiB: take itd-reverse or an aid method"
  }

  /// A fixed step beyond 2/(L + λ2) makes the iteration expand: said with its factor instead of iterating to infinity.
  private func refuseStepThatDoesNotContract<Loss: SmoothLoss<Double>>(
    _ map: PenalizedMap<Loss>, _ λ: Vector<Double>
  ) throws {
    guard let step, let factor = map.contractionBound(parameters: λ), factor > 1 + 1e-12 else { return }
    let limit = 2 / (map.loss.spectrum.largest + lambda2)
    Console.error(
      "the map does not contract with step \(step): its factor is \(Format.number(factor)); a step below \(Format.number(limit)) does"
    )
    throw ExitCode.notConverged
  }

  /// Working sets take a handful of passes; a problem that needs more than this is not one for them.
  private static let workingSetPasses = 200

  /// w and how it was come by.
  private func innerSolution<Loss: SmoothLoss<Double>>(
    _ map: PenalizedMap<Loss>, _ λ: Vector<Double>
  ) throws -> (Vector<Double>, InnerReport) {
    if let solution {
      let w = try Console.reportingDataErrors {
        let w = try NPY.vector(at: solution, as: Double.self)
        guard w.count == map.stateCount else {
          throw DatasetError.invalid(
            path: solution, reason: "holds \(w.count) entries, and the training features have \(map.stateCount) columns"
          )
        }
        return w
      }
      return (w, InnerReport(iterations: 0, residual: map.residual(at: w, parameters: λ), seconds: 0))
    }
    if (0..<map.groups.count).allSatisfy({ λ[$0] > 0 }) {
      let progress = ProgressLine()
      let found = WorkingSetSolver<Double>(passLimit: min(iterations, Self.workingSetPasses)).solve(
        map.loss, groups: map.groups, parameters: λ
      ) { pass, gap in progress.update("solving the inner problem: pass \(pass), duality gap \(Format.error(gap))") }
      progress.end()
      if found.outcome == .converged {
        return (
          found.estimate,
          InnerReport(
            iterations: found.passes, residual: map.residual(at: found.estimate, parameters: λ), seconds: found.seconds)
        )
      }
      // What working sets cannot do, or not within the limit, is left to the iteration, which says how far it came.
    }
    return try iteratedSolution(map, λ)
  }

  /// w by the fixed-point iteration itself.
  private func iteratedSolution<Loss: SmoothLoss<Double>>(
    _ map: PenalizedMap<Loss>, _ λ: Vector<Double>
  ) throws -> (Vector<Double>, InnerReport) {
    let progress = ProgressLine()
    var solver = FixedPointSolver<Double>(
      tolerance: 1e-12, iterationLimit: iterations, acceleration: .anderson(memory: 5))
    func solve(from start: Vector<Double>?) -> FixedPointSolution<Double> {
      solver.solve(map, parameters: λ, from: start) { iteration, residual in
        progress.update("solving the inner problem: iteration \(iteration), residual \(Format.error(residual))")
      }
    }
    var found = solve(from: nil)
    if found.outcome == .converged {
      // The error in w is up to residual/(1 − q), and the hypergradient's follows it: from here on as far as rounding
      // lets the residual fall. Where it stops falling is no failure.
      solver.tolerance = 64 * .ulpOfOne
      solver.iterationLimit = iterations - found.iterations
      let polished = solve(from: found.estimate)
      found.iterations += polished.iterations
      found.seconds += polished.seconds
      if polished.residual < found.residual {
        found.estimate = polished.estimate
        found.residual = polished.residual
      }
    }
    progress.end()
    let report = InnerReport(iterations: found.iterations, residual: found.residual, seconds: found.seconds)
    if found.outcome != .converged {
      Console.error(
        "the inner problem was not solved: \(found.iterations) iterations left a residual of \(Format.error(found.residual)). \(found.outcome.advice)"
      )
      throw ExitCode.notConverged
    }
    return (found.estimate, report)
  }

  private func reportOne<Loss: SmoothLoss<Double>>(
    _ session: HypergradientSession<Loss>, _ method: Method, _ inner: InnerReport
  ) throws {
    let result = try session.run(method)
    let report = HypergradientReport(session, result, try session.certified(), inner, model: model.rawValue)
    if let json {
      try Console.write(json: report, to: json)
    }
    if json != "-" { print(report.summary) }
    if !result.report.outcome.isUsable {
      Console.error(
        "\(result.method) did not reach tolerance \(tolerance): \(result.report.iterations) iterations left a residual of \(Format.error(result.report.residual)). \(result.report.outcome.advice)"
      )
      throw ExitCode.notConverged
    }
  }

  private func compareAll<Loss: SmoothLoss<Double>>(
    _ session: HypergradientSession<Loss>, _ inner: InnerReport
  ) throws {
    let progress = ProgressLine()
    var results: [MethodResult] = []
    for method in Method.allCases where method != .auto {
      if method == .itdForward, let text = Self.tangentsTooMany(session.map) {
        progress.end()
        Console.error("left out: \(text)")
        continue
      }
      progress.update("running \(method.rawValue)")
      results.append(try session.run(method))
    }
    progress.end()
    let exact = results.first { $0.method == Method.aidDirect.rawValue }!
    let certified = try session.certified()
    let reports = results.map { HypergradientReport(session, $0, certified, inner, model: model.rawValue) }
    if let json { try Console.write(json: reports, to: json) }
    if json != "-" {
      print(reports[0].header)
      print(MethodTable.string(results, exact: exact.gradient))
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
