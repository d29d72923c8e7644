internal import Synchronization

/// A dense design that lies row by row, as C and NumPy write it, in memory or in a file that is mapped; in single precision too where it is
/// computed with in double. Results are those of a ``DenseDesign`` of the same numbers, to rounding.
///
/// Products with X and Xᵀ go over the rows, the norms of columns are found in the first pass, and the few columns that supports and working
/// sets ask for are gathered and kept. So a problem with a small support is solved without a copy of X. Whatever needs all columns
/// (``denseColumns``, blocks, minibatches, a spectrum) makes one on its first use, and everything goes through that from then on.
public final class RowMajorDesign<Element: Scalar>: DesignMatrix {
  public let rows: Int
  public let columns: Int
  /// nil where X is columns that were chosen from another.
  private let entries: RowEntries<Element>?
  /// ‖column‖², p entries.
  private let squares: Vector<Element>
  private let state: Mutex<State>
  private let fused = Mutex<RowGram<Element>>(RowGram())

  private struct State: Sendable {
    var kept = KeptColumns<Element>()
    /// All of X, column-major, from when that is needed.
    var whole: DenseDesign<Element>?
  }

  /// Goes over the entries once.
  ///
  /// - Precondition: `matrix` is row-major.
  public convenience init(_ matrix: Matrix<Element>) { self.init(RowEntries(matrix)) }

  private init(_ entries: RowEntries<Element>) {
    (rows, columns, self.entries) = (entries.rows, entries.columns, entries)
    squares = Self.squares(entries)
    state = Mutex(State())
  }

  private init(_ whole: DenseDesign<Element>) {
    (rows, columns, entries) = (whole.rows, whole.columns, nil)
    squares = .zeros(0)
    state = Mutex(State(whole: whole))
  }

  /// Entries whose squares sum to finite numbers are finite; where a sum is not, its column may still be.
  private static func squares(_ entries: RowEntries<Element>) -> Vector<Element> {
    let (n, p) = (entries.rows, entries.columns)
    // Eight rows go by at a time.
    let tasks = max(1, min(n / 8, Parallel.tasks(multiplications: 4 * n * p)))
    var sums = Matrix<Element>.zeros(p, tasks)
    let target = RowMemory(sums.mutableBase())
    Parallel.run(tasks) { task in
      let (first, last) = (n * task / tasks / 8 * 8, task + 1 == tasks ? n : n * (task + 1) / tasks / 8 * 8)
      entries.squares(first..<last, target.pointer + task * p)
    }
    var norms = Vector(copying: sums.column(0))
    for task in 1..<tasks { norms.add(1, sums.column(task)) }
    // Where squares over- or underflowed on the way, the norm itself may not.
    for j in 0..<p where !(norms[j] > .leastNormalMagnitude / .ulpOfOne && norms[j].isFinite) {
      let norm = Vector<Element>(count: n) { entries[$0, j] }.norm
      norms[j] = norm * norm
    }
    return norms
  }

  /// The row and the column of the first entry, by rows, that is NaN or infinite, with its value. A pass over X only where the norms leave
  /// a doubt.
  package var firstNonFinite: (row: Int, column: Int, value: Element)? {
    guard squares.firstNonFinite != nil, let entries, let found = entries.firstNonFinite else { return nil }
    return (found.row, found.column, entries[found.row, found.column])
  }

  /// nil where X is not by rows.
  package var bytesPerRow: Int? { entries.map { columns * $0.entrySize } }

  /// Calls `body` with the bytes of one row after the other as they are stored; false where X is not by rows.
  package func withRowBytes(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
    guard let entries else { return false }
    for i in range { entries.withBytes(ofRow: i, body) }
    return true
  }

  // MARK: - Columns

  public var isDense: Bool { true }
  public var hasDenseColumns: Bool { existing != nil }
  public var denseColumns: Matrix<Element>? { whole.matrix }

  private var existing: DenseDesign<Element>? { state.withLock { $0.whole } }

  /// All of X, column-major, copied on first use.
  private var whole: DenseDesign<Element> {
    state.withLock { state in
      if let whole = state.whole { return whole }
      let all = Array(0..<columns)
      let matrix = Matrix<Element>(rows: rows, columns: columns, layout: .columnMajor) { buffer in
        if let start = buffer.baseAddress { entries?.gather(all, to: start) }
      }
      let whole = DenseDesign(matrix)
      state.whole = whole
      state.kept = KeptColumns()
      return whole
    }
  }

  /// The columns S where they lie by columns: gathered and kept where they are few, and among all of X otherwise.
  public func dense(columns S: IndexSubset) -> (matrix: Matrix<Element>, columns: IndexSubset)? {
    precondition(S.universe == columns, "RowMajorDesign: columns of \(S.universe) out of \(columns)")
    let few = state.withLock { state -> (Matrix<Element>, IndexSubset)? in
      guard let entries, state.whole == nil, state.kept.count + state.kept.missing(S) <= columns / 2 else { return nil }
      return state.kept.view(S, from: entries)
    }
    return few ?? (whole.matrix, S)
  }

  /// Whether S is so small a part of X that its columns are worth keeping.
  private func isFew(_ S: IndexSubset) -> Bool {
    state.withLock { $0.whole != nil || 8 * $0.kept.missing(S) <= columns }
  }

  public func columns(_ S: IndexSubset) -> RowMajorDesign {
    let (matrix, places) = dense(columns: S)!
    return RowMajorDesign(DenseDesign(matrix.columns(places)))
  }

  // MARK: - Products

  public func multiply(_ x: Vector<Element>, alpha α: Element, beta β: Element, into y: inout Vector<Element>) {
    guard let entries, existing == nil else { return whole.multiply(x, alpha: α, beta: β, into: &y) }
    precondition(
      x.count == columns && y.count == rows, "RowMajorDesign: \(rows) × \(columns) times \(x.count) into \(y.count)")
    if 8 * x.nonzeroCount <= columns {
      let S = IndexSubset(nonzerosOf: x)
      var few = Vector<Element>.zeros(S.count)
      few.gather(S, from: x)
      few.scale(by: α)
      if β == 0 { y.fill(0) } else if β != 1 { y.scale(by: β) }
      return addProduct(columns: S, few, to: &y)
    }
    let (n, out, x) = (rows, RowMemory(y.mutableBase()), RowMemory(UnsafeMutablePointer(mutating: x.base)))
    let tasks = max(1, min(n / 4, Parallel.tasks(multiplications: 4 * n * columns)))
    Parallel.run(tasks) { task in
      entries.dot(n * task / tasks..<n * (task + 1) / tasks, α, x.pointer, β, out.pointer)
    }
  }

  public func multiplyTransposed(_ r: Vector<Element>, alpha α: Element, beta β: Element, into x: inout Vector<Element>)
  {
    guard let entries, existing == nil else { return whole.multiplyTransposed(r, alpha: α, beta: β, into: &x) }
    precondition(
      r.count == rows && x.count == columns, "RowMajorDesign: \(columns) × \(rows) times \(r.count) into \(x.count)")
    if β == 0 { x.fill(0) } else if β != 1 { x.scale(by: β) }
    let (p, out, r) = (columns, RowMemory(x.mutableBase()), RowMemory(UnsafeMutablePointer(mutating: r.base)))
    let tasks = max(1, min(p / 64, Parallel.tasks(multiplications: 4 * rows * p)))
    Parallel.run(tasks) { task in
      // Whole cache lines of the result for every task.
      let (first, last) = (p * task / tasks / 16 * 16, task + 1 == tasks ? p : p * (task + 1) / tasks / 16 * 16)
      entries.add(columns: first..<last, α, r.pointer, out.pointer)
    }
  }

  public func addProduct(columns S: IndexSubset, _ x: Vector<Element>, to y: inout Vector<Element>) {
    if S.count == 0 { return }
    if isFew(S), let (matrix, places) = dense(columns: S) { return y.addProduct(columns: places, of: matrix, x) }
    var full = Vector<Element>.zeros(columns)
    full.scatter(S, from: x)
    multiply(full, alpha: 1, beta: 1, into: &y)
  }

  public func multiplyTransposed(
    columns S: IndexSubset, _ r: Vector<Element>, alpha α: Element, into out: inout Vector<Element>
  ) {
    if isFew(S), let (matrix, places) = dense(columns: S) {
      return out.assignProduct(transposedColumns: places, of: matrix, r, alpha: α)
    }
    var full = Vector<Element>.zeros(columns)
    multiplyTransposed(r, alpha: α, beta: 0, into: &full)
    out.gather(S, from: full)
  }

  /// One pass over the rows, unless the columns are few and gathered, or all of X has been copied.
  public func multiplyGram(
    columns S: IndexSubset?, _ x: Vector<Element>, weights d: Vector<Element>?, alpha α: Element,
    into y: inout Vector<Element>
  ) -> Bool {
    guard let entries, existing == nil, S.map({ !isFew($0) }) ?? true else { return false }
    precondition(
      x.count == S?.count ?? columns && y.count == x.count && d?.count ?? rows == rows,
      "RowMajorDesign: a Gram product of \(x.count) into \(y.count)")
    fused.withLock { $0.assign(to: &y, entries, columns: S, x, weights: d, alpha: α) }
    return true
  }

  public func gram(
    columns S: IndexSubset, weights d: Vector<Element>?, alpha α: Element, into C: inout Matrix<Element>,
    workspace: ColumnGram<Element>
  ) {
    let (matrix, places) = dense(columns: S)!
    workspace.assign(to: &C, columns: places, of: matrix, weights: d, alpha: α)
  }

  public func squaredColumnNorms(into norms: inout Vector<Element>) {
    guard entries != nil else { return whole.squaredColumnNorms(into: &norms) }
    norms.copy(from: squares)
  }

  public func squaredColumnNorms(_ S: IndexSubset, weights d: Vector<Element>?, into norms: inout Vector<Element>) {
    requireNorms(S, d, norms)
    let (matrix, places) = dense(columns: S)!
    DenseDesign(matrix).squaredColumnNorms(places, weights: d, into: &norms)
  }
}

/// Through all columns: what few problems need, and those often.
extension RowMajorDesign {
  public func multiply(block V: Matrix<Element>, into Y: inout Matrix<Element>) { whole.multiply(block: V, into: &Y) }

  public func multiplyTransposed(block R: Matrix<Element>, alpha α: Element, into V: inout Matrix<Element>) {
    whole.multiplyTransposed(block: R, alpha: α, into: &V)
  }

  public func multiply(rows indices: [Int]?, block W: Matrix<Element>, into Y: inout Matrix<Element>) {
    whole.multiply(rows: indices, block: W, into: &Y)
  }

  public func addTransposedProduct(
    rows indices: [Int]?, block R: Matrix<Element>, alpha α: Element, to V: inout Matrix<Element>
  ) { whole.addTransposedProduct(rows: indices, block: R, alpha: α, to: &V) }

  public func rows(_ indices: [Int]) -> any DesignMatrix<Element> { whole.rows(indices) }

  public func appendingOnes() -> any DesignMatrix<Element> { whole.appendingOnes() }

  public func squaredRowNorms(into norms: inout Vector<Element>) { whole.squaredRowNorms(into: &norms) }

  public func multiply(rows indices: [Int]?, _ v: Vector<Element>, into a: inout Vector<Element>) {
    whole.multiply(rows: indices, v, into: &a)
  }

  public func addRows(_ indices: [Int]?, _ c: Vector<Element>, scale α: Element, to z: inout Vector<Element>) {
    whole.addRows(indices, c, scale: α, to: &z)
  }

  public func addRowGrams(
    rows indices: [Int]?, _ v: Vector<Element>, targets y: Vector<Element>?, scale: Element, to z: inout Vector<Element>
  ) { whole.addRowGrams(rows: indices, v, targets: y, scale: scale, to: &z) }

  public func gramSpectrum(scale: Element) -> ExtremalEigenvalues<Element> { whole.gramSpectrum(scale: scale) }
}

extension RowMajorDesign<Double> {
  /// Entries in single precision, each converted where it is used. Goes over them once.
  ///
  /// - Precondition: `matrix` is row-major.
  public convenience init(single matrix: Matrix<Float>) { self.init(RowEntries(single: matrix)) }
}
