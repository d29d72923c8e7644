import Bilevel
import Datasets
import LinAlg
import Models
import NonsmoothMaps

/// A search as the command line asks for it: the criterion, where it is looked for, and what is fitted in the end.
struct TuneProblem {
  let data: RegressionData
  let settings: TuneSettings
  let criterion: any Criterion
  let space: SearchSpace
  /// Coefficients and intercept at a λ, in the units of the data: fitted to the training rows, for a cross-validation to all of them.
  let fit: (TuningRecord) -> (coefficients: Vector<Double>, intercept: Double)?

  init(_ command: TuneCommand, _ data: RegressionData) throws {
    let options = command.inputs
    self.data = data
    let builder = try ModelBuilder(options, data)
    let kind = command.criterion ?? (data.heldOut == nil ? .cv : .heldout)
    // The means by which it centres are those of all rows: a fold's fit would know the rows that it is judged by, and the risk miss a degree of freedom.
    guard kind == .heldout || !options.intercept || options.modelHasIntercept else {
      throw DatasetError.invalid(
        path: options.data,
        reason:
          "--intercept with \(options.penalty.rawValue) is fitted by centring all rows, which --criterion \(kind.rawValue) must not; expected validation rows, --validation or --holdout"
      )
    }
    let parts = try builder.build(TuneConsumer(command: command, criterion: kind))
    criterion = parts.criterion
    space = parts.space
    fit = parts.fit
    // Only a checkpoint needs to know data from other data.
    var checksum = command.checkpoint == nil ? Checksum() : data.checksum
    checksum.add(builder.groups ?? [])
    let isCV = kind == .cv
    let drawsRows = kind != .heldout
    settings = TuneSettings(
      model: options.model, penalty: options.penalty, criterion: kind, folds: isCV ? command.folds : nil,
      repeats: drawsRows ? command.repeats : nil, seed: command.seed, noise: command.noise,
      features: data.features.columns,
      strengths: parts.space.count, optimizer: command.optimizer, points: command.points, starts: command.starts,
      ratio: command.ratio,
      tolerance: command.tolerance, intercept: options.intercept, standardize: options.standardize,
      data: checksum.value)
  }
}

/// Makes a search of a model.
private struct TuneConsumer: ModelConsumer {
  struct Parts {
    var criterion: any Criterion
    var space: SearchSpace
    var fit: (TuningRecord) -> (coefficients: Vector<Double>, intercept: Double)?
  }

  let command: TuneCommand
  let criterion: TuneCriterion

  func consume<Loss: SmoothLoss<Double>, Penalty: ProximalMap<Double>>(
    _ model: RegressionModel<Loss, Penalty>, names: [String], rows: PreparedRows
  ) throws -> Parts {
    let (X, y) = (rows.features, rows.targets)
    let path = command.inputs.data
    let map = model.map(features: X, targets: y)
    guard let space = model.searchSpace(of: map, names: names, ratio: command.ratio) else {
      throw DatasetError.invalid(
        path: path, reason: nothingCorrelates)
    }
    let fit = { (record: TuningRecord) -> (coefficients: Vector<Double>, intercept: Double)? in
      let solution = map.solve(at: Vector(record.parameters))
      return solution.outcome == .converged ? rows.unscaled(solution.state) : nil
    }
    switch criterion {
    case .heldout:
      guard let heldOut = rows.heldOut else {
        throw DatasetError.invalid(path: path, reason: "has no validation rows; take --criterion cv")
      }
      return Parts(
        criterion: model.heldOutLoss(of: map, features: heldOut.features, targets: heldOut.targets), space: space,
        fit: fit)
    case .cv:
      do throws(FoldError) {
        let folds = try Folds.kFold(
          command.folds, rows: y.count, seed: command.seed, repeats: command.repeats,
          stratifiedBy: command.inputs.model.isClassifier ? Array(y) : nil)
        return Parts(criterion: model.crossValidation(features: X, targets: y, folds: folds), space: space, fit: fit)
      } catch { throw DatasetError.invalid(path: path, reason: error.description) }
    case .sure:
      // The options were held to it: least squares, with a noise.
      guard let model = model as? RegressionModel<QuadraticLoss<Double>, Penalty>, let noise = command.noise else {
        throw DatasetError.invalid(path: path, reason: "the risk can be estimated for least squares only")
      }
      // The estimate has the square of the noise and its products with the targets, n of them.
      guard (16 * Double(y.count) * noise * max(noise, y.maxNorm)).isFinite else {
        throw DatasetError.invalid(
          path: path, reason: "--noise \(noise) with targets up to \(y.maxNorm) overflows; expected smaller numbers")
      }
      return Parts(
        criterion: model.riskEstimate(
          features: X, targets: y, noise: noise, seed: command.seed, draws: command.repeats), space: space, fit: fit)
    }
  }
}
