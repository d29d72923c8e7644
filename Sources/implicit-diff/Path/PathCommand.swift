import ArgumentParser
import Bilevel
import CommandSupport
import Datasets
import LinAlg
import Models
import NonsmoothMaps
import TextTable

struct PathCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "path",
    abstract: "Solves along penalty strengths that fall from where nothing is selected.",
    discussion: """
      Every point is begun where the last ones say that the path goes on, and ends where a duality gap proves its objective to be the minimum to within \
      --tolerance of itself, or to rounding where there is no such proof. Where there are validation rows their loss stands beside each point. \
      The path of svm and svr is one of C that rises to its largest from --ratio times that. \
      With --out the coefficients are saved as the arrays of scipy.sparse.csc_matrix, features × points; of multinomial features × (points · classes), \
      class by class within a point.

      \(sampleFormatsHelp)
      """)

  @OptionGroup var inputs: ModelOptions
  @Option(parsing: .unconditional, help: "Points of the path.") var points = 100
  @Option(
    parsing: .unconditional, help: "The last strength as a fraction of the first.", transform: Arguments.number)
  var ratio = 1e-3
  @Option(
    parsing: .unconditional,
    help: "How far an objective may be above its minimum, as a fraction of itself; 0 solves to rounding.",
    transform: Arguments.number)
  var tolerance = 1e-4
  @Option(
    parsing: .unconditional, help: "The strength of the ridge along the path of the elastic net.",
    transform: Arguments.number)
  var lambda2: Double?
  @Option(help: ArgumentHelp("Save path.csv and the coefficients in this folder.", valueName: "DIR")) var out: String?
  @Option(help: ArgumentHelp("Write the report as JSON; - for standard output.", valueName: "FILE|-")) var json: String?

  func validate() throws {
    try Arguments.refuseEmpty(["--out": out, "--json": json])
    try inputs.refuse(outputs: [("--json", json)])
    guard points >= 2 else { throw ValidationError("--points: \(points) is below 2") }
    guard ratio > 0, ratio < 1 else { throw ValidationError("--ratio: \(ratio) is not between 0 and 1") }
    guard tolerance >= 0, tolerance < 1 else {
      throw ValidationError("--tolerance: \(tolerance) is not at least 0 and below 1")
    }
    guard (inputs.model == .svr) == (inputs.epsilon != nil) else {
      throw ValidationError("--epsilon goes with svr, and that with it")
    }
    guard (inputs.penalty == .elasticNet) == (lambda2 != nil) else {
      throw ValidationError("--lambda2 goes with --penalty elastic-net, and that with it")
    }
    if let lambda2, !(lambda2 >= 0 && lambda2.isFinite) {
      throw ValidationError("--lambda2: \(lambda2) is not a number of at least 0")
    }
  }

  func run() throws {
    let clock = Stopwatch()
    try Console.requireWritable([json == "-" ? nil : json])
    if let out { try Console.prepareFolder(out, for: PathReport.files) }
    let progress = ProgressLine("reading \(inputs.data)")
    defer { progress.end() }
    let data = try Console.reportingDataErrors { try RegressionData(inputs) }
    let builder = try Console.reportingDataErrors { try ModelBuilder(inputs, data) }
    let reading = clock.seconds
    progress.update("solving")
    var report = try Console.reportingDataErrors {
      try builder.build(PathConsumer(command: self, reading: reading, progress: progress))
    }
    report.classes = data.classes?.names
    report.seconds.solving = clock.seconds - reading
    progress.end()
    if let out { try Console.reportingDataErrors { try report.write(to: out) } }
    report.seconds.total = clock.seconds
    if let json { try Console.write(json: report, to: json) }
    if json != "-" { try Console.print(report.table) }
    if let failure = report.failure {
      Console.error("the path ended after \(report.points.count) of \(points) points: \(failure)")
      throw ExitCode.notConverged
    }
  }
}

/// Solves the path of a model.
private struct PathConsumer: ModelConsumer {
  let command: PathCommand
  let reading: Double
  let progress: ProgressLine

  func consume<Model: TunableModel<Double>>(
    _ model: Model, names: [String], rows: PreparedRows
  ) throws -> PathReport {
    let map = model.map(features: rows.features, targets: rows.targets, samples: rows.samples)
    let heldOut = rows.heldOut.map {
      model.judge(of: map, features: $0.features, targets: $0.targets, samples: $0.terms.samples)
    }
    var losses: [Double?] = []
    func observe(_ point: RegularizationPath<Double>.Point) -> Bool {
      losses.append(heldOut?.value(at: point.state, parameters: point.parameters))
      progress.update(
        "point \(losses.count) of \(command.points): \(model.selectedCount(point.state)) selected, \(Format.number(losses.last ?? nil)) held out"
      )
      return true
    }
    let path: RegularizationPath<Double>?
    if command.inputs.model.isSupportVector {
      path = model.searchSpace(of: map, names: names, ratio: command.ratio).map { space in
        RegularizationPath(
          of: map, from: space.upper[0] * command.ratio, to: space.upper[0], count: command.points, observe: observe)
      }
    } else {
      let direction = Vector(count: map.parameterCount) {
        $0 < map.penalty.parameterCount ? 1 : command.lambda2 ?? 0
      }
      path = RegularizationPath(
        of: map, along: direction, count: command.points, ratio: command.ratio, tolerance: command.tolerance,
        observe: observe)
    }
    guard let path else {
      throw DatasetError.invalid(path: command.inputs.data, reason: nothingCorrelates)
    }
    return PathReport(
      command.inputs, rows, names: names, path: path, selected: path.points.map { model.selectedCount($0.state) },
      solutions: path.points.map { rows.unscaled(model.scoreCoefficients($0.state, of: map)) }, losses: losses,
      reading: reading)
  }
}
