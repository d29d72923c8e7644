import ArgumentParser
import CommandSupport
import Datasets
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Holds a report of hypergradient against the data, by other means than it was computed by.",
    discussion: """
      REPORT.json is what hypergradient --json wrote for the data folder DIR, of one method or of all. Data and parameters are \
      compared by checksum. Then the inner problem is solved from its optimality conditions, the hypergradient is derived from them by a \
      factorization, and once more from differences of the validation loss over problems that are solved anew. Every number \
      of the report has to agree within its error bound and what rounding explains.

      Exit codes: 0 where all agree, 65 where data, parameters or w are not those of the report, 70 where a number does not \
      hold, or where nothing could be derived.
      """)

  @Argument(help: "The data folder.") var directory: String
  @Argument(help: "The report.") var report: String
  @Option(help: ArgumentHelp("The w that was saved or given; its optimality is checked.", valueName: "FILE.npy"))
  var solution: String?
  @Option(help: ArgumentHelp("Write the findings as JSON; - for standard output.", valueName: "FILE|-")) var json:
    String?

  func validate() throws {
    try Arguments.refuseEmpty(["DIR": directory, "REPORT": report, "--solution": solution, "--json": json])
    if let json, json != "-", OutputFile.isSame(report, json) {
      throw ValidationError("REPORT and --json name the same file")
    }
  }

  func run() throws {
    try Console.requireWritable([json])
    let progress = ProgressLine("reading \(directory)")
    defer { progress.end() }
    let (runs, data) = try Console.reportingDataErrors {
      (try ReportedRun.read(report), try HeldOutDesigns<Double>(mappedFrom: directory))
    }
    let w = try Console.reportingDataErrors { try solution.map { try NPY.vector(at: $0, as: Double.self) } }
    try Console.reportingDataErrors { for run in runs { try requireSame(run, data, w) } }
    var results: [Verification] = []
    for run in runs {
      progress.update("deriving \(run.method) again")
      switch ModelName(rawValue: run.model)! {
      case .elasticNet: results.append(try verify(run, QuadraticLoss<Double>.self, data, w))
      case .logistic:
        try Console.reportingDataErrors {
          try HypergradientCommand.requireLabels(data.trainTargets, directory + "/y_train.npy")
          try HypergradientCommand.requireLabels(data.validationTargets, directory + "/y_val.npy")
        }
        results.append(try verify(run, LogisticLoss<Double>.self, data, w))
      }
    }
    try Console.reportingDataErrors { try data.requireUnchanged() }
    progress.end()
    if let json { try Console.write(json: results, to: json) }
    if json != "-" {
      for result in results { try Console.print("\(result.method)\n\(Finding.table(result.findings))") }
    }
    let wrong = results.flatMap { result in
      result.findings.filter { $0.holds == false }.map {
        results.count == 1 ? $0.quantity : "\(result.method) \($0.quantity)"
      }
    }
    if wrong.isEmpty { return }
    Console.error("\(report): does not hold: \(wrong.joined(separator: ", "))")
    throw ExitCode.notConverged
  }

  /// That data, parameters and w are those of the report.
  private func requireSame(
    _ run: ReportedRun, _ data: HeldOutDesigns<Double>, _ w: Vector<Double>?
  ) throws(DatasetError) {
    let X = data.trainFeatures
    guard run.samples == X.rows, run.features == X.columns else {
      throw .invalid(
        path: directory,
        reason: "holds \(X.rows) samples × \(X.columns) features; \(report) is of \(run.samples) × \(run.features)")
    }
    func require(_ path: String, _ what: String, _ found: String, _ expected: String) throws(DatasetError) {
      if found == expected { return }
      throw .invalid(path: path, reason: "\(what) not those of the report: checksum \(found), expected \(expected)")
    }
    try require(directory, "the data are", Checksum.text(data), run.checksums.data)
    try require(report, "the parameters are", Checksum.text(Vector(run.parameters)), run.checksums.parameters)
    guard let w, let solution else { return }
    guard w.count == X.columns else {
      throw .invalid(
        path: solution, reason: "holds \(w.count) entries, and the training features have \(X.columns) columns")
    }
    try require(solution, "the entries of w are", Checksum.text(w), run.checksums.solution)
  }

  private func verify<Loss: SmoothLoss<Double>>(
    _ run: ReportedRun, _: Loss.Type, _ data: HeldOutDesigns<Double>, _ w: Vector<Double>?
  ) throws -> Verification {
    guard run.converged else {
      Console.error("\(report): \(run.method) did not converge: there is nothing to hold against the data")
      throw ExitCode.notConverged
    }
    let λ = Vector(run.parameters)
    let strengths: SharedStrengths =
      run.groups.map { SharedStrengths($0, count: λ.count - 1) }
      ?? (λ.count == 2 ? .single : .perCoordinate(run.features))
    let solver = ConditionSolver(
      map: PenalizedMap(
        loss: Loss(features: data.trainFeatures, targets: data.trainTargets), strengths: strengths, step: .optimal),
      place: run.place)
    let objective = HeldOutLoss<Loss>(features: data.validationFeatures, targets: data.validationTargets)
    do throws(ConditionSolver<Loss>.Failure) {
      let solved = try solver.solve(at: λ, orFrom: w)
      let findings = Comparison(run: run, given: w, derived: Rederivation(solver, objective, solved)).findings
      return Verification(method: run.method, holds: findings.allSatisfy { $0.holds != false }, findings: findings)
    } catch {
      let reason =
        switch error {
        case .supportTooLarge(let size):
          "a support of \(size) features is above \(ConditionSolver<Loss>.largestSupport), beyond which nothing is factored"
        case .singular:
          "the Hessian on the support that was found is singular\(w == nil ? "; --solution FILE.npy says where to look" : "")"
        case .notFound:
          "no point was found that meets the optimality conditions to rounding\(w == nil ? "; --solution FILE.npy says where to look" : "")"
        }
      Console.error("\(report): cannot be derived again: \(reason)")
      throw ExitCode.notConverged
    }
  }
}
