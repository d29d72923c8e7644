/// For rows that lie in parts, αₖ AᵀA over all rows but those of part k, for every k, each on a set of columns of its own that grows: what the folds of a
/// cross-validation need.
///
/// Products over all rows are made once for all folds, and each takes off those over the rows that it leaves out: together some two Gram matrices
/// where folds by themselves make K. Where a fold leaves out half or more of a column's square, so that digits would be lost, its products are
/// made of its own rows.
public final class FoldGrams<Element: Scalar> {
  private let whole: Matrix<Element>
  private let heldOut: [Matrix<Element>]
  private let fitted: [Matrix<Element>]
  private let grams: [GrowingGram<Element>]
  private let scales: [Element]
  /// AᵀA on the columns of all folds.
  private let all = GrowingGram<Element>()
  /// Of every fold the columns that came this way, by batches.
  public private(set) var batches: [[[Int]]]
  /// ‖column‖² over all rows, and over those of each part; by columns that came.
  private var squares: [Int: (all: Element, heldOut: [Element])] = [:]
  private var products: [Storage<Element>]

  /// - Parameters:
  ///   - whole: all rows, column-major.
  ///   - heldOut: the rows of each part.
  ///   - fitted: all other rows, for every part.
  ///   - grams: one per part, which takes αₖ times the products over `fitted`.
  ///   - scales: αₖ.
  public init(
    whole: Matrix<Element>, heldOut: [Matrix<Element>], fitted: [Matrix<Element>], grams: [GrowingGram<Element>],
    scales: [Element]
  ) {
    precondition(
      heldOut.count == grams.count && scales.count == grams.count && fitted.count == grams.count,
      "FoldGrams: \(heldOut.count) parts, \(grams.count) Gram matrices and \(scales.count) scales")
    (self.whole, self.heldOut, self.fitted, self.grams, self.scales) = (whole, heldOut, fitted, grams, scales)
    batches = grams.map { _ in [] }
    products = grams.map { _ in Storage(capacity: 0) }
    for gram in grams { gram.setsRoomAside = false }
  }

  /// The columns of all folds, in the order they came.
  public var sharedBatches: [[Int]] { all.batches }

  /// Takes off what came to a fold another way.
  public func restoreStep() {
    for k in grams.indices where grams[k].batches != batches[k] {
      let own = batches[k]
      grams[k].reset()
      batches[k] = []
      for batch in own { add(batch, to: k) }
    }
  }

  /// What was kept before, and nothing else: columns of all folds and of each, by batches. The same bits as then.
  public func restore(shared: [[Int]], own: [[[Int]]]) {
    reset()
    for batch in shared { addToAll(batch) }
    for k in grams.indices { for batch in own[k] { add(batch, to: k) } }
  }

  public func reset() {
    all.reset()
    squares = [:]
    for k in grams.indices { grams[k].reset() }
    batches = grams.map { _ in [] }
  }

  /// Makes every fold hold its columns S (nil for a fold that needs none).
  ///
  /// - Returns: false where they are more than `limit` together.
  public func cover(_ needed: [IndexSubset?], limit: Int) -> Bool {
    var missing = Set<Int>()
    for S in needed { if let S { missing.formUnion(all.missing(S)) } }
    if all.count + missing.count > limit {
      missing = Set(needed.flatMap { $0?.elements ?? [] })
      if missing.count > limit { return false }
      reset()
    }
    addToAll(missing.sorted())
    let shared = Shared(owner: self)
    let fresh = zip(grams, needed).map { gram, S in S.map { gram.missing($0) } ?? [] }
    for k in grams.indices where !fresh[k].isEmpty {
      batches[k].append(fresh[k])
      reserve(fresh[k].count, for: k)
    }
    Parallel.run(grams.count) { shared.owner.addProducts(fresh[$0], to: $0) }
    return true
  }

  /// Each of its tasks changes one fold's memory.
  private struct Shared: @unchecked Sendable {
    let owner: FoldGrams
  }

  private func addToAll(_ columns: [Int]) {
    if columns.isEmpty { return }
    all.add(columns, of: whole, alpha: 1)
    func square(_ A: Matrix<Element>, _ j: Int) -> Element {
      let column = A.base + j * A.stride
      return Element._dot(A.rows, column, column)
    }
    for j in columns { squares[j] = (square(whole, j), heldOut.map { square($0, j) }) }
  }

  private func add(_ columns: [Int], to k: Int) {
    batches[k].append(columns)
    reserve(columns.count, for: k)
    addProducts(columns, to: k)
  }

  private func reserve(_ count: Int, for k: Int) {
    let size = (grams[k].count + count) * count
    if products[k].capacity < size { products[k] = Storage(capacity: 3 * size / 2) }
  }

  private func addProducts(_ columns: [Int], to k: Int) {
    if columns.isEmpty { return }
    // What is no number keeps nothing either.
    let keepsDigits = (grams[k].batches.joined() + columns).allSatisfy { j in
      squares[j].map { $0.heldOut[k] <= $0.all / 2 && $0.all.isFinite } ?? false
    }
    if keepsDigits {
      subtract(columns, k)
    } else {
      grams[k].add(columns, of: fitted[k], alpha: scales[k])
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func subtract(_ columns: [Int], _ k: Int) {
    let order = grams[k].batches.joined() + columns
    let (m, c, A) = (order.count - columns.count, columns.count, heldOut[k])
    let size = order.count * c
    let out = products[k].pointer
    all.gather(rows: order, columns: columns, into: out)
    let rows = min(A.rows, 512)
    let panel = Storage<Element>(capacity: rows * (m + c))
    order.withUnsafeBufferPointer { order in
      for start in stride(from: 0, to: A.rows, by: max(1, rows)) {
        let r = min(rows, A.rows - start)
        Element._gatherColumns(r, m + c, order.baseAddress!, A.base + start, 1, A.stride, panel.pointer, r)
        let fresh = panel.pointer + r * m
        if m > 0 { Element._gemm(true, false, m, c, r, -1, panel.pointer, r, fresh, r, 1, out, m + c) }
        Element._syrk(true, c, r, -1, fresh, r, 1, out + m, m + c)
      }
    }
    Element._scal(size, scales[k], out)
    grams[k].add(columns, universe: A.columns, products: out)
  }
}
