import Bilevel
import Datasets
import LinAlg
import Models
import NonsmoothMaps

/// Makes a search of a model.
struct TuneConsumer: ModelConsumer {
  struct Parts {
    var criterion: any Criterion
    var space: SearchSpace
    /// See ``TuneSettings/fittedRows``.
    var fittedRows: [Int]?
    var fit: (TuningRecord) -> ScoreCoefficients<Double>?
  }

  let command: TuneCommand
  let criterion: TuneCriterion
  /// What the classes of a classifier are called.
  let classes: [String]

  private var model: TuneModel { command.inputs.model }
  private var path: String { command.inputs.data }

  func consume<Model: TunableModel<Double>>(_ model: Model, names: [String], rows: PreparedRows) throws -> Parts {
    let map = model.map(features: rows.features, targets: rows.targets, samples: rows.samples)
    guard let space = model.searchSpace(of: map, names: names, ratio: command.ratio) else {
      throw DatasetError.invalid(path: path, reason: nothingCorrelates)
    }
    let fit = { (record: TuningRecord) -> ScoreCoefficients<Double>? in
      let solution = map.solve(at: Vector(record.parameters))
      return solution.outcome == .converged ? rows.unscaled(model.scoreCoefficients(solution.state, of: map)) : nil
    }
    func parts(_ criterion: any Criterion, fittedRows: [Int]) -> Parts {
      Parts(
        criterion: criterion, space: space, fittedRows: self.model.isSupportVector ? fittedRows : nil, fit: fit)
    }
    let n = rows.targets.count
    switch criterion {
    case .heldout:
      guard let heldOut = rows.heldOut else {
        throw DatasetError.invalid(path: path, reason: "has no validation rows; take --criterion cv")
      }
      return parts(
        model.heldOutLoss(
          of: map, features: heldOut.features, targets: heldOut.targets, samples: heldOut.terms.samples),
        fittedRows: [n])
    case .cv:
      let folds = try folds(of: rows.targets)
      return parts(
        model.crossValidation(
          features: rows.features, targets: rows.targets, samples: rows.samples, folds: folds),
        fittedRows: folds.folds.map(\.train.count))
    case .aic, .bic, .ebic, .sure:
      guard let model = model as? any InSampleModel else {
        throw DatasetError.invalid(
          path: path, reason: "--criterion \(criterion.rawValue) does not go with \(self.model.rawValue)")
      }
      let criterion =
        criterion == .sure ? try model.risk(rows, command) : try model.information(map, rows, command, criterion)
      return parts(criterion, fittedRows: [n])
    }
  }

  private func folds(of y: Vector<Double>) throws -> Folds {
    let folds: Folds
    do throws(FoldError) {
      folds = try Folds.kFold(
        command.folds, rows: y.count, seed: command.seed, repeats: command.repeats,
        stratifiedBy: model.isClassifier ? Array(y) : nil)
    } catch { throw DatasetError.invalid(path: path, reason: description(of: error)) }
    // An intercept has no fit to counts of 0 alone.
    if model.isOfCounts, folds.folds.contains(where: { $0.train.allSatisfy { y[$0] == 0 } }) {
      throw DatasetError.invalid(
        path: path, reason: "a fold is fitted to rows whose counts are all 0; take fewer folds or other rows")
    }
    return folds
  }

  /// Classes as the data call them.
  private func description(of error: FoldError) -> String {
    guard case .classSmallerThanFolds(let label, let members, let folds) = error, let coding = model.coding else {
      return error.description
    }
    let name = classes[coding == .indices ? Int(label) : label < 0 ? 0 : 1]
    let advice =
      members == 1 ? "take the row out, or validation rows" : "take at most \(members) folds"
    return
      "\(folds) folds, and class '\(name)' has \(members) row\(members == 1 ? "" : "s"): a fold would be without it; \(advice)"
  }
}

/// A model that can be judged by the rows that it is fitted to.
private protocol InSampleModel {
  /// - Parameter map: one that the model made.
  func information(
    _ map: Any, _ rows: PreparedRows, _ command: TuneCommand, _ criterion: TuneCriterion
  ) throws -> any Criterion
  func risk(_ rows: PreparedRows, _ command: TuneCommand) throws -> any Criterion
}

extension RegressionModel: InSampleModel where Penalty.Element == Double {
  fileprivate func information(
    _ map: Any, _ rows: PreparedRows, _ command: TuneCommand, _ criterion: TuneCriterion
  ) throws -> any Criterion {
    // Where columns are as many as rows the fit leaves no residuals, and the likelihood of an unknown noise has no bound.
    let unknowns = rows.features.columns + (command.inputs.intercept ? 1 : 0)
    let isNormal = command.inputs.model == .leastSquares
    guard !isNormal || command.noise != nil || unknowns < rows.targets.count else {
      throw DatasetError.invalid(
        path: command.inputs.data,
        reason:
          "has \(rows.targets.count) rows for \(unknowns) unknowns, from which the noise cannot be estimated; expected --noise"
      )
    }
    let likelihood: MeanLossLikelihood =
      !isNormal ? .negativeLog : command.noise.map { .normal(noise: $0) } ?? .normalOfUnknownNoise
    return informationCriterion(of: map as! Map, criterion.charge!, likelihood: likelihood)
  }

  fileprivate func risk(_ rows: PreparedRows, _ command: TuneCommand) throws -> any Criterion {
    let (path, y) = (command.inputs.data, rows.targets)
    // The options were held to it: least squares, with a noise.
    guard let model = self as? RegressionModel<QuadraticLoss<Double>, Penalty>, let noise = command.noise else {
      throw DatasetError.invalid(path: path, reason: "the risk can be estimated for least squares only")
    }
    // The estimate has the square of the noise and its products with the targets, n of them.
    guard (16 * Double(y.count) * noise * max(noise, y.maxNorm)).isFinite else {
      throw DatasetError.invalid(
        path: path, reason: "--noise \(noise) with targets up to \(y.maxNorm) overflows; expected smaller numbers")
    }
    return model.riskEstimate(
      features: rows.features, targets: y, noise: noise, seed: command.seed, draws: command.repeats)
  }
}
