import Datasets
import LinAlg
import Models

/// Features with integer labels, to train on and held out.
struct ClassificationData {
  let train: Part
  let validation: Part
  let classCount: Int

  struct Part {
    let features: Features
    let labels: [Int]
  }

  /// A dense matrix stays in the order of its file: the models want it by rows.
  enum Features {
    case dense(Matrix<Double>)
    case sparse(SparseMatrix<Double>)

    var columns: Int {
      switch self {
      case .dense(let X): X.columns
      case .sparse(let X): X.columns
      }
    }
  }

  /// Reads a folder; both parts are sparse or both dense, as in `HeldOutDesigns`.
  init(directory: String) throws(DatasetError) {
    let isSparse = try DesignStorage(directory: directory) == .compressedColumns
    train = try Self.part("train", directory, isSparse: isSparse)
    validation = try Self.part("val", directory, isSparse: isSparse)
    guard train.features.columns == validation.features.columns else {
      let suffix = isSparse ? ".indptr.npy" : ".npy"
      throw .invalid(
        path: directory + "/X_val" + suffix,
        reason:
          "\(validation.features.columns) columns; expected \(train.features.columns), as X_train\(suffix) has")
    }
    // Compared before one is added: a label may be the largest integer there is.
    let largest = max(train.labels.max()!, validation.labels.max()!)
    classCount = min(largest, 10_000) + 1
    guard largest >= 1, largest < 10_000 else {
      throw .invalid(
        path: directory + (train.labels.contains(largest) ? "/y_train.npy" : "/y_val.npy"),
        reason: "labels up to \(largest); expected 2 to 10000 classes from 0")
    }
  }

  private static func part(_ name: String, _ directory: String, isSparse: Bool) throws(DatasetError) -> Part {
    let labelPath = directory + "/y_\(name).npy"
    let prefix = directory + "/X_\(name)"
    let y: [Int]
    let features: Features
    if isSparse {
      y = try NPY.indices(at: labelPath)
      features = .sparse(try SparseMatrix(compressedColumnsAt: prefix, rows: y.count))
    } else {
      let X = try NPY.matrix(at: prefix + ".npy", as: Double.self)
      y = try NPY.indices(at: labelPath)
      guard X.rows > 0, X.columns > 0 else {
        throw .invalid(path: prefix + ".npy", reason: "holds no rows or no columns")
      }
      guard y.count == X.rows else {
        throw .invalid(path: labelPath, reason: "\(y.count) labels; expected \(X.rows), one per row of X_\(name).npy")
      }
      features = .dense(X)
    }
    if let bad = y.firstIndex(where: { $0 < 0 }) {
      throw .invalid(path: labelPath, reason: "label \(y[bad]) at entry \(bad); expected classes from 0")
    }
    return Part(features: features, labels: y)
  }

  func map(poisoned: [Int], λ1: Double, λ2: Double) -> PoisoningMap<Double> {
    switch train.features {
    case .dense(let X):
      PoisoningMap(features: X, labels: train.labels, classCount: classCount, poisoned: poisoned, λ1: λ1, λ2: λ2)
    case .sparse(let X):
      PoisoningMap(features: X, labels: train.labels, classCount: classCount, poisoned: poisoned, λ1: λ1, λ2: λ2)
    }
  }

  /// The validation loss, or its negative.
  func objective(negated: Bool = true) -> HeldOutCrossEntropy<Double> {
    switch validation.features {
    case .dense(let X):
      HeldOutCrossEntropy(features: X, labels: validation.labels, classCount: classCount, negated: negated)
    case .sparse(let X):
      HeldOutCrossEntropy(features: X, labels: validation.labels, classCount: classCount, negated: negated)
    }
  }
}
