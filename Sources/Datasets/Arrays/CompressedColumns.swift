import Foundation
public import LinAlg

/// Sparse matrices in three `.npy` files, the arrays of compressed columns (`scipy.sparse.csc_matrix`): PREFIX.data.npy,
/// PREFIX.indices.npy and PREFIX.indptr.npy.
extension SparseMatrix {
  /// Whether a sparse matrix is stored under this prefix, in place of PREFIX.npy.
  public static func isStored(at prefix: String) -> Bool {
    FileManager.default.fileExists(atPath: prefix + ".data.npy")
  }

  /// Reads the three files.
  ///
  /// - Parameter rows: the number of rows, which the arrays do not say: that of y.
  /// - Throws: `DatasetError` that names the file, for what `NPY` refuses, for arrays that are no sparse matrix of so many
  ///   rows, and for numbers that are not finite.
  public init(compressedColumnsAt prefix: String, rows: Int) throws(DatasetError) {
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
      try self.init(
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
