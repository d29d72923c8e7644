import ArgumentParser
import CommandSupport
import Foundation

/// What is fitted to which data.
struct ModelOptions: ParsableArguments {
  @Argument(help: "The data.") var data: String
  @Option(help: "The loss: \(TuneModel.allCases.map(\.rawValue).joined(separator: ", ")).") var model =
    TuneModel.leastSquares
  @Option(
    name: .customLong("penalty"),
    help:
      "One of \(TunePenalty.allCases.map(\.rawValue).joined(separator: ", ")) (default: lasso; ridge for svm and svr, which have no other)."
  )
  var chosenPenalty: TunePenalty?
  @Option(
    help: ArgumentHelp(
      "The group of every feature, counted from 0: what is selected together by a group penalty, or shares a strength of the others.",
      valueName: "FILE.npy"))
  var groups: String?
  @Flag(help: "A strength of the 1-norm for every feature.") var perFeature = false
  @Flag(help: "A strength of the 1-norm for every class, of multinomial.") var perClass = false
  @Option(
    parsing: .unconditional,
    help: "The width of the insensitive zone of svr, held at this number; tune chooses one where none is given.",
    transform: Arguments.number)
  var epsilon: Double?
  @Flag(help: "Fit an intercept, which no penalty touches; of svm and svr a column of ones within the ridge.")
  var intercept = false
  @Flag(help: "Divide every feature by its standard deviation over the fitted rows.") var standardize = false

  @OptionGroup var factors: FactorOptions
  @OptionGroup var terms: SampleTermOptions
  @OptionGroup var format: FormatOptions
  @OptionGroup var rows: ValidationOptions

  var penalty: TunePenalty { chosenPenalty ?? (model.isSupportVector ? .ridge : .lasso) }

  /// Whether the intercept is a coefficient of the model; centring fits the one of a nonnegative lasso.
  var modelHasIntercept: Bool { intercept && penalty != .nonnegativeLasso }

  func validate() throws {
    try Arguments.refuseEmpty(["DATA": data, "--groups": groups])
    try format.check([data, rows.validation])
    try rows.check(data)
    try terms.check([data, rows.validation])
    try factors.check(penalty)
    let isGroupPenalty = penalty == .groupLasso || penalty == .sparseGroupLasso
    try validateFurtherModels()
    // The coefficients of a feature in all classes are a group of their own.
    guard !isGroupPenalty || groups != nil || (model == .multinomial && penalty == .groupLasso) else {
      throw ValidationError("--penalty \(penalty.rawValue) needs --groups")
    }
    guard !model.isOfCounts || (penalty != .slope && penalty != .nonnegativeLasso) else {
      throw ValidationError(
        "--penalty \(penalty.rawValue) does not go with \(model.rawValue)\(penalty == .slope ? "" : "; expected lasso with --lower 0")"
      )
    }
    guard !perFeature || (groups == nil && penalty.hasStrengthsOfFeatures) else {
      throw ValidationError("--per-feature goes with lasso and elastic-net, without --groups")
    }
    guard !intercept || modelHasIntercept || model == .leastSquares else {
      throw ValidationError("--intercept goes with nonnegative-lasso for least-squares alone, where centring fits it")
    }
    guard isGroupPenalty || penalty.hasStrengthsOfFeatures || groups == nil else {
      throw ValidationError("--groups does not go with \(penalty.rawValue)")
    }
  }

  /// What the models beyond those of one score do not have.
  private func validateFurtherModels() throws {
    guard model.isSupportVector == (penalty == .ridge) else {
      throw ValidationError("--penalty ridge goes with svm and svr, and those with no other")
    }
    guard epsilon == nil || model == .svr else { throw ValidationError("--epsilon goes with svr") }
    if let epsilon, !(epsilon >= 0 && epsilon.isFinite) {
      throw ValidationError("--epsilon: \(epsilon) is not a number of at least 0")
    }
    if model.isSupportVector, groups != nil || perFeature {
      throw ValidationError(
        "--groups and --per-feature do not go with \(model.rawValue), whose hyperparameters are C and epsilon")
    }
    guard !perClass || (model == .multinomial && penalty.hasStrengthsOfFeatures && groups == nil && !perFeature) else {
      throw ValidationError(
        "--per-class goes with multinomial and lasso or elastic-net, without --groups and --per-feature")
    }
    guard model.isOfOneScore || (terms.weights == nil && terms.offsets == nil) else {
      throw ValidationError("--weights and --offsets do not go with \(model.rawValue)")
    }
    if model == .multinomial {
      guard penalty != .slope, penalty != .nonnegativeLasso else {
        throw ValidationError("--penalty \(penalty.rawValue) does not go with multinomial")
      }
      guard factors.adaptive == nil else { throw ValidationError("--adaptive does not go with multinomial") }
    }
  }

  /// Refuses to write over what is read.
  ///
  /// - Parameter outputs: files by the options that name them.
  func refuse(outputs: [(option: String, path: String?)]) throws {
    for case (let option, let path?) in outputs where path != "-" {
      for input in [data, rows.validation, groups].compactMap({ $0 }) + terms.files + factors.files {
        // Arrays in a folder are read by their names.
        let isArray = path.hasSuffix(".npy") || path.hasSuffix(".npz")
        let folder = path.contains("/") ? URL(filePath: path).deletingLastPathComponent().relativePath : "."
        guard !OutputFile.isSame(path, input), !(isArray && OutputFile.isSame(folder, input)) else {
          throw ValidationError("\(option): \(path) is among the data that are read; expected another file")
        }
      }
    }
  }
}
