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
    let train = try Self.part("train", directory)
    let validation = try Self.part("val", directory)
    guard train.features.columns == validation.features.columns else {
      throw .invalid(
        path: directory + "/X_val.npy",
        reason: "\(validation.features.columns) columns; expected \(train.features.columns), as X_train.npy has")
    }
    self.init(
      trainFeatures: train.features, trainTargets: train.targets, validationFeatures: validation.features,
      validationTargets: validation.targets)
  }

  private static func part(
    _ name: String, _ directory: String
  ) throws(DatasetError) -> (features: Matrix<Element>, targets: Vector<Element>) {
    let path = directory + "/X_\(name).npy"
    let features = try NPY.matrix(at: path, as: Element.self)
    guard features.rows > 0, features.columns > 0 else {
      throw .invalid(
        path: path, reason: "has shape \(NPYHeader.tuple([features.rows, features.columns])); expected rows and columns"
      )
    }
    let targets = try NPY.vector(at: directory + "/y_\(name).npy", as: Element.self)
    guard targets.count == features.rows else {
      throw .invalid(
        path: directory + "/y_\(name).npy",
        reason: "\(targets.count) entries; expected \(features.rows), one for each row of X_\(name).npy")
    }
    return (features, targets)
  }
}
