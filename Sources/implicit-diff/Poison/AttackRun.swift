import ArgumentParser
import Bilevel
import CommandSupport
import Datasets
import Foundation
import LinAlg

/// An attack through the outer loops, or several with the strengths tuned between them.
struct AttackRun {
  let command: PoisonCommand
  let problem: AttackProblem

  private var options: AttackOptions { command.attack }
  private var strengths: Vector<Double> { [command.lambda1, command.lambda2] }

  func run() throws {
    let clock = Stopwatch()
    let interruption = Interruption()
    let progress = ProgressLine("attacking")
    defer { progress.end() }
    let attack = Attack(options.budget(command.budget), steps: command.steps, features: problem.features)
    let isQuiet = options.json == "-"
    if !isQuiet {
      progress.clear()
      try Console.print("\(heading)\n\n\(AttackTable.header(hasAccuracy: problem.accuracy != nil))")
    }
    var accuracies: [Double?] = []
    /// Of the solution that an evaluation has left.
    func accuracy(_ log: Attack.Log) -> Double? {
      problem.accuracy.flatMap { ofState in log.warmStart.first?.solution.map { ofState($0) } }
    }
    func observe(_ record: Attack.Record, _ log: Attack.Log) throws {
      accuracies.append(accuracy(log))
      progress.clear()
      if !isQuiet {
        try Console.print(AttackTable.row(record, accuracies.last ?? nil, hasAccuracy: problem.accuracy != nil))
      }
      progress.update("step \(record.step) of \(command.steps)")
      if let checkpoint = options.checkpoint {
        try Console.reportingDataErrors { try AttackCheckpoint(settings, log).write(to: checkpoint) }
      }
    }
    let isCancelled = { interruption.signal != nil }
    var rounds: [Defence.Round]
    if let count = options.defend {
      let defence = Defence(attack, Tuner(LBFGS(), limits: TuningLimits(evaluations: 200)), rounds: count)
      rounds = try defence.run(
        from: strengths, rows: problem.poisoned.count, attacked: problem.attacked, tuned: problem.tuned,
        isCancelled: isCancelled,
        observe: { round in
          progress.clear()
          if !isQuiet { try Console.print(AttackTable.summary(of: round)) }
        }, step: observe)
    } else {
      let criterion = problem.attacked(strengths)
      let earlier = try resumed(parameters: criterion.parameterCount)
      let log = try attack.run(
        criterion, rows: problem.poisoned.count, resuming: earlier, isCancelled: isCancelled, observe: observe)
      rounds = [Defence.Round(strengths: strengths, log: log)]
    }
    progress.end()
    let report = AttackReport(command, problem, rounds, seconds: clock.seconds)
    try save(rounds[report.best])
    if let json = options.json { try Console.write(json: report, to: json) }
    if !isQuiet { try Console.print("\n" + report.summary) }
    if let number = interruption.signal { throw ExitCode(128 + number) }
    if let failure = rounds.compactMap({ $0.log.records.last?.failure }).first {
      Console.error("ended early: \(failure)")
      throw ExitCode.notConverged
    }
  }

  private var heading: String {
    let classes = problem.classes.map { "; classes: \(ClassLabels($0, .signs).description)" } ?? ""
    return
      "\(options.model.rawValue), \(problem.samples) training rows × \(problem.features) features, \(problem.poisoned.count) of them poisoned\(classes)"
  }

  private var settings: AttackCheckpoint.Settings {
    AttackCheckpoint.Settings(
      model: options.model, budget: options.budget(command.budget), steps: command.steps, lambda1: command.lambda1,
      lambda2: command.lambda2, data: problem.checksum.value)
  }

  private func resumed(parameters: Int) throws -> Attack.Log? {
    guard options.resume, let checkpoint = options.checkpoint else { return nil }
    guard NPY.exists(at: checkpoint) else {
      Console.error("\(checkpoint) is not there yet: the attack begins anew")
      return nil
    }
    return try Console.reportingDataErrors {
      try AttackCheckpoint.log(at: checkpoint, for: settings, parameters: parameters, unknowns: problem.unknowns)
    }
  }

  /// The worst point of an attack.
  private func save(_ round: Defence.Round) throws {
    guard !round.log.best.isEmpty else { return }
    let point = Vector(round.log.best)
    let count = problem.poisoned.count * problem.features
    try Console.reportingDataErrors {
      if let noise = command.noise {
        try NPY.write(
          Matrix<Double>(rows: problem.poisoned.count, columns: problem.features) { point[$0 * problem.features + $1] },
          to: noise)
      }
      if let images = command.images { try NPY.write(problem.rows(point), to: images) }
      if let flips = command.flipped { try NPY.write(Vector(copying: point[segment: count..<point.count]), to: flips) }
    }
  }
}
