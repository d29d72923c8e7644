/// y ← α A_Sᵀ diag(d) A_S x for a tall column-major matrix, reading it from memory once: a panel of rows stays in the cache
/// between the product with A_S and the one with its transpose. Keeps its scratch; used by one task at a time.
public final class FusedGram<Element: Scalar> {
  /// A panel of the chosen columns, in bytes: most of a second cache of 1 MiB. Measured at 60,000 × 784 on two cores, 0.4
  /// to 1 MiB are equally fast, a quarter of that and twice that slower.
  static var panelBytes: Int { 768 << 10 }

  private var scratch: [Storage<Element>] = []
  private var partials: [Vector<Element>] = []

  public init() {}

  /// Whether one fused pass over all columns beats two products: measured, it does where the matrix is larger than a
  /// second cache and not so wide that a panel's pieces of columns become shorter than a few cache lines.
  public static func pays(for A: Matrix<Element>) -> Bool {
    let bytes = MemoryLayout<Element>.stride * A.count
    return A.layout == .columnMajor && bytes > 2 * panelBytes
      && A.columns * MemoryLayout<Element>.stride * 32 <= panelBytes
  }

  /// - Parameters:
  ///   - S: the columns, nil for all.
  ///   - x: |S| entries.
  ///   - weights: d, a weight a row, nil for ones.
  /// - Precondition: A is column-major. Cost 4 n |S|, on as many processors as pay.
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
    // At least two cache lines of each column a panel; at most what the scratch's own share of the cache allows.
    let stride = MemoryLayout<Element>.stride
    let panel = min(A.rows, max(128 / stride, min(4096, Self.panelBytes / (stride * k) / 16 * 16)))
    let tasks = min(max(1, A.rows / panel), Parallel.tasks(multiplications: 4 * A.rows * k))
    while scratch.count < tasks { scratch.append(Storage(capacity: panel)) }
    for t in 0..<tasks where scratch[t].capacity < panel { scratch[t] = Storage(capacity: panel) }
    if tasks == 1 {
      let out = y.mutableBase()
      let scratch = self.scratch[0].pointer
      withIndices(S) {
        Element._fusedGram(0, A.rows, k, $0, A.base, A.stride, d?.base, α, x.base, out, panel, scratch)
      }
      return
    }
    while partials.count < tasks { partials.append(.zeros(k)) }
    for t in 1..<tasks {
      if partials[t].count != k { partials[t] = .zeros(k) } else { partials[t].fill(0) }
    }
    let targets = [Target(y.mutableBase())] + (1..<tasks).map { Target(partials[$0].mutableBase()) }
    let scratch = self.scratch
    withIndices(S) { index in
      let index = Source(index)
      Parallel.run(tasks) { task in
        Element._fusedGram(
          A.rows * task / tasks, A.rows * (task + 1) / tasks, k, index.pointer, A.base, A.stride, d?.base, α, x.base,
          targets[task].pointer, panel, scratch[task].pointer)
      }
    }
    for t in 1..<tasks { y.add(1, partials[t]) }
  }

  private func withIndices(_ S: IndexSubset?, _ body: (UnsafePointer<Int>?) -> Void) {
    if let S { S.withPointer { body($0) } } else { body(nil) }
  }

  private struct Target: @unchecked Sendable {
    // Safe: each task writes its own.
    let pointer: UnsafeMutablePointer<Element>
    init(_ pointer: UnsafeMutablePointer<Element>) { self.pointer = pointer }
  }

  private struct Source: @unchecked Sendable {
    let pointer: UnsafePointer<Int>?
    init(_ pointer: UnsafePointer<Int>?) { self.pointer = pointer }
  }
}
