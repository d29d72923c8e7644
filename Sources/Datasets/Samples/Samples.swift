public import LinAlg

/// Rows of features, with targets where there are any.
public struct Samples: Sendable {
  /// n × p, dense or sparse.
  public var features: any DesignMatrix<Double>
  /// n of them.
  public var targets: Targets?
  /// What the columns are called; nil where they have no names.
  public var names: [String]?
  /// What the targets are called.
  public var targetName: String?
  /// The group of every sample, where the file has groups.
  public var groups: [Int]?
  /// Columns of a table that were asked for beside features and targets, by name.
  public var extras: [String: Vector<Double>] = [:]

  public init(
    features: any DesignMatrix<Double>, targets: Targets?, names: [String]? = nil, targetName: String? = nil,
    groups: [Int]? = nil
  ) {
    self.features = features
    self.targets = targets
    self.names = names
    self.targetName = targetName
    self.groups = groups
  }

  /// n.
  public var count: Int { features.rows }
}

/// What a file of samples is, by its name; a folder is one of `.npy` files.
public enum SampleFormat: Sendable {
  /// Arrays X and y, or X_train, y_train, X_val and y_val, in files.
  case folder
  /// The same arrays in one `.npz` file.
  case npz
  /// The features alone, a `.npy` file.
  case npy
  /// A table with a line of names, `.csv` or `.csv.gz`.
  case csv
  /// Sparse text lines, plain or gzipped: whatever has no other ending, as such files often have none.
  case libsvm

  /// - Throws: ``DatasetError`` where nothing is there, and for an ending of another format.
  public init(path: String) throws(DatasetError) {
    if System.kind(at: path) == .directory {
      self = .folder
      return
    }
    var name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
    if name.hasSuffix(".gz") { name.removeLast(3) }
    switch name.split(separator: ".").dropFirst().last {
    case "npz": self = .npz
    case "npy": self = .npy
    case "csv": self = .csv
    case "tsv", "xlsx", "xls", "parquet", "feather", "json", "arff", "h5", "hdf5", "mat", "pkl", "zip", "tar":
      throw .invalid(
        path: path,
        reason: "has an ending of no format that is read; expected .csv, .npz, a LIBSVM file (.svm) or a folder")
    default: self = .libsvm
    }
  }
}
