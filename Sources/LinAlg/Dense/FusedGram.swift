/// y ← α A_Sᵀ diag(d) A_S x for a tall column-major matrix, reading it from memory once: a panel of rows stays in the cache
/// between the product with A_S and the one with its transpose. Keeps its scratch; used by one task at a time.
public final class FusedGram<Element: Scalar> {
  /// A panel of the chosen columns, in bytes: most of a second cache of 1 MiB. Measured at 60,000 × 784 on two cores, 0.4
  /// to 1 MiB are equally fast, a quarter of that and twice that slower.
  static var panelBytes: Int { 768 << 10 }

  /// A panel's product, one stretch per task.
  private var scratch = Storage<Element>(capacity: 0)
  /// The sums of every task but the first.
  private var partials = Storage<Element>(capacity: 0)

  public init() {}

  /// Whether one fused pass over all columns beats two products: measured, it does where the matrix is larger than a
  /// second cache and not so wide that a panel's pieces of columns become shorter than a few cache lines.
  public static func pays(for A: Matrix<Element>) -> Bool {
    let bytes = MemoryLayout<Element>.stride * A.count
    return A.layout == .columnMajor && bytes > 2 * panelBytes
      && A.columns * MemoryLayout<Element>.stride * 32 <= panelBytes
  }

  /// Rows per panel of a vector's product: at least two cache lines of each column, and at most what the scratch's own share
  /// of the cache allows.
  static func vectorPanel(_ rows: Int, _ k: Int) -> Int {
    let stride = MemoryLayout<Element>.stride
    return min(rows, max(128 / stride, min(4096, panelBytes / (stride * k) / 16 * 16)))
  }

  /// y ← α A_Sᵀ diag(d) A_S x.
  ///
  /// - Parameters:
  ///   - S: the columns, nil for all.
  ///   - x: |S| entries.
  ///   - weights: d, one weight per row, nil for ones.
  /// - Precondition: A is column-major. Cost 4 n |S|, on as many processors as pay.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func assign(
    to y: inout Vector<Element>, columns S: IndexSubset?, of A: Matrix<Element>, _ x: Vector<Element>,
    weights d: Vector<Element>? = nil, alpha α: Element = 1
  ) {
    let k = S?.count ?? A.columns
    precondition(
      A.layout == .columnMajor && (S?.universe ?? A.columns) == A.columns && x.count == k && y.count == k
        && (d?.count ?? A.rows) == A.rows,
      "FusedGram: \(k) of the columns of \(A.rows) × \(A.columns) \(A.layout) times \(x.count) into \(y.count)")
    y.fill(0)
    if k == 0 || A.rows == 0 { return }
    let panel = Self.vectorPanel(A.rows, k)
    let tasks = min(max(1, A.rows / panel), Parallel.tasks(multiplications: 4 * A.rows * k))
    let target = y.mutableBase()
    withIndices(S) { index in
      accumulate(A.rows, tasks, scratch: panel, into: target, k) { first, last, out, scratch in
        Element._fusedGram(first, last, k, index.pointer, A.base, A.stride, d?.base, α, x.base, out, panel, scratch)
      }
    }
  }

  /// Runs `body(first, last, out, scratch)` over `tasks` ranges of `rows` rows, each task with a stretch of scratch of its
  /// own; the first adds to `target` (`count` entries), the others to zeros that are added to it in the end, in order.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func accumulate(
    _ rows: Int, _ tasks: Int, scratch size: Int, into target: UnsafeMutablePointer<Element>, _ count: Int,
    _ body: @Sendable (Int, Int, UnsafeMutablePointer<Element>, UnsafeMutablePointer<Element>) -> Void
  ) {
    if scratch.capacity < tasks * size { scratch = Storage(capacity: tasks * size) }
    if tasks == 1 {
      body(0, rows, target, scratch.pointer)
      return
    }
    if partials.capacity < (tasks - 1) * count { partials = Storage(capacity: (tasks - 1) * count) }
    let shared = Shared(target: target, partials: partials.pointer, scratch: scratch.pointer)
    Parallel.run(tasks) { task in
      var out = shared.target
      if task > 0 {
        out = shared.partials + (task - 1) * count
        out.update(repeating: 0, count: count)
      }
      body(rows * task / tasks, rows * (task + 1) / tasks, out, shared.scratch + task * size)
    }
    for task in 1..<tasks { Element._axpy(count, 1, partials.pointer + (task - 1) * count, target) }
  }

  func withIndices(_ S: IndexSubset?, _ body: (Indices) -> Void) {
    if let S { S.withPointer { body(Indices(pointer: $0)) } } else { body(Indices(pointer: nil)) }
  }

  /// The chosen columns, nil for all.
  struct Indices: @unchecked Sendable {
    // Safe: read only.
    let pointer: UnsafePointer<Int>?
  }

  private struct Shared: @unchecked Sendable {
    // Safe: each task writes a stretch of its own.
    let target: UnsafeMutablePointer<Element>
    let partials: UnsafeMutablePointer<Element>
    let scratch: UnsafeMutablePointer<Element>
  }
}
