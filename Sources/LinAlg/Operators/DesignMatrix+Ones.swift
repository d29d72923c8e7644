extension DesignMatrix {
  /// (X 1): the design with a column of ones after its own, for an intercept. By products with the whole design.
  public func appendingOnes() -> any DesignMatrix<Element> {
    let (whole, p) = (self, columns)
    return ProductDesign(
      rows: rows, columns: p + 1,
      multiply: { x, y in
        whole.multiply(x[segment: 0..<p], alpha: 1, beta: 0, into: &y)
        y.add(constant: x[p])
      },
      multiplyTransposed: { y, x in
        var inner = Vector<Element>.zeros(p)
        whole.multiplyTransposed(y, alpha: 1, beta: 0, into: &inner)
        for j in 0..<p { x[j] = inner[j] }
        x[p] = y.reduce(0, +)
      })
  }
}

extension DenseDesign {
  /// Copies X once.
  public func appendingOnes() -> any DesignMatrix<Element> {
    var wide = Matrix<Element>.zeros(rows, columns + 1)
    let target = wide.mutableBase()
    let (n, from) = (rows, matrix)
    for j in 0..<columns { (target + j * n).update(from: from.base + j * from.stride, count: n) }
    (target + columns * n).update(repeating: 1, count: n)
    return DenseDesign(wide)
  }
}

extension SparseMatrix {
  /// Copies the entries once.
  public func appendingOnes() -> any DesignMatrix<Element> {
    let count = nonzeroCount
    // Rows fit in 32 bits: entries are indexed by them already.
    return SparseMatrix(
      rows: rows,
      byColumn: CompressedLines(
        length: rows, pointers: byColumn.pointers + [count + rows],
        indices: byColumn.indices + (0..<rows).map { Int32(truncatingIfNeeded: $0) },
        values: byColumn.values + Array(repeating: 1, count: rows)))
  }
}
