/// How the features of a folder are stored: X_train and X_val alike.
public enum DesignStorage: Sendable {
  /// X_train.npy and X_val.npy.
  case dense
  /// The arrays of `scipy.sparse.csc_matrix`: X_train.data.npy, X_train.indices.npy and X_train.indptr.npy, and the same for
  /// X_val. See ``LinAlg/SparseMatrix/init(compressedColumnsAt:rows:)``.
  case compressedColumns

  private static let arrays = ["data", "indices", "indptr"]

  /// Looks at the names in a folder.
  ///
  /// - Throws: ``DatasetError/missing(path:)`` where X_train is neither; ``DatasetError/invalid(path:reason:)`` where it is
  ///   both, or where X_val is not as X_train is.
  public init(directory: String) throws(DatasetError) {
    func found(_ name: String) -> (dense: String?, sparse: String?) {
      let dense = "\(name).npy"
      let sparse = Self.arrays.map { "\(name).\($0).npy" }
      return (
        System.isOccupied("\(directory)/\(dense)") ? dense : nil,
        sparse.first { System.isOccupied("\(directory)/\($0)") }
      )
    }
    let train = found("X_train")
    let validation = found("X_val")
    for part in [train, validation] {
      if let dense = part.dense, let sparse = part.sparse {
        throw .invalid(
          path: "\(directory)/\(dense)",
          reason: "and \(sparse) beside it: dense and sparse features; expected one of them")
      }
    }
    guard let name = train.dense ?? train.sparse else { throw .missing(path: directory + "/X_train.npy") }
    self = train.dense == nil ? .compressedColumns : .dense
    if let other = validation.dense ?? validation.sparse, (validation.dense == nil) != (train.dense == nil) {
      throw .invalid(
        path: "\(directory)/\(other)",
        reason: "is \(train.dense == nil ? "dense" : "sparse"), and \(name) is not; expected X_val stored as X_train is"
      )
    }
  }
}
