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
      DIR holds X_train.npy, X_val.npy (float) and y_train.npy, y_val.npy (integer labels from 0). The model is \
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
  @Option(help: ArgumentHelp("Save the shift, one row a poisoned sample.", valueName: "FILE.npy")) var noise: String?
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
    let map = PoisoningMap<Double>(
      features: data.trainFeatures, labels: data.trainLabels, classCount: data.classCount, poisoned: poisoned,
      λ1: lambda1,
      λ2: lambda2)
    let attack = PoisoningAttack(
      map: map,
      objective: HeldOutCrossEntropy(
        features: data.validationFeatures, labels: data.validationLabels, classCount: data.classCount, negated: true),
      budget: budget, steps: steps)
    print(
      "\(data.trainLabels.count) training rows, \(poisoned.count) of them poisoned by at most \(Format.number(budget)) each; \(data.classCount) classes, \(data.validationLabels.count) validation rows"
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
    let n = data.trainLabels.count
    let path = directory + "/poisoned.npy"
    if FileManager.default.fileExists(atPath: path) {
      let rows = try NPY.indices(at: path)
      guard !rows.isEmpty, Set(rows).count == rows.count, rows.allSatisfy({ $0 >= 0 && $0 < n }) else {
        throw .invalid(path: path, reason: "expected distinct rows of X_train.npy, in 0 ..< \(n)")
      }
      return rows
    }
    var random = RandomStream(seed: seed)
    var order = Array(0..<n)
    random.shuffle(&order)
    return order[..<max(1, Int((fraction * Double(n)).rounded()))].sorted()
  }

  private func save(_ shift: Vector<Double>, _ map: PoisoningMap<Double>) throws {
    let p = map.loss.featureCount
    let rows = Matrix(rowsOf: shift, columns: p)
    try Console.reportingDataErrors {
      if let noise { try NPY.write(rows, to: noise) }
      if let images {
        var pictures = Matrix<Double>.zeros(map.poisoned.count, p, layout: .rowMajor)
        pictures.gatherRows(map.poisoned, from: map.cleanFeatures)
        pictures.combine(1, rows, 1)
        try NPY.write(pictures, to: images)
      }
    }
  }
}

/// Features with integer labels, to train on and held out.
private struct ClassificationData {
  let trainFeatures: Matrix<Double>
  let trainLabels: [Int]
  let validationFeatures: Matrix<Double>
  let validationLabels: [Int]
  let classCount: Int

  init(directory: String) throws(DatasetError) {
    (trainFeatures, trainLabels) = try Self.part("train", directory)
    (validationFeatures, validationLabels) = try Self.part("val", directory)
    guard trainFeatures.columns == validationFeatures.columns else {
      throw .invalid(
        path: directory + "/X_val.npy",
        reason: "\(validationFeatures.columns) columns; expected \(trainFeatures.columns), as X_train.npy has")
    }
    // Compared before one is added: a label may be the largest integer there is.
    let largest = max(trainLabels.max()!, validationLabels.max()!)
    classCount = min(largest, 10_000) + 1
    guard largest >= 1, largest < 10_000 else {
      throw .invalid(
        path: directory + (trainLabels.contains(largest) ? "/y_train.npy" : "/y_val.npy"),
        reason: "labels up to \(largest); expected 2 to 10000 classes from 0")
    }
  }

  private static func part(_ name: String, _ directory: String) throws(DatasetError) -> (Matrix<Double>, [Int]) {
    let path = directory + "/X_\(name).npy"
    let X = try NPY.matrix(at: path, as: Double.self)
    let labelPath = directory + "/y_\(name).npy"
    let y = try NPY.indices(at: labelPath)
    guard X.rows > 0, X.columns > 0 else { throw .invalid(path: path, reason: "holds no rows or no columns") }
    guard y.count == X.rows else {
      throw .invalid(path: labelPath, reason: "\(y.count) labels; expected \(X.rows), one a row of X_\(name).npy")
    }
    if let bad = y.firstIndex(where: { $0 < 0 }) {
      throw .invalid(path: labelPath, reason: "label \(y[bad]) at entry \(bad); expected classes from 0")
    }
    return (X, y)
  }
}
