import Bilevel
import Datasets
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps

/// A search as the command line asks for it: the criterion, where it is looked for, and what is fitted in the end.
struct TuneProblem {
  let data: TuneData
  let settings: TuneSettings
  let criterion: any Criterion
  let space: SearchSpace
  /// Coefficients and intercept at a λ, in the units of the data: fitted to the training rows, for a cross-validation to all of them.
  let fit: (TuningRecord) -> (coefficients: Vector<Double>, intercept: Double)?

  init(_ command: TuneCommand) throws {
    let data = try TuneData(path: command.data)
    if command.model.isClassifier { try data.requireLabels(command.data) }
    self.data = data
    let groups = try command.groups.map { path throws(DatasetError) in try Self.groups(path, data.features.columns) }
    var checksum = command.checkpoint == nil ? Checksum() : data.checksum
    checksum.add(groups ?? [])
    let criterion = command.criterion ?? (data.heldOut == nil ? .cv : .heldout)
    let isCV = criterion == .cv
    let build = Builder(command: command, data: data, criterion: criterion)
    let found = try build.problem(groups)
    self.criterion = found.criterion
    space = found.space
    fit = found.fit
    settings = TuneSettings(
      model: command.model, penalty: command.penalty, criterion: criterion, folds: isCV ? command.folds : nil,
      repeats: isCV ? command.repeats : nil, seed: command.seed, features: data.features.columns, strengths: found.space.count,
      optimizer: command.optimizer, points: command.points, ratio: command.ratio, tolerance: command.tolerance,
      intercept: command.intercept, standardize: command.standardize, data: checksum.value)
  }

  /// The group of every feature.
  private static func groups(_ path: String, _ p: Int) throws(DatasetError) -> [Int] {
    let groups = try NPY.indices(at: path)
    guard groups.count == p else {
      throw .invalid(path: path, reason: "holds \(groups.count) entries; expected \(p), one per feature")
    }
    if let bad = groups.firstIndex(where: { $0 < 0 || $0 >= p }) {
      throw .invalid(path: path, reason: "entry \(bad) is \(groups[bad]); expected groups counted from 0")
    }
    let count = groups.max()! + 1
    var seen = Array(repeating: false, count: count)
    for g in groups { seen[g] = true }
    if let empty = seen.firstIndex(of: false) {
      throw .invalid(path: path, reason: "group \(empty) has no feature; expected every group from 0 to \(count - 1)")
    }
    return groups
  }
}

/// What a search is made of.
struct TuneParts {
  var criterion: any Criterion
  var space: SearchSpace
  var fit: (TuningRecord) -> (coefficients: Vector<Double>, intercept: Double)?
}

/// Joins a loss with a penalty by their names.
private struct Builder {
  let command: TuneCommand
  let data: TuneData
  let criterion: TuneCriterion

  func problem(_ groups: [Int]?) throws -> TuneParts {
    switch command.model {
    case .leastSquares: try problem(QuadraticLoss<Double>.self, groups)
    case .logistic: try problem(LogisticLoss<Double>.self, groups)
    case .huber: try problem(HuberLoss<Double>.self, groups)
    case .squaredHinge: try problem(SquaredHingeLoss<Double>.self, groups)
    }
  }

  private func problem<Loss: SmoothLoss<Double>>(_ loss: Loss.Type, _ groups: [Int]?) throws -> TuneParts {
    switch command.penalty {
    case .lasso, .elasticNet:
      let p = data.features.columns
      let strengths: SharedStrengths =
        command.perFeature
        ? .perCoordinate(p) : groups.map { SharedStrengths($0, count: $0.max()! + 1) } ?? .single
      let ridge: Ridge<Double> = command.penalty == .elasticNet ? .parameter : .none
      let names = strengths.count == 1 ? ["lambda1"] : (0..<strengths.count).map { "lambda1[\($0)]" }
      return try parts(
        RegressionModel(loss, L1Norm(strengths), ridge: ridge), names + (ridge == .parameter ? ["lambda2"] : []))
    case .groupLasso:
      return try parts(RegressionModel(loss, GroupLasso<Double>(Self.groups(groups!))), ["lambda1"])
    case .sparseGroupLasso:
      return try parts(
        RegressionModel(loss, SparseGroupLasso<Double>(Self.groups(groups!))), ["lambda1_feature", "lambda1_group"])
    case .nonnegativeLasso:
      return try parts(RegressionModel(loss, NonnegativeL1<Double>()), ["lambda1"])
    }
  }

  private func parts<Loss: SmoothLoss<Double>, G: ProximalMap<Double>>(
    _ model: RegressionModel<Loss, G>, _ names: [String]
  ) throws -> TuneParts {
    let (X, y, standardization) = try standardized()
    let map = model.map(features: X, targets: y)
    guard let space = model.searchSpace(of: map, names: names, ratio: command.ratio) else {
      throw DatasetError.invalid(
        path: command.data, reason: "no feature is correlated with the targets: 0 is the solution at every strength")
    }
    let fit = { (record: TuningRecord) -> (coefficients: Vector<Double>, intercept: Double)? in
      let solution = map.solve(at: Vector(record.parameters))
      guard solution.outcome == .converged else { return nil }
      return standardization?.unscaled(solution.state) ?? (solution.state, 0)
    }
    switch criterion {
    case .heldout:
      guard let heldOut = data.heldOut else {
        throw DatasetError.invalid(path: command.data, reason: "has no validation rows; take --criterion cv")
      }
      var features = heldOut.features
      var targets = heldOut.targets
      if let standardization, let dense = features.denseColumns {
        features = DenseDesign(standardization.features(dense))
        targets = standardization.targets(targets)
      }
      return TuneParts(
        criterion: model.heldOutLoss(of: map, features: features, targets: targets), space: space, fit: fit)
    case .cv:
      do throws(FoldError) {
        let folds = try Folds.kFold(
          command.folds, rows: y.count, seed: command.seed, repeats: command.repeats,
          stratifiedBy: command.model.isClassifier ? Array(y) : nil)
        return TuneParts(
          criterion: model.crossValidation(features: X, targets: y, folds: folds), space: space, fit: fit)
      } catch { throw DatasetError.invalid(path: command.data, reason: error.description) }
    }
  }

  private static func groups(_ index: [Int]) -> Groups {
    var members = Array(repeating: [Int](), count: index.max()! + 1)
    for (j, group) in index.enumerated() { members[group].append(j) }
    return Groups(members)
  }

  /// The rows to fit, standardized where that was asked for.
  private func standardized() throws -> (any DesignMatrix<Double>, Vector<Double>, Standardization?) {
    guard command.intercept || command.standardize else { return (data.features, data.targets, nil) }
    guard let dense = data.features.denseColumns else {
      throw DatasetError.invalid(
        path: command.data,
        reason: "is sparse, and centred sparse features would be dense: leave out --intercept and --standardize")
    }
    let standardization = Standardization(
      dense, data.targets, centers: command.intercept, scales: command.standardize)
    return (
      DenseDesign(standardization.features(dense)), standardization.targets(data.targets), standardization
    )
  }
}
