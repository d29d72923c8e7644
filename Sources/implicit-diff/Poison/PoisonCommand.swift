import ArgumentParser
import CommandSupport
import Datasets
import Foundation
import ImplicitDiff
import LinAlg
import Models
import RandomStreams

struct PoisonCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "poison",
    abstract: "Shifts training rows within a budget so that the trained model does worst on the validation rows.",
    discussion: """
      DIR holds X_train.npy, X_val.npy (float) and y_train.npy, y_val.npy (integer labels from 0). The model is \
      multinomial logistic regression with the elastic net; the attack is projected gradient ascent on its validation \
      loss, with the hypergradient by implicit differentiation. The poisoned rows are those of DIR/poisoned.npy where \
      that exists, otherwise a random share. Saved is the shift of the step with the largest validation loss, also where \
      a later step fails.

      With --model the same is done to other linear models, with --norm in other norms, with --flips to labels as well; with --defend the strengths are \
      tuned on the attacked rows and attacked again, and those that do best under attack are named. Of these models DIR holds what tune takes.

      \(sparseDataHelp) Sparse features stay sparse; the shifts are dense.
      """)

  @Argument(help: "The data folder.") var directory: String
  @Option(
    parsing: .unconditional, help: "The largest Euclidean norm of a row's shift, or by --norm what else it may be.",
    transform: Arguments.number)
  var budget: Double
  @Option(parsing: .unconditional, help: "The number of ascent steps.") var steps: Int
  @Option(parsing: .unconditional, help: "Strength of the 1-norm, at least 0.", transform: Arguments.number)
  var lambda1 = 0.004
  @Option(parsing: .unconditional, help: "Strength of the squared 2-norm, at least 0.", transform: Arguments.number)
  var lambda2 = 0.1
  @Option(
    parsing: .unconditional, help: "The share of training rows to poison, where DIR has no poisoned.npy.",
    transform: Arguments.number)
  var fraction = 0.3
  @Option(parsing: .unconditional, help: "Seed of the choice of rows.") var seed: UInt64 = 0
  @Option(help: ArgumentHelp("Save the shift, one row per poisoned sample.", valueName: "FILE.npy")) var noise: String?
  @Option(help: ArgumentHelp("Save the poisoned rows; scripts/picture-sheet.py draws them.", valueName: "FILE.npy"))
  var images: String?
  @Option(help: ArgumentHelp("Save the shares of the poisoned rows' labels that are flipped.", valueName: "FILE.npy"))
  var flipped: String?
  @OptionGroup var attack: AttackOptions

  func validate() throws {
    try Arguments.refuseEmpty(["DIR": directory, "--noise": noise, "--images": images, "--flipped": flipped])
    try attack.check()
    guard flipped == nil || attack.flips != nil else { throw ValidationError("--flipped goes with --flips") }
    for (name, value) in [("--budget", budget), ("--lambda1", lambda1), ("--lambda2", lambda2)] {
      guard value.isFinite, value >= 0 else { throw ValidationError("\(name): \(value) is not a number of at least 0") }
    }
    guard steps >= 1 else { throw ValidationError("--steps: \(steps) is below 1") }
    guard fraction > 0, fraction <= 1 else { throw ValidationError("--fraction: \(fraction) is not in (0, 1]") }
    if attack.defend != nil, lambda1 == 0 || lambda2 == 0 {
      throw ValidationError("--defend tunes both strengths; expected --lambda1 and --lambda2 above 0")
    }
    let outputs = [("--noise", noise), ("--images", images), ("--flipped", flipped), ("--json", attack.json)]
      .compactMap { name, path in path.map { (name, $0) } }.filter { $0.1 != "-" }
    for (k, a) in outputs.enumerated() {
      for b in outputs[(k + 1)...] where OutputFile.isSame(a.1, b.1) {
        throw ValidationError("\(a.0) and \(b.0) name the same file")
      }
    }
  }

  func run() throws {
    try Console.requireWritable([noise, images, flipped, attack.checkpoint, attack.json == "-" ? nil : attack.json])
    if attack.areUsed {
      let problem = try Console.reportingDataErrors { try attackProblem() }
      return try AttackRun(command: self, problem: problem).run()
    }
    let progress = ProgressLine("reading \(directory)")
    defer { progress.end() }
    let data = try Console.reportingDataErrors { try ClassificationData(directory: directory) }
    let poisoned = try Console.reportingDataErrors { try poisonedRows(of: data.train.labels.count) }
    let map = data.map(poisoned: poisoned, λ1: lambda1, λ2: lambda2)
    let attack = PoisoningAttack(map: map, objective: data.objective(), budget: budget, steps: steps)
    progress.end()
    try Console.print(
      """
      \(data.train.labels.count) training rows, \(poisoned.count) of them poisoned by at most \(Format.number(budget)) each
      \(data.classCount) classes, \(data.validation.labels.count) validation rows

      \(PoisonTable.header)
      """)
    let found: PoisoningAttack<Double>.Result
    do {
      found = try run(attack)
    } catch let interrupted as PoisoningAttack<Double>.Interrupted {
      let code = interrupted.reason as? ExitCode ?? .notConverged
      if interrupted.reason as? ExitCode == nil { Console.error("\(interrupted.reason)") }
      try save(interrupted.found, map)
      let saved = noise == nil && images == nil ? "" : ", which is saved"
      Console.error("ended early; the worst until then is step \(interrupted.found.step)\(saved)")
      throw code
    } catch let failure as ConvergenceFailure {
      Console.error(failure.description)
      throw ExitCode.notConverged
    }
    try save(found, map)
    try Console.print(
      "\nthe worst is step \(found.step), validation loss \(String(format: "%.6f", found.validationLoss))")
  }

  /// Runs the attack; a row of the table per step.
  private func run(_ attack: PoisoningAttack<Double>) throws -> PoisoningAttack<Double>.Result {
    let progress = ProgressLine("step 0 of \(steps)")
    defer { progress.end() }
    return try attack.run { p in
      progress.clear()
      try Console.print(PoisonTable.row(p))
      progress.update("step \(p.step + 1) of \(steps)")
    }
  }

  private func attackProblem() throws(DatasetError) -> AttackProblem {
    guard attack.model != .multinomial else {
      let data = try ClassificationData(directory: directory)
      return AttackProblem(data, poisoned: try poisonedRows(of: data.train.labels.count))
    }
    let data = try HeldOutDesigns<Double>(directory: directory)
    return try AttackProblem(
      data, model: attack.model, poisoned: try poisonedRows(of: data.trainTargets.count), flips: attack.flips != nil,
      path: directory)
  }

  private func poisonedRows(of n: Int) throws(DatasetError) -> [Int] {
    let path = directory + "/poisoned.npy"
    if NPY.exists(at: path) {
      let rows = try NPY.indices(at: path)
      guard !rows.isEmpty, Set(rows).count == rows.count, rows.allSatisfy({ $0 >= 0 && $0 < n }) else {
        throw .invalid(path: path, reason: "expected distinct rows of the training features, in 0 ..< \(n)")
      }
      return rows
    }
    var random = RandomStream(seed: seed)
    var order = Array(0..<n)
    random.shuffle(&order)
    return order[..<max(1, Int((fraction * Double(n)).rounded()))].sorted()
  }

  private func save(_ found: PoisoningAttack<Double>.Result, _ map: PoisoningMap<Double>) throws {
    try Console.reportingDataErrors {
      if let noise { try NPY.write(Matrix(rowsOf: found.shift, columns: map.smooth.loss.featureCount), to: noise) }
      if let images { try NPY.write(map.smooth.poisonedRows(shift: found.shift), to: images) }
    }
  }
}

/// The attack step by step, at most 80 columns wide.
enum PoisonTable {
  static let header = """
          validation validation   training    largest              inner
    step        loss   accuracy   accuracy      shift  support iterations
    """

  static func row(_ p: PoisoningAttack<Double>.Progress) -> String {
    // Large losses and shifts by their exponent: six decimals of 1e9 would break the column.
    func number(_ x: Double, _ decimals: Int) -> String {
      x.magnitude < 1e4 ? String(format: "%.\(decimals)f", x) : String(format: "%.3e", x)
    }
    func padded(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    return [
      padded("\(p.step)", 4), padded(number(p.validationLoss, 6), 11),
      padded(String(format: "%.2f %%", 100 * p.validationAccuracy), 10),
      padded(String(format: "%.2f %%", 100 * p.trainingAccuracy), 10), padded(number(p.largestShift, 4), 10),
      padded("\(p.support)", 8), padded("\(p.innerIterations)", 10),
    ].joined(separator: " ")
  }
}
