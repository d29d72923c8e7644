extension Matrix {
  /// C ← α A B, split by rows of A over the processors where the product is large enough to pay. Cost 2 m n k.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func assignLargeProduct(_ A: Matrix, _ B: Matrix, alpha α: Element = 1) {
    let tasks = Swift.min(A.rows, Parallel.tasks(multiplications: A.count * B.columns))
    guard tasks > 1, A.columns > 0, layout == .columnMajor, A.layout == .rowMajor, B.layout == .columnMajor else {
      assignProduct(A, B, alpha: α)
      return
    }
    precondition(
      A.columns == B.rows && rows == A.rows && columns == B.columns,
      "Matrix product: \(A.rows) × \(A.columns) times \(B.rows) × \(B.columns) into \(rows) × \(columns)")
    let (target, stride) = (MatrixTarget(pointer: mutableBase()), self.stride)
    // BLAS copies A before it multiplies, which for a few columns of B takes as long as the product.
    let isNarrow = B.columns <= 16 && 4 * A.columns * MemoryLayout<Element>.stride <= FusedGram<Element>.panelBytes
    Parallel.run(tasks) { task in
      let range = A.rows * task / tasks..<A.rows * (task + 1) / tasks
      if isNarrow {
        Element._dotColumnsBlock(
          A.columns, range.count, A.base + range.lowerBound * A.stride, A.stride, B.columns, B.base, B.stride, α,
          target.pointer + range.lowerBound, stride)
        return
      }
      Element._gemm(
        true, false, range.count, B.columns, A.columns, α, A.base + range.lowerBound * A.stride, A.stride, B.base,
        B.stride, 0, target.pointer + range.lowerBound, stride)
    }
  }

  /// Memory of which each task writes a part of its own.
  private struct MatrixTarget: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Element>
  }
}
