public import LinAlg

/// Features and targets to fit with, and others of the same kind to judge the fit by.
public struct HeldOutData<Element: Scalar>: Sendable {
  /// X, one row per sample, column-major.
  public let trainFeatures: Matrix<Element>
  /// y, one entry per row of `trainFeatures`.
  public let trainTargets: Vector<Element>
  /// The held-out X, column-major, with the columns of `trainFeatures`.
  public let validationFeatures: Matrix<Element>
  /// The held-out y, one entry per row of `validationFeatures`.
  public let validationTargets: Vector<Element>

  /// The given arrays; row-major features are copied once into column-major order.
  ///
  /// - Precondition: as many targets as rows in each part, as many columns in one part as in the other.
  public init(
    trainFeatures: Matrix<Element>, trainTargets: Vector<Element>, validationFeatures: Matrix<Element>,
    validationTargets: Vector<Element>
  ) {
    precondition(
      trainFeatures.rows == trainTargets.count,
      "HeldOutData: \(trainTargets.count) training targets for \(trainFeatures.rows) rows")
    precondition(
      validationFeatures.rows == validationTargets.count,
      "HeldOutData: \(validationTargets.count) validation targets for \(validationFeatures.rows) rows")
    precondition(
      trainFeatures.columns == validationFeatures.columns,
      "HeldOutData: \(trainFeatures.columns) columns to train on, \(validationFeatures.columns) held out")
    self.trainFeatures = trainFeatures.with(layout: .columnMajor)
    self.trainTargets = trainTargets
    self.validationFeatures = validationFeatures.with(layout: .columnMajor)
    self.validationTargets = validationTargets
  }

  /// Reads X_train.npy, y_train.npy, X_val.npy and y_val.npy from a directory.
  ///
  /// - Throws: ``DatasetError`` that names the file, for what ``NPY`` refuses, for parts without rows or columns, and
  ///   for shapes that do not fit each other.
  public init(directory: String) throws(DatasetError) {
    let files = try HeldOutFiles(directory: directory, Element.self)
    trainFeatures = try files.train.features.matrix(layout: .columnMajor)
    trainTargets = try files.train.targets.vector()
    validationFeatures = try files.validation.features.matrix(layout: .columnMajor)
    validationTargets = try files.validation.targets.vector()
  }
}

/// The files of both parts of dense data, opened, with shapes that fit each other and memory.
struct HeldOutFiles {
  let train: PartFiles
  let validation: PartFiles

  /// - Parameter requiresMemory: whether all entries come into memory.
  init<Element: Scalar>(directory: String, _: Element.Type, requiresMemory: Bool = true) throws(DatasetError) {
    train = try PartFiles("train", directory)
    validation = try PartFiles("val", directory)
    guard train.features.columns == validation.features.columns else {
      throw .invalid(
        path: directory + "/X_val.npy",
        reason: "\(validation.features.columns) columns; expected \(train.features.columns), as X_train.npy has")
    }
    if !requiresMemory { return }
    let size = MemoryLayout<Element>.size
    let (n, m, p) = (train.features.rows, validation.features.rows, train.features.columns)
    // Beside the data themselves, models and solvers take some vectors of the length of a row and of a column.
    try Memory.require(
      Memory.sum([
        (train.features.header.count, size), (validation.features.header.count, size), (p, 16 * size),
        (n, 8 * size), (m, 8 * size),
      ]), for: "a problem of \(n) and \(m) rows of \(p) columns", path: train.features.path)
  }
}

/// The two files of a part of dense data, opened, with shapes that fit each other.
struct PartFiles {
  let features: NPYFile
  let targets: NPYFile

  init(_ name: String, _ directory: String) throws(DatasetError) {
    let path = directory + "/X_\(name).npy"
    features = try NPYFile(path, rank: 2)
    guard features.rows > 0, features.columns > 0 else {
      throw .invalid(
        path: path, reason: "has shape \(NPYHeader.tuple(features.header.shape)); expected rows and columns")
    }
    targets = try NPYFile(directory + "/y_\(name).npy", rank: 1)
    guard targets.header.count == features.rows else {
      throw .invalid(
        path: targets.path,
        reason: "\(targets.header.count) entries; expected \(features.rows), one for each row of X_\(name).npy")
    }
  }
}
