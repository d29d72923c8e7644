import Datasets
import LinAlg

/// Rows to fit and, where there are any, rows to judge by.
struct RegressionData {
  var features: any DesignMatrix<Double>
  var targets: Vector<Double>
  var heldOut: (features: any DesignMatrix<Double>, targets: Vector<Double>)?
  /// What the columns are called; nil where they have no names.
  var names: [String]?

  /// Reads what the options name.
  ///
  /// - Throws: ``DatasetError``, also where a classifier's targets are no labels.
  init(_ options: ModelOptions) throws(DatasetError) {
    let data = try HeldOutDesigns<Double>(directory: options.data)
    features = data.trainFeatures
    targets = data.trainTargets
    heldOut = (data.validationFeatures, data.validationTargets)
    names = nil
    if options.model.isClassifier { try requireLabels(options.data) }
  }

  /// - Throws: ``DatasetError`` where a target is not −1 or 1, or one of them does not occur among the rows to fit.
  private func requireLabels(_ path: String) throws(DatasetError) {
    for (part, y) in [("training", targets), ("validation", heldOut?.targets ?? [1, -1])] {
      if let i = y.indices.first(where: { abs(y[$0]) != 1 }) {
        throw .invalid(path: path, reason: "\(part) target \(i) is \(y[i]); expected the labels -1 and 1")
      }
    }
    if let first = targets.first, targets.allSatisfy({ $0 == first }) {
      throw .invalid(path: path, reason: "all training targets are \(first); expected rows of both classes")
    }
  }

  /// A name per column.
  func name(of column: Int) -> String { names?[column] ?? "feature \(column)" }

  var checksum: Checksum {
    var sum = Checksum()
    sum.add(features)
    sum.add(targets)
    if let heldOut {
      sum.add(heldOut.features)
      sum.add(heldOut.targets)
    }
    return sum
  }
}
