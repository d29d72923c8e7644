import ArgumentParser
import CommandSupport
import Datasets
import LinAlg

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Applies a model that tune saved to other rows.",
    discussion: """
      MODEL is the folder of tune --out. Columns of a CSV file are found by the names that the model has; those of other formats must be as many as \
      it has, in the same order. Where the rows have targets, the loss is reported too, with R² or the share of labels that are right. Of data in \
      training and validation rows the latter are taken; a .npy file holds X alone.

      \(sampleFormatsHelp)
      """)

  @Argument(help: "The folder of the model.") var model: String
  @Argument(help: "The rows.") var data: String
  @Option(
    help: ArgumentHelp(
      "What was added to the score of every row, where the model was fitted with offsets: an array, or a column of the table (default: the column that tune was given).",
      valueName: "FILE.npy|NAME"))
  var offsets: String?
  @OptionGroup var format: FormatOptions
  @Option(
    help: ArgumentHelp(
      "Save the predictions: scores as FILE.npy; as FILE.csv with the probabilities and labels of a classifier.",
      valueName: "FILE.npy|FILE.csv"))
  var out: String?
  @Option(help: ArgumentHelp("Write the report as JSON; - for standard output.", valueName: "FILE|-")) var json: String?

  func validate() throws {
    try Arguments.refuseEmpty(["MODEL": model, "DATA": data, "--offsets": offsets, "--out": out, "--json": json])
    try format.check([data])
    if let out, !out.hasSuffix(".npy"), !out.hasSuffix(".csv") {
      throw ValidationError("--out: expected a name that ends with .npy or .csv")
    }
    if let out, let json, json != "-", OutputFile.isSame(out, json) {
      throw ValidationError("--out and --json name the same file")
    }
  }

  func run() throws {
    try Console.requireWritable([json == "-" ? nil : json, out])
    let progress = ProgressLine("reading \(data)")
    defer { progress.end() }
    let predictions = try Console.reportingDataErrors {
      let model = try TunedModel(directory: model)
      let offsets = try offsetName(model)
      var reader = format.reader()
      reader.extras = offsets.map { SampleTermOptions.isFile($0) ? [] : [$0] } ?? []
      let samples = try reader.read(
        data, features: model.features, names: model.featureNames, targetName: model.target, needsTargets: false)
      let values = try SampleTermOptions.values(offsets, samples, data, "offset") { _ in true }
      return try Predictions(model, samples, offsets: values, path: data)
    }
    progress.end()
    if let out { try Console.reportingDataErrors { try predictions.write(to: out) } }
    if let json { try Console.write(json: predictions.report, to: json) }
    if json != "-" { try Console.print(predictions.summary(savedTo: out)) }
  }

  /// Where the offsets are: scores without them would be those of other rows.
  private func offsetName(_ model: TunedModel) throws -> String? {
    let isTable = (try? SampleFormat(path: data)) == .csv
    if let offsets {
      guard model.offsets != nil else {
        throw DatasetError.invalid(path: self.model, reason: "was fitted without offsets; leave out --offsets")
      }
      guard isTable || SampleTermOptions.isFile(offsets) else {
        throw ValidationError("--offsets: '\(offsets)' is a column, and those are of CSV files; expected a .npy file")
      }
      return offsets
    }
    guard let name = model.offsets else { return nil }
    guard isTable, !SampleTermOptions.isFile(name) else {
      throw DatasetError.invalid(
        path: self.model, reason: "was fitted with offsets; expected those of the rows as --offsets")
    }
    return name
  }
}
