import Bilevel
import Datasets
import LinAlg
import Models
import NonsmoothMaps

/// A search as the command line asks for it: the criterion, where it is looked for, and what is fitted in the end.
struct TuneProblem {
  let data: RegressionData
  let settings: TuneSettings
  /// Where the offsets come from; nil where there are none.
  let offsets: String?
  let criterion: any Criterion
  let space: SearchSpace
  /// Coefficients and intercept at a λ, in the units of the data: fitted to the training rows, for a cross-validation to all of them.
  let fit: (TuningRecord) -> (coefficients: Vector<Double>, intercept: Double)?

  init(_ command: TuneCommand, _ data: RegressionData) throws {
    let options = command.inputs
    self.data = data
    offsets = options.terms.offsets
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
    builder.factors.add(to: &checksum)
    let isCV = kind == .cv
    let drawsRows = isCV || kind == .sure
    settings = TuneSettings(
      model: options.model, penalty: options.penalty, criterion: kind, folds: isCV ? command.folds : nil,
      repeats: drawsRows ? command.repeats : nil, seed: command.seed, noise: command.noise,
      features: data.features.columns,
      strengths: parts.space.count, optimizer: command.chosenOptimizer, points: command.points, starts: command.starts,
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
    let map = model.map(features: X, targets: y, samples: rows.samples)
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
        criterion: model.heldOutLoss(
          of: map, features: heldOut.features, targets: heldOut.targets, samples: heldOut.terms.samples),
        space: space, fit: fit)
    case .cv:
      let folds: Folds
      do throws(FoldError) {
        folds = try Folds.kFold(
          command.folds, rows: y.count, seed: command.seed, repeats: command.repeats,
          stratifiedBy: command.inputs.model.isClassifier ? Array(y) : nil)
      } catch { throw DatasetError.invalid(path: path, reason: error.description) }
      try checkCounts(folds, y, path)
      return Parts(
        criterion: model.crossValidation(features: X, targets: y, samples: rows.samples, folds: folds), space: space,
        fit: fit)
    case .aic, .bic, .ebic:
      // Where columns are as many as rows the fit leaves no residuals, and the likelihood of an unknown noise has no bound.
      let unknowns = X.columns + (command.inputs.intercept ? 1 : 0)
      let isNormal = command.inputs.model == .leastSquares
      guard !isNormal || command.noise != nil || unknowns < y.count else {
        throw DatasetError.invalid(
          path: path,
          reason:
            "has \(y.count) rows for \(unknowns) unknowns, from which the noise cannot be estimated; expected --noise")
      }
      let likelihood: MeanLossLikelihood =
        !isNormal ? .negativeLog : command.noise.map { .normal(noise: $0) } ?? .normalOfUnknownNoise
      return Parts(
        criterion: model.informationCriterion(of: map, criterion.charge!, likelihood: likelihood), space: space,
        fit: fit)
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
  /// An intercept has no fit to counts of 0 alone.
  private func checkCounts(_ folds: Folds, _ y: Vector<Double>, _ path: String) throws {
    guard command.inputs.model.isOfCounts else { return }
    for fold in folds.folds where fold.train.allSatisfy({ y[$0] == 0 }) {
      throw DatasetError.invalid(
        path: path, reason: "a fold is fitted to rows whose counts are all 0; take fewer folds or other rows")
    }
  }
}
