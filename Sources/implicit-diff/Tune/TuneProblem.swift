import Bilevel
import Datasets
import LinAlg

/// A search as the command line asks for it: the criterion, where it is looked for, and what is fitted in the end.
struct TuneProblem {
  let data: RegressionData
  let settings: TuneSettings
  /// Where the offsets come from; nil where there are none.
  let offsets: String?
  let criterion: any Criterion
  let space: SearchSpace
  /// Coefficients at a λ, in the units of the data: fitted to the training rows, for a cross-validation to all of them.
  let fit: (TuningRecord) -> ScoreCoefficients<Double>?

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
    let parts = try builder.build(TuneConsumer(command: command, criterion: kind, classes: builder.classes))
    criterion = parts.criterion
    space = parts.space
    fit = parts.fit
    // Only a checkpoint needs to know data from other data.
    var checksum = command.checkpoint == nil ? Checksum() : data.checksum
    checksum.add(builder.groups ?? [])
    if let width = options.epsilon { checksum.add(Vector([width])) }
    if options.perClass { checksum.add([1]) }
    builder.factors.add(to: &checksum)
    let isCV = kind == .cv
    let drawsRows = isCV || kind == .sure
    settings = TuneSettings(
      model: options.model, penalty: options.penalty, criterion: kind, folds: isCV ? command.folds : nil,
      repeats: drawsRows ? command.repeats : nil, seed: command.seed, noise: command.noise,
      features: data.features.columns,
      classes: options.model == .multinomial ? data.classes?.names.count : nil, fittedRows: parts.fittedRows,
      strengths: parts.space.count, optimizer: command.chosenOptimizer, points: command.points, starts: command.starts,
      ratio: command.ratio,
      tolerance: command.tolerance, intercept: options.intercept, standardize: options.standardize,
      data: checksum.value)
  }
}
