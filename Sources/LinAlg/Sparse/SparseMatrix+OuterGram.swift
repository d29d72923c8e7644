extension SparseMatrix {
  /// M ← α X_S X_Sᵀ, n × n column-major, both triangles: each column adds the products of its entries with each other.
  ///
  /// Cost ``outerGramMultiplications(columns:)`` and 3 n² numbers moved for the zeros and the second triangle.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func outerGram(columns S: IndexSubset, alpha α: Element = 1, into M: inout Matrix<Element>) {
    precondition(
      S.universe == columns && M.layout == .columnMajor && M.rows == rows && M.columns == rows,
      "SparseMatrix.outerGram: \(S.count) of the \(S.universe) columns of \(rows) × \(columns) into "
        + "\(M.rows) × \(M.columns) \(M.layout)")
    M.fill(0)
    if rows == 0 { return }
    let m = M.mutableBase()
    let stride = M.stride
    for k in 0..<S.count {
      byColumn.withLine(S[k]) { count, indices, values in
        for a in 0..<count {
          Element._sparseAxpy(
            count - a, indices + a, values + a, α * values[a], m + Int(indices[a]) * stride)
        }
      }
    }
    Element._mirrorLower(rows, m, stride)
  }

  /// The multiply-adds of ``outerGram(columns:alpha:into:)``: Σ nⱼ (nⱼ + 1)/2 over the chosen columns of nⱼ entries.
  public func outerGramMultiplications(columns S: IndexSubset) -> Double {
    var sum = 0.0
    for k in 0..<S.count {
      let entries = Double(byColumn.pointers[S[k] + 1] - byColumn.pointers[S[k]])
      sum += entries * (entries + 1) / 2
    }
    return sum
  }

  /// The stored entries of the chosen columns.
  public func storedCount(columns S: IndexSubset) -> Int {
    precondition(S.universe == columns, "SparseMatrix: a subset of \(S.universe) columns for \(rows) × \(columns)")
    return (0..<S.count).reduce(0) { $0 + byColumn.pointers[S[$1] + 1] - byColumn.pointers[S[$1]] }
  }
}
