/// Products with a few columns of a matrix, which are read where they lie: nothing of the others is touched, and no copy
/// of the chosen ones is made beyond a panel that stays in the cache.
extension Vector {
  /// y ← y + Σₖ x[k] · column `indices[k]` of A, y the receiver. Reads |S| columns once, on as many processors as pay.
  ///
  /// - Precondition: A is column-major.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func addProduct(columns indices: IndexSubset, of A: Matrix<Element>, _ x: Vector) {
    precondition(
      A.layout == .columnMajor && indices.universe == A.columns && x.count == indices.count && count == A.rows,
      "Vector.addProduct: \(x.count) of the columns of \(A.rows) × \(A.columns) \(A.layout) into \(count)")
    let (k, rows, stride) = (indices.count, A.rows, A.stride)
    // Memory bounds it, at the speed of some three multiplications for each that there is. Each row's sum is its own, whoever makes it.
    let tasks = Swift.max(1, Swift.min(rows / 64, Parallel.tasks(multiplications: 3 * rows * k)))
    let (a, x, out) = (
      ColumnProductMemory(A.base), ColumnProductMemory(x.base), ColumnProductMemory(UnsafePointer(mutableBase()))
    )
    indices.withPointer { index in
      let index = ColumnProductMemory(index)
      Parallel.run(tasks) { task in
        // Whole cache lines in every task.
        let (first, last) = (rows * task / tasks / 8 * 8, task + 1 == tasks ? rows : rows * (task + 1) / tasks / 8 * 8)
        Element._addColumns(
          last - first, k, index.pointer, a.pointer + first, stride, x.pointer, out.mutable + first)
      }
    }
  }

  /// x[k] ← α (column `indices[k]` of A)ᵀ r, x the receiver. Reads |S| columns once, on as many
  /// processors as pay.
  ///
  /// - Precondition: A is column-major.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func assignProduct(
    transposedColumns indices: IndexSubset, of A: Matrix<Element>, _ r: Vector, alpha α: Element = 1
  ) {
    precondition(
      A.layout == .columnMajor && indices.universe == A.columns && count == indices.count && r.count == A.rows,
      "Vector.assignProduct: \(indices.count) of the columns of \(A.rows) × \(A.columns) \(A.layout) into \(count)")
    let k = indices.count
    let tasks = Parallel.tasks(multiplications: A.rows * k)
    let out = ColumnProductMemory(UnsafePointer(mutableBase()))
    let (a, r) = (ColumnProductMemory(A.base), ColumnProductMemory(r.base))
    let (rows, stride) = (A.rows, A.stride)
    indices.withPointer { index in
      let index = ColumnProductMemory(index)
      Parallel.run(tasks) { task in
        // Four columns are taken at a time: whole fours in every task leave the same sums.
        let (first, last) = (k * task / tasks / 4 * 4, task + 1 == tasks ? k : k * (task + 1) / tasks / 4 * 4)
        Element._dotColumns(
          rows, last - first, index.pointer + first, a.pointer, stride, α, r.pointer, out.mutable + first)
      }
    }
  }
}

/// Memory that tasks read, or write disjoint parts of.
private struct ColumnProductMemory<T>: @unchecked Sendable {
  let pointer: UnsafePointer<T>
  var mutable: UnsafeMutablePointer<T> { UnsafeMutablePointer(mutating: pointer) }
  init(_ pointer: UnsafePointer<T>) { self.pointer = pointer }
}

/// Gram matrices of a few columns of a tall matrix, panel by panel: the panel of the chosen columns is gathered into the
/// cache and multiplied there, so memory is read once and nothing is written but the result. Keeps its panels.
public final class ColumnGram<Element: Scalar> {
  /// Rows per panel: 512 rows of 64 columns are 256 KiB in Double, within the second cache.
  static var panelRows: Int { 512 }

  /// Entries of the chosen columns up to which they are multiplied where they lie: 256 KiB in Double stay in the second cache, and the
  /// measured gain over packing ends there.
  static var smallCount: Int { 32_768 }

  private var panels: [Storage<Element>] = []
  private var partials: [Storage<Element>] = []
  private var spread = Storage<Element>(capacity: 0)
  private var roots = Storage<Element>(capacity: 0)

  public init() {}

  /// C ← α A_Sᵀ diag(d) A_S, |S| × |S| column-major, both triangles, for weights d ≥ 0 (a row; nil for ones). Cost n |S|² on as
  /// many processors as pay.
  ///
  /// - Precondition: A is column-major.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func assign(
    to C: inout Matrix<Element>, columns indices: IndexSubset, of A: Matrix<Element>, weights d: Vector<Element>? = nil,
    alpha α: Element = 1
  ) {
    let (n, k) = (A.rows, indices.count)
    precondition(
      A.layout == .columnMajor && indices.universe == A.columns && C.layout == .columnMajor && C.rows == k
        && C.columns == k && (d?.count ?? n) == n,
      "ColumnGram: \(k) of the columns of \(A.rows) × \(A.columns) \(A.layout) into \(C.rows) × \(C.columns)")
    if k == 0 { return }
    if n == 0 {
      C.fill(0)
      return
    }
    if n * k <= Self.smallCount && d == nil {
      let c = C.mutableBase()
      indices.withPointer { Element._smallColumnGram(n, k, $0, A.base, A.stride, α, c, C.stride) }
      return
    }
    let blocks = (n + Self.panelRows - 1) / Self.panelRows
    let tasks = min(blocks, Parallel.tasks(multiplications: n * k * k / 2))
    reserve(tasks, panel: min(n, Self.panelRows) * k, partial: k * k)
    let c = Target(C.mutableBase())
    let stride = C.stride
    let (panels, partials) = (self.panels, self.partials)
    if let d { fillRoots(of: d) }
    let roots = d == nil ? nil : Target(self.roots.pointer)
    indices.withPointer { index in
      let index = Source(index)
      Parallel.run(tasks) { task in
        let out = task == 0 ? c.pointer : partials[task].pointer
        let ld = task == 0 ? stride : k
        var first = true
        for block in blocks * task / tasks..<blocks * (task + 1) / tasks {
          let start = block * Self.panelRows
          let rows = min(Self.panelRows, n - start)
          let panel = panels[task].pointer
          Element._gatherColumns(rows, k, index.pointer, A.base + start, 1, A.stride, panel, rows)
          if let roots { Element._scaleRows(rows, k, roots.pointer + start, panel, rows) }
          Element._syrk(true, k, rows, α, panel, rows, first ? 0 : 1, out, ld)
          first = false
        }
      }
    }
    for task in 1..<max(1, tasks) {
      for j in 0..<k {
        Element._axpy(k - j, 1, partials[task].pointer + j * k + j, c.pointer + j * stride + j)
      }
    }
    Element._mirrorLower(k, c.pointer, stride)
  }

  /// A panel scaled by √d has half the products of one scaled by d, and its Gram matrix is symmetric.
  private func fillRoots(of d: Vector<Element>) {
    if roots.capacity < d.count { roots = Storage(capacity: d.count) }
    for i in 0..<d.count { roots.pointer[i] = d.base[i].squareRoot() }
  }

  /// Lends a vector of `count` zeros; `body` leaves it as it found it.
  func withSpread<R>(_ count: Int, _ body: (UnsafeMutablePointer<Element>) -> R) -> R {
    if spread.capacity < count {
      spread = Storage(capacity: count)
      spread.pointer.initialize(repeating: 0, count: count)
    }
    return body(spread.pointer)
  }

  private func reserve(_ tasks: Int, panel: Int, partial: Int) {
    while panels.count < tasks { panels.append(Storage(capacity: panel)) }
    while partials.count < tasks { partials.append(Storage(capacity: partials.isEmpty ? 0 : partial)) }
    for t in 0..<tasks {
      if panels[t].capacity < panel { panels[t] = Storage(capacity: panel) }
      if t > 0 && partials[t].capacity < partial { partials[t] = Storage(capacity: partial) }
    }
  }

  /// Memory that tasks write disjoint parts of, or that task 0 alone writes.
  private struct Target: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Element>
    init(_ pointer: UnsafeMutablePointer<Element>) { self.pointer = pointer }
  }

  /// Memory that tasks read.
  private struct Source: @unchecked Sendable {
    let pointer: UnsafePointer<Int>
    init(_ pointer: UnsafePointer<Int>) { self.pointer = pointer }
  }
}
