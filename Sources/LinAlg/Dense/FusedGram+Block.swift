/// Blocks of right-hand sides: Y ← α A_Sᵀ diag(d) A_S V.
extension FusedGram {
  /// How a block of q columns is multiplied. One rule decides, ``plan(for:columns:restricted:)``.
  package enum BlockPlan: Equatable {
    /// The vector's kernel, for a block of one.
    case vector
    /// A panel of so many rows stays in the cache while all right-hand sides pass over it, four at a time.
    case kernel(panel: Int)
    /// BLAS's matrix products on panels of so many rows.
    case products(panel: Int)
  }

  /// Rows of a panel that BLAS multiplies twice.
  private static var productRows: Int { 512 }

  /// The measured rule (`implicit-diff-bench kernels`; 60,000 × 784, 20,000 × 1000, 100,000 × 100 and smaller ones, blocks
  /// of 1 to 64): the kernel wins where
  ///
  /// - the matrix is larger than a second cache: smaller ones BLAS packs at no cost in memory traffic;
  /// - a panel of at least 64 rows fits about 1 MiB: with fewer, its sums across vectors cost as much as its products;
  /// - there are at most a fifth as many right-hand sides as the panel has rows (12 at 2000 columns, 25 at 1000, 51 at 400
  ///   and below): from there on arithmetic alone counts, of which BLAS does some tenths more a second;
  /// - and at most 8 where columns lie a multiple of 4 KiB apart: they then compete for the same places in the cache,
  ///   which BLAS avoids by packing.
  ///
  /// For two right-hand sides the next panel is what the kernel waits for: panels of a quarter of that size are a quarter
  /// faster.
  ///
  /// A subset of the columns goes by the kernel whatever its size, as BLAS could not read it where it lies.
  package static func plan(for A: Matrix<Element>, columns q: Int, restrictedTo k: Int? = nil) -> BlockPlan {
    let stride = MemoryLayout<Element>.stride
    let tile = 256 / stride
    let row = stride * max(1, k ?? A.columns)
    let fitting = (1 << 20) / row / tile * tile
    let panel =
      q <= 2 ? max(tile, min(8 * tile, (1 << 18) / row / tile * tile)) : max(2 * tile, min(8 * tile, fitting))
    if k != nil { return .kernel(panel: panel) }
    let large = stride * A.count > 2 * panelBytes
    if q == 1 && pays(for: A) { return .vector }
    let most = A.stride * stride % 4096 == 0 ? 8 : max(2 * tile, panel) / 5
    if large && fitting >= 2 * tile && q <= most { return .kernel(panel: panel) }
    return .products(panel: large ? min(A.rows, productRows) : A.rows)
  }

  /// Y ← α A_Sᵀ diag(d) A_S V for a block of columns, all |S| × q column-major.
  ///
  /// - Parameters:
  ///   - S: the columns of A, nil for all.
  ///   - V: |S| × q.
  ///   - weights: d, one weight per row, nil for ones.
  /// - Precondition: A is column-major. Cost 4 n |S| q, on as many processors as pay; where the kernel serves, A is read
  ///   from memory once.
  public func assign(
    to Y: inout Matrix<Element>, columns S: IndexSubset? = nil, of A: Matrix<Element>, block V: Matrix<Element>,
    weights d: Vector<Element>? = nil, alpha α: Element = 1
  ) {
    let (k, q) = (S?.count ?? A.columns, V.columns)
    precondition(
      A.layout == .columnMajor && V.layout == .columnMajor && Y.layout == .columnMajor
        && (S?.universe ?? A.columns) == A.columns && V.rows == k && Y.rows == k && Y.columns == q
        && (d?.count ?? A.rows) == A.rows,
      "FusedGram: \(k) of the columns of \(A.rows) × \(A.columns) \(A.layout) times \(V.rows) × \(q) into "
        + "\(Y.rows) × \(Y.columns), \(d?.count ?? A.rows) weights")
    Y.fill(0)
    if k == 0 || q == 0 || A.rows == 0 { return }
    // The sums of the tasks are packed as Y is.
    let target = Y.mutableBase()
    let ldy = Y.stride
    let count = (q - 1) * ldy + k
    let most = Parallel.tasks(multiplications: 4 * A.rows * k * q)
    switch Self.plan(for: A, columns: q, restrictedTo: S?.count) {
    case .vector:
      let panel = Self.vectorPanel(A.rows, k)
      accumulate(A.rows, min(max(1, A.rows / panel), most), scratch: panel, into: target, k) {
        first, last, out, scratch in
        Element._fusedGram(first, last, k, nil, A.base, A.stride, d?.base, α, V.base, out, panel, scratch)
      }
    case .kernel(let panel):
      withIndices(S) { index in
        accumulate(A.rows, min(max(1, A.rows / panel), most), scratch: 4 * panel, into: target, count) {
          first, last, out, scratch in
          Element._fusedGramBlock(
            first, last, k, index.pointer, A.base, A.stride, d?.base, α, q, V.base, V.stride, out, ldy, panel,
            scratch)
        }
      }
    case .products(let panel):
      accumulate(A.rows, min(max(1, A.rows / panel), most), scratch: panel * q, into: target, count) {
        first, last, out, scratch in
        for start in stride(from: first, to: last, by: panel) {
          let rows = min(panel, last - start)
          let block = A.base + start
          Element._gemm(
            false, false, rows, q, k, 1, block, A.stride, V.base, V.stride, 0, scratch, rows)
          if let d { Element._scaleRows(rows, q, d.base + start, scratch, rows) }
          Element._gemm(true, false, k, q, rows, α, block, A.stride, scratch, rows, 1, out, ldy)
        }
      }
    }
  }
}
