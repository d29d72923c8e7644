import ArgumentParser
import CommandSupport
import Datasets

/// What a file of samples does not say itself.
struct FormatOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The column of a CSV file that holds the targets (default: the last).", valueName: "NAME"))
  var target: String?
  @Flag(help: "LIBSVM files count features from 0, not from 1.") var zeroBased = false

  /// - Parameter files: what is read.
  func check(_ files: [String?]) throws {
    let formats = files.compactMap { $0 }.compactMap { try? SampleFormat(path: $0) }
    guard target == nil || formats.contains(.csv) else { throw ValidationError("--target goes with CSV files") }
    guard !zeroBased || formats.contains(.libsvm) else { throw ValidationError("--zero-based goes with LIBSVM files") }
  }

  func reader(features: Int? = nil) -> SampleReader {
    SampleReader(target: target, features: features, firstIndex: zeroBased ? 0 : 1)
  }
}

/// Where rows to judge by come from when the data have none of their own.
struct ValidationOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Rows to judge by, in any format; CSV columns are matched by name.", valueName: "FILE"))
  var validation: String?
  @Option(
    parsing: .unconditional,
    help: "Hold out this share of the rows at random to judge by, of each class where there are classes.",
    transform: Arguments.number)
  var holdout: Double?
  @Option(
    parsing: .unconditional,
    help: "The number of features of a LIBSVM file (default: its largest index), where another file has more.")
  var features: Int?

  /// - Parameter data: what is read.
  func check(_ data: String) throws {
    try Arguments.refuseEmpty(["--validation": validation])
    guard validation == nil || holdout == nil else { throw ValidationError("either --validation or --holdout") }
    if let holdout, !(holdout > 0 && holdout < 1) {
      throw ValidationError("--holdout: \(holdout) is not between 0 and 1")
    }
    if let features {
      guard features >= 1 else { throw ValidationError("--features: \(features) is below 1") }
      guard let format = try? SampleFormat(path: data), format == .libsvm else {
        throw ValidationError("--features goes with LIBSVM files")
      }
    }
  }
}

/// What the commands that take samples say of them in their help.
let sampleFormatsHelp = """
  DATA is a CSV file with a line of column names, the last one or --target for the targets; a LIBSVM file, plain or gzipped; an .npz file with X and y, \
  or with X_train, y_train, X_val and y_val; or a folder with these as .npy files. Sparse X are those of scipy.sparse.save_npz, as X.npz in the folder \
  or by their names in the .npz file. A classifier takes two classes of any names: the first in order is -1, the other 1.
  """
