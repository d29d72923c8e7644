import Datasets
import LinAlg
import Sharding

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

  /// Rows on the ranks of an MPI program, of a folder with X_train, y_train, X_val and y_val.
  ///
  /// - Throws: `RankFailure`, ``DatasetError``.
  init(_ options: ModelOptions, of world: borrowing World, order: SummationOrder) throws {
    guard options.rows.validation == nil, options.rows.holdout == nil else {
      throw DatasetError.invalid(
        path: options.data,
        reason: "lies on several ranks, with validation rows of its own; leave out --validation and --holdout")
    }
    let data = try HeldOutDesigns<Double>(directory: options.data, of: world, order: order)
    let classes =
      options.model.isClassifier ? try ClassLabels(of: .numbers(data.trainTargets), path: options.data) : nil
    func numbers(_ y: Vector<Double>, _ part: String) throws(DatasetError) -> Vector<Double> {
      guard let classes else { return y }
      return try classes.signs(of: .numbers(y), part, path: options.data)
    }
    self.classes = classes
    features = data.trainFeatures
    targets = try numbers(data.trainTargets, "training")
    heldOut = (data.validationFeatures, try numbers(data.validationTargets, "validation"))
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
