/// ``ColumnGram`` in single precision, at twice its speed: the panels of the chosen columns are rounded to `Float` on their way into
/// the cache. The result has an error of some 1e-7 of its diagonal: enough to precondition with. Keeps its panels.
public final class SingleColumnGram<Element: Scalar> {
  private var panels: [Storage<Float>] = []
  private var partials: [Storage<Float>] = []
  private var roots = Storage<Element>(capacity: 0)

  public init() {}

  /// C ← α A_Sᵀ diag(d) A_S, |S| × |S| column-major, lower triangle, for weights d ≥ 0 (a row; nil for ones). Cost n |S|²
  /// in single precision, on as many processors as pay.
  ///
  /// - Precondition: A is column-major.
  @specialized(where Element == Double)
  public func assign(
    to C: inout Matrix<Float>, columns indices: IndexSubset, of A: Matrix<Element>, weights d: Vector<Element>? = nil,
    alpha α: Float = 1
  ) {
    let (n, k) = (A.rows, indices.count)
    precondition(
      A.layout == .columnMajor && indices.universe == A.columns && C.layout == .columnMajor && C.rows == k
        && C.columns == k && (d?.count ?? n) == n,
      "SingleColumnGram: \(k) of the columns of \(A.rows) × \(A.columns) \(A.layout) into \(C.rows) × \(C.columns)")
    if k == 0 { return }
    if n == 0 {
      C.fill(0)
      return
    }
    let rows = ColumnGram<Element>.panelRows
    let blocks = (n + rows - 1) / rows
    let tasks = min(blocks, Parallel.tasks(multiplications: n * k * k / 4))
    for t in 0..<tasks {
      if panels.count <= t { panels.append(Storage(capacity: 0)) }
      if partials.count <= t { partials.append(Storage(capacity: 0)) }
      if panels[t].capacity < min(n, rows) * k { panels[t] = Storage(capacity: min(n, rows) * k) }
      if t > 0 && partials[t].capacity < k * k { partials[t] = Storage(capacity: k * k) }
    }
    if let d {
      if roots.capacity < n { roots = Storage(capacity: n) }
      for i in 0..<n { roots.pointer[i] = d.base[i].squareRoot() }
    }
    let root = d == nil ? nil : Source(UnsafePointer(roots.pointer))
    let c = Target(C.mutableBase())
    let stride = C.stride
    let (panels, partials) = (self.panels, self.partials)
    indices.withPointer { index in
      let index = Source(index)
      Parallel.run(tasks) { task in
        let out = task == 0 ? c.pointer : partials[task].pointer
        let ld = task == 0 ? stride : k
        let first = blocks * task / tasks
        for block in first..<blocks * (task + 1) / tasks {
          let start = block * rows
          let count = min(rows, n - start)
          let panel = panels[task].pointer
          Element._gatherColumnsSingle(
            count, k, index.pointer, A.base + start, A.stride, root.map { $0.pointer + start }, panel, count)
          Float._syrk(true, k, count, α, panel, count, block == first ? 0 : 1, out, ld)
        }
      }
    }
    for task in 1..<max(1, tasks) {
      for j in 0..<k {
        Float._axpy(k - j, 1, partials[task].pointer + j * k + j, c.pointer + j * stride + j)
      }
    }
  }

  /// Memory that tasks write disjoint parts of, or that task 0 alone writes.
  private struct Target: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Float>
    init(_ pointer: UnsafeMutablePointer<Float>) { self.pointer = pointer }
  }

  /// Memory that tasks read.
  private struct Source<T>: @unchecked Sendable {
    let pointer: UnsafePointer<T>
    init(_ pointer: UnsafePointer<T>) { self.pointer = pointer }
  }
}
