internal import LinAlg

/// Arrays by names, in a folder of `.npy` files or in an `.npz` archive, as samples.
///
/// The features of a part are X, X_train or X_val: dense; or sparse, in a folder as compressed columns (``DesignStorage``) or as the file X.npz of
/// `scipy.sparse.save_npz`, in an archive as its five arrays, with the names `X.data`, `X.format` and so on or, for X, their own. Targets are y,
/// y_train and y_val.
enum ArraySamples {
  case folder(String)
  case archive(NPZ)

  var path: String {
    switch self {
    case .folder(let path): path
    case .archive(let archive): archive.path
    }
  }

  /// Training and validation rows, or rows that are one or the other.
  func read() throws(DatasetError) -> (train: Samples, validation: Samples?) {
    let isSplit = has("X_train")
    if has("X") {
      if isSplit {
        throw .invalid(
          path: path, reason: "holds X and X_train; expected X and y, or X_train, y_train, X_val and y_val")
      }
      return (try part("", needsTargets: true), nil)
    }
    // What a folder lacks is said as it always was.
    if case .folder(let directory) = self, !isSplit || !System.isOccupied(directory + "/X_train.npz") {
      let data = try HeldOutDesigns<Double>(directory: directory)
      return (
        Samples(features: data.trainFeatures, targets: .numbers(data.trainTargets)),
        Samples(features: data.validationFeatures, targets: .numbers(data.validationTargets))
      )
    }
    guard isSplit else {
      throw .invalid(
        path: path,
        reason: "has neither an array 'X' nor 'X_train'; expected X and y, or X_train, y_train, X_val and y_val")
    }
    let train = try part("_train", needsTargets: true)
    let validation = try part("_val", needsTargets: true)
    guard train.features.columns == validation.features.columns else {
      throw .invalid(
        path: path,
        reason: "X_val has \(validation.features.columns) columns; expected \(train.features.columns), as X_train has")
    }
    return (train, validation)
  }

  /// X and, where it is there, y; of what is split the validation rows.
  func readOnePart() throws(DatasetError) -> Samples {
    try part(has("X") || !has("X_val") ? "" : "_val", needsTargets: false)
  }

  private func has(_ name: String) -> Bool {
    switch self {
    case .folder(let directory):
      ["npy", "data.npy", "indptr.npy", "indices.npy", "npz"].contains {
        System.isOccupied("\(directory)/\(name).\($0)")
      }
    case .archive(let archive):
      archive.contains(name) || archive.containsSparseMatrix(prefix: name + ".")
        || (name == "X" && archive.containsSparseMatrix())
    }
  }

  private func part(_ suffix: String, needsTargets: Bool) throws(DatasetError) -> Samples {
    let y = try targets("y" + suffix, isNeeded: needsTargets)
    let features = try features("X" + suffix, rows: y?.count)
    guard features.rows > 0, features.columns > 0 else {
      throw .invalid(
        path: path, reason: "X\(suffix) is \(features.rows) × \(features.columns); expected rows and columns")
    }
    if let y, y.count != features.rows {
      throw .invalid(
        path: path,
        reason: "y\(suffix) has \(y.count) entries; expected \(features.rows), one for each row of X\(suffix)")
    }
    return Samples(features: features, targets: y.map { .numbers($0) })
  }

  private func targets(_ name: String, isNeeded: Bool) throws(DatasetError) -> Vector<Double>? {
    switch self {
    case .folder(let directory):
      let file = "\(directory)/\(name).npy"
      return isNeeded || System.isOccupied(file) ? try NPY.vector(at: file) : nil
    case .archive(let archive):
      return isNeeded || archive.contains(name) ? try archive.vector(name) : nil
    }
  }

  private func features(_ name: String, rows: Int?) throws(DatasetError) -> any DesignMatrix<Double> {
    switch self {
    case .folder(let directory):
      let prefix = "\(directory)/\(name)"
      let found = [".npy", ".data.npy", ".npz"].filter { System.isOccupied(prefix + $0) }
      guard found.count <= 1 else {
        throw .invalid(path: prefix + found[0], reason: "and \(name)\(found[1]) beside it; expected one of them")
      }
      switch found.first {
      case ".npz": return try NPZ(path: prefix + ".npz").sparseMatrix(as: Double.self)
      case ".data.npy":
        guard let rows else {
          throw .invalid(
            path: prefix + ".data.npy",
            reason: "says no number of rows, and there are no targets; expected \(name).npz of scipy.sparse.save_npz")
        }
        return try SparseMatrix<Double>(compressedColumnsAt: prefix, rows: rows)
      default: return DenseDesign(try NPY.matrix(at: prefix + ".npy", as: Double.self, layout: .columnMajor))
      }
    case .archive(let archive):
      if archive.containsSparseMatrix(prefix: name + ".") {
        return try archive.sparseMatrix(prefix: name + ".", as: Double.self)
      }
      if !archive.contains(name), name == "X", archive.containsSparseMatrix() {
        return try archive.sparseMatrix(as: Double.self)
      }
      return DenseDesign(try archive.matrix(name, as: Double.self, layout: .columnMajor))
    }
  }
}
