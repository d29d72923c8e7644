/// A design whose columns can be shifted and scaled though they do not lie in one matrix: rows over ranks, rows in a file.
public protocol StandardizableDesign<Element>: DesignMatrix {
  /// (X − 1 meansᵀ) diag(1/scales), p entries each; nil where entries of 0 are left out, which would all become others.
  func standardized(means: Vector<Element>, scales: Vector<Element>) -> (any DesignMatrix<Element>)?
}

extension Matrix {
  /// (A − 1 meansᵀ) diag(1/scales), column-major.
  public func standardized(means: Vector<Element>, scales: Vector<Element>) -> Matrix {
    precondition(
      means.count == columns && scales.count == columns,
      "Matrix.standardized: \(means.count) means and \(scales.count) scales for \(columns) columns")
    var result = packed(as: .columnMajor)
    for j in 0..<columns {
      var column = Vector(copying: result.column(j))
      column.add(constant: -means[j])
      column.scale(by: 1 / scales[j])
      result.setColumn(j, column)
    }
    return result
  }
}
