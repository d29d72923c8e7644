import Datasets
import LinAlg

/// Rows to fit and, where there are any, rows to judge by.
struct RegressionData {
  var features: any DesignMatrix<Double>
  var targets: Vector<Double>
  var heldOut: (features: any DesignMatrix<Double>, targets: Vector<Double>)?
  /// What the columns are called; nil where they have no names.
  var names: [String]?
  /// What the targets are called.
  var targetName: String?
  /// Of a classifier: what −1 and 1 stand for.
  var classes: ClassLabels?

  /// Reads what the options name.
  ///
  /// - Parameter seed: of the rows held out.
  /// - Throws: ``DatasetError``, also where a classifier's targets are no two classes.
  init(_ options: ModelOptions, seed: UInt64 = 0) throws(DatasetError) {
    let path = options.data
    let reader = options.format.reader(features: options.rows.features)
    let (train, own) = try reader.read(path)
    let isSplit = own != nil
    var validation = own
    if options.rows.validation != nil || options.rows.holdout != nil, isSplit {
      throw .invalid(path: path, reason: "has validation rows of its own; leave out --validation and --holdout")
    }
    if let file = options.rows.validation {
      validation = try reader.read(
        file, features: train.features.columns, names: train.names, targetName: train.targetName, needsTargets: true)
    }
    if let validation, (validation.features.denseColumns == nil) != (train.features.denseColumns == nil) {
      throw .invalid(
        path: options.rows.validation ?? path,
        reason:
          "is \(train.features.denseColumns == nil ? "dense" : "sparse"), and the rows to fit are not; expected both stored alike"
      )
    }
    let classes = options.model.isClassifier ? try ClassLabels(of: Self.targets(train), path: path) : nil
    let targets = try Self.numbers(train, classes, "training", path)
    names = train.names
    targetName = train.targetName
    self.classes = classes
    if let fraction = options.rows.holdout {
      let labels = classes == nil ? nil : Array(targets)
      guard let part = HoldOut(fraction: fraction, of: train.count, seed: seed, stratifiedBy: labels) else {
        throw .invalid(
          path: path,
          reason:
            "--holdout \(fraction) of \(train.count) rows leaves a part without rows\(classes == nil ? "" : " of a class")"
        )
      }
      func rows(_ indices: [Int]) -> (features: any DesignMatrix<Double>, targets: Vector<Double>) {
        (train.features.rows(indices), Vector(count: indices.count) { targets[indices[$0]] })
      }
      (features, self.targets) = rows(part.train)
      heldOut = rows(part.heldOut)
    } else {
      features = train.features
      self.targets = targets
      let file = options.rows.validation ?? path
      heldOut = try validation.map { part throws(DatasetError) in
        (part.features, try Self.numbers(part, classes, "validation", file))
      }
    }
  }

  private static func targets(_ samples: Samples) -> Targets { samples.targets ?? .numbers([]) }

  /// Targets as numbers: −1 and 1 for classes.
  static func numbers(
    _ samples: Samples, _ classes: ClassLabels?, _ part: String, _ path: String
  ) throws(DatasetError) -> Vector<Double> {
    if let classes { return try classes.signs(of: targets(samples), part, path: path) }
    switch targets(samples) {
    case .numbers(let y): return y
    case .words(let words):
      throw .invalid(
        path: path,
        reason:
          "column '\(samples.targetName ?? "")' holds words ('\(words[0].prefix(40))'); expected numbers, or a classifier (--model logistic)"
      )
    }
  }

  /// A name per column.
  func name(of column: Int) -> String { names?[column] ?? "feature \(column)" }

  var checksum: Checksum {
    var sum = Checksum()
    sum.add(features)
    sum.add(targets)
    if let heldOut {
      sum.add(heldOut.features)
      sum.add(heldOut.targets)
    }
    return sum
  }
}
