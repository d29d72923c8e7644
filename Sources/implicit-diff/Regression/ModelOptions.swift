import ArgumentParser
import CommandSupport
import Foundation

/// What is fitted to which data.
struct ModelOptions: ParsableArguments {
  @Argument(help: "The data.") var data: String
  @Option(help: "The loss: \(TuneModel.allCases.map(\.rawValue).joined(separator: ", ")).") var model =
    TuneModel.leastSquares
  @Option(help: "One of \(TunePenalty.allCases.map(\.rawValue).joined(separator: ", ")).") var penalty =
    TunePenalty.lasso
  @Option(
    help: ArgumentHelp(
      "The group of every feature, counted from 0: what is selected together by a group penalty, or shares a strength of the others.",
      valueName: "FILE.npy"))
  var groups: String?
  @Flag(help: "A strength of the 1-norm for every feature.") var perFeature = false
  @Flag(help: "Fit an intercept, which no penalty touches.") var intercept = false
  @Flag(help: "Divide every feature by its standard deviation over the fitted rows.") var standardize = false

  @OptionGroup var factors: FactorOptions
  @OptionGroup var terms: SampleTermOptions
  @OptionGroup var format: FormatOptions
  @OptionGroup var rows: ValidationOptions

  /// Whether the intercept is a coefficient of the model; centring fits the one of a nonnegative lasso.
  var modelHasIntercept: Bool { intercept && penalty != .nonnegativeLasso }

  func validate() throws {
    try Arguments.refuseEmpty(["DATA": data, "--groups": groups])
    try format.check([data, rows.validation])
    try rows.check(data)
    try terms.check([data, rows.validation])
    try factors.check(penalty)
    let isGroupPenalty = penalty == .groupLasso || penalty == .sparseGroupLasso
    guard !isGroupPenalty || groups != nil else {
      throw ValidationError("--penalty \(penalty.rawValue) needs --groups")
    }
    guard !perFeature || (groups == nil && !isGroupPenalty && penalty != .nonnegativeLasso) else {
      throw ValidationError("--per-feature goes with lasso and elastic-net, without --groups")
    }
    guard !intercept || modelHasIntercept || model == .leastSquares else {
      throw ValidationError("--intercept goes with nonnegative-lasso for least-squares alone, where centring fits it")
    }
    guard penalty != .nonnegativeLasso || groups == nil else {
      throw ValidationError("--groups does not go with nonnegative-lasso")
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
