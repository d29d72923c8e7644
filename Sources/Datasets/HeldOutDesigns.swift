import Foundation
public import LinAlg

/// Data to fit with and to judge by, dense or sparse: what ``HeldOutData`` is for matrices alone.
///
/// A part is dense where the folder has X_train.npy, and sparse where it has, in its place, the three arrays of compressed
/// columns (`scipy.sparse.csc_matrix`): X_train.data.npy, X_train.indices.npy, X_train.indptr.npy. Their rows are those of
/// y_train.npy. The same with `val`.
public struct HeldOutDesigns<Element: Scalar>: Sendable {
  /// n × p.
  public let trainFeatures: any DesignMatrix<Element>
  /// n entries.
  public let trainTargets: Vector<Element>
  /// m × p.
  public let validationFeatures: any DesignMatrix<Element>
  /// m entries.
  public let validationTargets: Vector<Element>

  /// Reads a folder.
  ///
  /// - Throws: ``DatasetError`` that names the file, for what ``NPY`` refuses, for arrays that are no sparse matrix, for
  ///   numbers that are not finite, and for shapes that do not fit each other.
  public init(directory: String) throws(DatasetError) {
    guard FileManager.default.fileExists(atPath: directory + "/X_train.data.npy") else {
      let data = try HeldOutData<Element>(directory: directory)
      trainFeatures = DenseDesign(data.trainFeatures)
      trainTargets = data.trainTargets
      validationFeatures = DenseDesign(data.validationFeatures)
      validationTargets = data.validationTargets
      return
    }
    trainTargets = try NPY.vector(at: directory + "/y_train.npy", as: Element.self)
    validationTargets = try NPY.vector(at: directory + "/y_val.npy", as: Element.self)
    let train = try Self.sparse(directory + "/X_train", rows: trainTargets.count)
    let validation = try Self.sparse(directory + "/X_val", rows: validationTargets.count)
    guard train.columns == validation.columns else {
      throw .invalid(
        path: directory + "/X_val.indptr.npy",
        reason: "\(validation.columns) columns; expected \(train.columns), as X_train.indptr.npy has")
    }
    trainFeatures = train
    validationFeatures = validation
  }

  private static func sparse(_ prefix: String, rows: Int) throws(DatasetError) -> SparseMatrix<Element> {
    let pointers = try NPY.indices(at: prefix + ".indptr.npy")
    let indices = try NPY.indices(at: prefix + ".indices.npy")
    let values = try NPY.vector(at: prefix + ".data.npy", as: Element.self)
    guard rows > 0, pointers.count >= 2 else {
      throw .invalid(
        path: prefix + ".indptr.npy", reason: "\(pointers.count) pointers for \(rows) rows; expected rows and columns")
    }
    guard let places = Self.narrowed(indices) else {
      throw .invalid(path: prefix + ".indices.npy", reason: "holds indices outside 0 ..< \(rows), the rows of y")
    }
    do throws(SparseStructureError) {
      return try SparseMatrix(
        rows: rows, columns: pointers.count - 1, columnPointers: pointers, rowIndices: places, values: Array(values))
    } catch {
      let file =
        switch error {
        case .index: ".indices.npy"
        default: ".indptr.npy"
        }
      throw .invalid(path: prefix + file, reason: "not compressed columns of \(rows) rows: \(error)")
    }
  }

  /// The indices in 32 bits, or nil where one does not fit.
  private static func narrowed(_ indices: [Int]) -> [Int32]? {
    var result: [Int32] = []
    result.reserveCapacity(indices.count)
    for i in indices {
      guard let narrow = Int32(exactly: i) else { return nil }
      result.append(narrow)
    }
    return result
  }
}
