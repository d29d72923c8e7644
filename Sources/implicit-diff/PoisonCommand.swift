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
    abstract: "Shifts training rows within a budget so that the trained classifier does worst on the validation rows.",
    discussion: """
      DIR holds X_train.npy, X_val.npy (float) and y_train.npy, y_val.npy (integer labels from 0). In place of X_train.npy \
      it may hold compressed columns, X_train.data.npy, X_train.indices.npy and X_train.indptr.npy, and X_val likewise; \
      the features then stay sparse, the shifts are dense. The model is \
      multinomial logistic regression with the elastic net; the attack is projected gradient ascent on its validation \
      loss, with the hypergradient by implicit differentiation. The poisoned rows are those of DIR/poisoned.npy where \
      that exists, otherwise a random share.
      """)

  @Argument(help: "The data folder.") var directory: String
  @Option(help: "The largest Euclidean norm of a row's shift.") var budget: Double
  @Option(help: "The number of ascent steps.") var steps: Int
  @Option(help: "Strength of the 1-norm, at least 0.") var lambda1 = 0.004
  @Option(help: "Strength of the squared 2-norm, at least 0.") var lambda2 = 0.1
  @Option(help: "The share of training rows to poison, where DIR has no poisoned.npy.") var fraction = 0.3
  @Option(help: "Seed of the choice of rows.") var seed: UInt64 = 0
  @Option(help: ArgumentHelp("Save the shift, one row per poisoned sample.", valueName: "FILE.npy")) var noise: String?
  @Option(help: ArgumentHelp("Save the poisoned rows; scripts/picture-sheet.py draws them.", valueName: "FILE.npy"))
  var images: String?

  func validate() throws {
    for (name, value) in [("--budget", budget), ("--lambda1", lambda1), ("--lambda2", lambda2)] {
      guard value.isFinite, value >= 0 else { throw ValidationError("\(name): \(value) is not a number of at least 0") }
    }
    guard steps >= 1 else { throw ValidationError("--steps: \(steps) is below 1") }
    guard fraction > 0, fraction <= 1 else { throw ValidationError("--fraction: \(fraction) is not in (0, 1]") }
  }

  func run() throws {
    let data = try Console.reportingDataErrors { try ClassificationData(directory: directory) }
    let poisoned = try Console.reportingDataErrors { try poisonedRows(data) }
    let map = data.map(poisoned: poisoned, λ1: lambda1, λ2: lambda2)
    let attack = PoisoningAttack(map: map, objective: data.objective(), budget: budget, steps: steps)
    print(
      "\(data.train.labels.count) training rows, \(poisoned.count) of them poisoned by at most \(Format.number(budget)) each; \(data.classCount) classes, \(data.validation.labels.count) validation rows"
    )
    print("step  validation loss  validation accuracy  training accuracy  largest shift  support  inner iterations")
    let result: PoisoningAttack<Double>.Result
    do {
      result = try attack.run { p in
        print(
          String(
            format: "%4d  %15.6f  %18.2f %%  %16.2f %%  %13.4f  %7d  %16d", p.step, p.validationLoss,
            100 * p.validationAccuracy, 100 * p.trainingAccuracy, p.largestShift, p.support, p.innerIterations))
        fflush(nil)
      }
    } catch let failure as FixedPointFailure {
      Console.error(failure.description)
      throw ExitCode.notConverged
    } catch let failure as DifferentiationFailure {
      Console.error(failure.description)
      throw ExitCode.notConverged
    }
    try save(result.shift, map)
  }

  private func poisonedRows(_ data: ClassificationData) throws(DatasetError) -> [Int] {
    let n = data.train.labels.count
    let path = directory + "/poisoned.npy"
    if FileManager.default.fileExists(atPath: path) {
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

  private func save(_ shift: Vector<Double>, _ map: PoisoningMap<Double>) throws {
    try Console.reportingDataErrors {
      if let noise { try NPY.write(Matrix(rowsOf: shift, columns: map.loss.featureCount), to: noise) }
      if let images { try NPY.write(map.poisonedRows(shift: shift), to: images) }
    }
  }
}
