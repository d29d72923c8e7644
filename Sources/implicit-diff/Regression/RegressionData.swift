import Datasets
import LinAlg
import Sharding

/// Rows to fit and, where there are any, rows to judge by. Rows of weight 0 are in neither.
struct RegressionData {
  struct Part {
    var features: any DesignMatrix<Double>
    var targets: Vector<Double>
    var terms = RowTerms()

    /// - Parameter indices: of the rows that stay.
    func rows(_ indices: [Int]) -> Part {
      Part(
        features: features.rows(indices), targets: Vector(count: indices.count) { targets[indices[$0]] },
        terms: terms.rows(indices))
    }
  }

  var fitted: Part
  var heldOut: Part?
  /// What the columns are called; nil where they have no names.
  var names: [String]?
  /// What the targets are called.
  var targetName: String?
  /// Of a classifier.
  var classes: ClassLabels?

  var features: any DesignMatrix<Double> { fitted.features }
  var targets: Vector<Double> { fitted.targets }

  /// Reads what the options name.
  ///
  /// - Parameter seed: of the rows held out.
  /// - Throws: ``DatasetError``, also where a classifier's targets are no two classes.
  init(_ options: ModelOptions, seed: UInt64 = 0) throws(DatasetError) {
    let path = options.data
    var reader = options.format.reader(features: options.rows.features)
    reader.extras = options.terms.columns
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
    let terms = try options.terms.terms(of: train, path: path)
    let counted = try Self.counted(terms, "training", path)
    let classes = try options.model.coding.map { coding throws(DatasetError) in
      try ClassLabels(of: Self.targets(train, counted), coding, path: path)
    }
    // The coefficients of the one are those of the other with the opposite sign, and a 1-norm does not say how they share.
    guard options.model != .multinomial || classes?.names.count != 2 || options.penalty != .lasso else {
      throw .invalid(
        path: path,
        reason:
          "has two classes, of which a 1-norm alone does not determine the coefficients; expected --model logistic, or --penalty elastic-net or group-lasso"
      )
    }
    names = train.names
    targetName = train.targetName
    self.classes = classes
    fitted = try Self.part(train, terms, counted, classes, options.model, "training", path)
    if let fraction = options.rows.holdout {
      let labels = classes == nil ? nil : Array(fitted.targets)
      guard let split = HoldOut(fraction: fraction, of: fitted.targets.count, seed: seed, stratifiedBy: labels) else {
        throw .invalid(
          path: path,
          reason:
            "--holdout \(fraction) of \(fitted.targets.count) rows leaves a part without rows\(classes == nil ? "" : " of a class")"
        )
      }
      let all = fitted
      fitted = all.rows(split.train)
      heldOut = all.rows(split.heldOut)
    } else {
      let file = options.rows.validation ?? path
      heldOut = try validation.map { rows throws(DatasetError) in
        let terms = try options.terms.validationTerms(of: rows, path: file)
        let counted = try Self.counted(terms, "validation", file)
        return try Self.part(rows, terms, counted, classes, options.model, "validation", file)
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
    guard options.terms.weights == nil, options.terms.offsets == nil else {
      throw DatasetError.invalid(
        path: options.data,
        reason: "lies on several ranks, where rows have no weights and offsets; leave out --weights and --offsets")
    }
    guard options.model.isOfOneScore else {
      throw DatasetError.invalid(
        path: options.data, reason: "lies on several ranks, where --model \(options.model.rawValue) is not fitted")
    }
    let data = try HeldOutDesigns<Double>(directory: options.data, of: world, order: order)
    let classes = try options.model.coding.map {
      try ClassLabels(of: .numbers(data.trainTargets), $0, path: options.data)
    }
    func numbers(_ y: Vector<Double>, _ part: String) throws(DatasetError) -> Vector<Double> {
      guard let classes else { return y }
      return try classes.numbers(of: .numbers(y), part, path: options.data)
    }
    self.classes = classes
    fitted = Part(features: data.trainFeatures, targets: try numbers(data.trainTargets, "training"))
    heldOut = Part(features: data.validationFeatures, targets: try numbers(data.validationTargets, "validation"))
    try options.model.check(fitted.targets, "training", options.data)
  }

  /// The rows whose weight is not 0; nil for all.
  private static func counted(_ terms: RowTerms, _ part: String, _ path: String) throws(DatasetError) -> [Int]? {
    guard let weights = terms.weights else { return nil }
    let rows = weights.indices.filter { weights[$0] > 0 }
    if rows.isEmpty {
      throw .invalid(path: path, reason: "the weights of all \(part) rows are 0; expected some above 0")
    }
    return rows.count == weights.count ? nil : rows
  }

  private static func part(
    _ samples: Samples, _ terms: RowTerms, _ counted: [Int]?, _ classes: ClassLabels?, _ model: TuneModel,
    _ name: String, _ path: String
  ) throws(DatasetError) -> Part {
    let targets = try numbers(samples, classes, name, path)
    try model.check(targets, name, path)
    let all = Part(features: samples.features, targets: targets, terms: terms)
    return counted.map { all.rows($0) } ?? all
  }

  /// Those of the rows that count.
  private static func targets(_ samples: Samples, _ counted: [Int]?) -> Targets {
    let all = samples.targets ?? .numbers([])
    guard let counted else { return all }
    switch all {
    case .numbers(let y): return .numbers(Vector(count: counted.count) { y[counted[$0]] })
    case .words(let words): return .words(counted.map { words[$0] })
    }
  }

  private static func targets(_ samples: Samples) -> Targets { samples.targets ?? .numbers([]) }

  /// Targets as numbers: those of their classes.
  static func numbers(
    _ samples: Samples, _ classes: ClassLabels?, _ part: String, _ path: String
  ) throws(DatasetError) -> Vector<Double> {
    if let classes { return try classes.numbers(of: targets(samples), part, path: path) }
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
    for part in [fitted, heldOut].compactMap({ $0 }) {
      sum.add(part.features)
      sum.add(part.targets)
      // Nothing where nothing is said: the checksum of such data stays what it was.
      for x in [part.terms.weights, part.terms.offsets].compactMap({ $0 }) { sum.add(x) }
    }
    return sum
  }
}
