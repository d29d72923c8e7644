public import LinAlg
internal import Synchronization

/// A design that is larger than memory: every product goes over its rows once, block by block, while a second thread reads the next block. A design like
/// any other, so that every model and every way of differentiating takes it.
///
/// In memory are two blocks of rows, and what is computed: vectors of n and p numbers, Gram matrices of supports. A Gram product XᵀDXv, the Gram matrix of a support,
/// norms and products with a block are one pass each; so are single rows and minibatches, which is slow. Chosen rows and columns are views.
///
/// A product cannot throw. Where a block cannot be read the result is NaN, so that what is computed with it does not converge, and ``requireRead()`` throws why.
public final class StreamedDesign<Element: Scalar>: StandardizableDesign {
  /// Goes over all rows from the first on.
  public typealias Source = @Sendable () throws -> any RowBlocks<Element>

  public let rows: Int
  /// p, or the number of chosen columns.
  public var columns: Int { view.columns?.count ?? width }
  /// The columns of the source, and one where ones were appended.
  private var width: Int { base.columns + (view.hasOnes ? 1 : 0) }

  /// What all views of a source have in common.
  final class Base: Sendable {
    let source: Source
    let (rows, columns): (Int, Int)
    let failure = Mutex<(any Error)?>(nil)
    let passes = Atomic<Int>(0)

    init(_ source: @escaping Source, _ rows: Int, _ columns: Int) {
      (self.source, self.rows, self.columns) = (source, rows, columns)
    }
  }

  /// Which of the source's entries are seen.
  private struct View: Sendable {
    /// In increasing order; nil for all.
    var rows: [Int]?
    /// Of the source's columns: what is subtracted, and what is multiplied by then.
    var standard: (means: Vector<Element>, factors: Vector<Element>)?
    var hasOnes = false
    var columns: IndexSubset?
    var isWhole: Bool { rows == nil && standard == nil && !hasOnes && columns == nil }
  }

  let base: Base
  private let view: View
  let squares = Mutex<Vector<Element>?>(nil)

  /// - Parameters:
  ///   - source: called for every pass; blocks of `columns` columns, `rows` rows together. Their targets are not looked at.
  public convenience init(rows: Int, columns: Int, _ source: @escaping Source) {
    precondition(rows >= 0 && columns >= 0, "StreamedDesign: \(rows) × \(columns)")
    self.init(Base(source, rows, columns), View(), rows: rows)
  }

  private init(_ base: Base, _ view: View, rows: Int) { (self.base, self.view, self.rows) = (base, view, rows) }

  /// How often the rows have been gone over.
  public var passes: Int { base.passes.load(ordering: .relaxed) }

  /// Finds out whether all passes so far had all rows: asked before what was computed is believed.
  ///
  /// - Throws: what the source threw; ``DatasetError`` where it had other rows than it should.
  public func requireRead() throws { if let failure = base.failure.withLock({ $0 }) { throw failure } }

  // MARK: - Passes

  /// Calls `body` with the rows of one block after the other, row-major, and the number of the first.
  ///
  /// - Returns: false where they could not be read, be it before.
  func pass(_ body: (_ first: Int, _ X: Matrix<Element>) -> Void) -> Bool {
    if base.failure.withLock({ $0 != nil }) { return false }
    base.passes.wrappingAdd(1, ordering: .relaxed)
    do {
      var blocks = try base.source()
      var (place, first) = (0, 0)
      while let block = try blocks.next() {
        let X = block.features
        guard X.columns == base.columns, place + X.rows <= base.rows else {
          throw misfit("\(X.columns) columns in rows \(place) ..< \(place + X.rows)")
        }
        let seen = seen(X.with(layout: .rowMajor), from: place, first)
        if seen.rows > 0 { body(first, seen) }
        first += seen.rows
        place += X.rows
      }
      if place != base.rows { throw misfit("\(place) rows") }
      return true
    } catch {
      base.failure.withLock { $0 = $0 ?? error }
      return false
    }
  }

  private func misfit(_ found: String) -> DatasetError {
    .invalid(path: "blocks of rows", reason: "\(found); expected \(base.rows) rows of \(base.columns) columns")
  }

  /// What is seen of a block that begins at row `place` of the source, of which `count` rows were seen before.
  private func seen(_ X: Matrix<Element>, from place: Int, _ count: Int) -> Matrix<Element> {
    if view.isWhole { return X }
    var chosen = Array(0..<X.rows)
    if let rows = view.rows {
      chosen.removeAll()
      var k = count
      while k < rows.count, rows[k] < place + X.rows {
        chosen.append(rows[k] - place)
        k += 1
      }
    }
    let (p, k) = (X.columns, columns)
    let index = view.columns?.elements ?? Array(0..<k)
    return Matrix(rows: chosen.count, columns: k, layout: .rowMajor) { buffer in
      guard let target = buffer.baseAddress else { return }
      for (i, row) in chosen.enumerated() {
        let (from, to) = (X.base + row * X.stride, target + i * k)
        for (l, j) in index.enumerated() { (to + l).initialize(to: j < p ? from[j] : 1) }
        guard let standard = view.standard else { continue }
        let (means, factors) = (standard.means.base, standard.factors.base)
        for (l, j) in index.enumerated() where j < p { to[l] = (to[l] - means[j]) * factors[j] }
      }
    }
  }

  /// The columns S of a block, column-major.
  func gathered(_ S: IndexSubset, from X: Matrix<Element>) -> DenseDesign<Element> {
    let few = Matrix<Element>(rows: X.rows, columns: S.count, layout: .columnMajor) { buffer in
      guard let target = buffer.baseAddress else { return }
      S.elements.withUnsafeBufferPointer {
        Element._rowsGather(X.rows, S.count, $0.baseAddress!, X.base, X.stride, target, X.rows)
      }
    }
    return DenseDesign(few)
  }

  func all(_ count: Int) -> IndexSubset { IndexSubset(Array(0..<count), universe: count) }

  // MARK: - Products

  public func multiply(_ x: Vector<Element>, alpha α: Element, beta β: Element, into y: inout Vector<Element>) {
    precondition(
      x.count == columns && y.count == rows, "StreamedDesign: \(rows) × \(columns) times \(x.count) into \(y.count)")
    let out = y.mutableBase()
    let isRead = pass { first, X in
      Element._rowsDot(X.rows, X.columns, X.base, X.stride, α, x.base, β, out + first)
    }
    if !isRead { y.fill(.nan) }
  }

  public func multiplyTransposed(_ r: Vector<Element>, alpha α: Element, beta β: Element, into x: inout Vector<Element>)
  {
    precondition(
      r.count == rows && x.count == columns, "StreamedDesign: \(columns) × \(rows) times \(r.count) into \(x.count)")
    if β == 0 { x.fill(0) } else if β != 1 { x.scale(by: β) }
    let out = x.mutableBase()
    let isRead = pass { first, X in Element._rowsAdd(X.rows, X.columns, X.base, X.stride, α, r.base + first, out) }
    if !isRead { x.fill(.nan) }
  }

  public func multiplyGram(
    columns S: IndexSubset?, _ x: Vector<Element>, weights d: Vector<Element>?, alpha α: Element,
    into y: inout Vector<Element>
  ) -> Bool {
    let p = columns
    precondition(
      x.count == S?.count ?? p && y.count == x.count && d?.count ?? rows == rows,
      "StreamedDesign: a Gram product of \(x.count) into \(y.count)")
    var full = x
    if let S {
      full = .zeros(p)
      full.scatter(S, from: x)
    }
    var sum = Vector<Element>.zeros(p)
    var scores = Vector<Element>.zeros(0)
    let out = sum.mutableBase()
    let isRead = pass { first, X in
      if scores.count < X.rows { scores = .zeros(X.rows) }
      let image = scores.mutableBase()
      // Stretches of rows that stay in the cache between the two products.
      let stretch = max(1, (1 << 18) / (MemoryLayout<Element>.stride * max(1, p)))
      for i in Swift.stride(from: 0, to: X.rows, by: stretch) {
        let (h, from) = (min(stretch, X.rows - i), X.base + i * X.stride)
        Element._rowsDot(h, p, from, X.stride, α, full.base, 0, image)
        if let d { for k in 0..<h { image[k] *= d[first + i + k] } }
        Element._rowsAdd(h, p, from, X.stride, 1, image, out)
      }
    }
    if let S { y.gather(S, from: sum) } else { y.copy(from: sum) }
    if !isRead { y.fill(.nan) }
    return true
  }

  public func multiply(block V: Matrix<Element>, into Y: inout Matrix<Element>) {
    precondition(
      V.rows == columns && Y.rows == rows && V.columns == Y.columns,
      "StreamedDesign: \(rows) × \(columns) times \(V.rows) × \(V.columns) into \(Y.rows) × \(Y.columns)")
    let V = V.with(layout: .columnMajor)
    let isRead = pass { first, X in
      for k in 0..<V.columns {
        var image = Vector<Element>.zeros(X.rows)
        Element._rowsDot(X.rows, X.columns, X.base, X.stride, 1, V.base + k * V.stride, 0, image.mutableBase())
        for i in 0..<X.rows { Y[first + i, k] = image[i] }
      }
    }
    if !isRead { Y.fill(.nan) }
  }

  public func multiplyTransposed(block R: Matrix<Element>, alpha α: Element, into V: inout Matrix<Element>) {
    precondition(
      R.rows == rows && V.rows == columns && R.columns == V.columns,
      "StreamedDesign: \(columns) × \(rows) times \(R.rows) × \(R.columns) into \(V.rows) × \(V.columns)")
    let R = R.with(layout: .columnMajor)
    var sums = Matrix<Element>.zeros(columns, R.columns)
    let (out, p) = (sums.mutableBase(), columns)
    let isRead = pass { first, X in
      for k in 0..<R.columns {
        Element._rowsAdd(X.rows, X.columns, X.base, X.stride, α, R.base + k * R.stride + first, out + k * p)
      }
    }
    V.copy(from: sums)
    if !isRead { V.fill(.nan) }
  }

  public func gram(
    columns S: IndexSubset, weights d: Vector<Element>?, alpha α: Element, into C: inout Matrix<Element>,
    workspace: ColumnGram<Element>
  ) {
    let places = all(S.count)
    var part = Matrix<Element>.zeros(S.count, S.count)
    C.fill(0)
    if S.count == 0 { return }
    let isRead = pass { first, X in
      gathered(S, from: X).gram(
        columns: places, weights: d.map { $0[segment: first..<first + X.rows] }, alpha: α, into: &part,
        workspace: workspace)
      C.combine(1, part, 1)
    }
    if !isRead { C.fill(.nan) }
  }

  // MARK: - Views

  public func columns(_ S: IndexSubset) -> StreamedDesign {
    precondition(S.universe == columns, "StreamedDesign: columns of \(S.universe) out of \(columns)")
    var view = view
    view.columns = view.columns.map { chosen in IndexSubset(S.elements.map { chosen[$0] }, universe: width) } ?? S
    return StreamedDesign(base, view, rows: rows)
  }

  /// A view of rows in increasing order; others, and rows that are chosen twice, are made of products with all rows.
  public func rows(_ indices: [Int]) -> any DesignMatrix<Element> {
    precondition(indices.allSatisfy { 0 <= $0 && $0 < rows }, "DesignMatrix: a row outside 0 ..< \(rows) was chosen")
    guard zip(indices, indices.dropFirst()).allSatisfy({ $0 < $1 }) else { return productRows(indices) }
    var view = view
    view.rows = view.rows.map { chosen in indices.map { chosen[$0] } } ?? indices
    return StreamedDesign(base, view, rows: indices.count)
  }

  /// A view; nil of one whose columns were chosen, standardized or joined by ones before.
  public func standardized(means: Vector<Element>, scales: Vector<Element>) -> (any DesignMatrix<Element>)? {
    guard view.columns == nil, view.standard == nil, !view.hasOnes else { return nil }
    var view = view
    view.standard = (means, Vector(count: scales.count) { 1 / scales[$0] })
    return StreamedDesign(base, view, rows: rows)
  }

  public func appendingOnes() -> any DesignMatrix<Element> {
    var view = view
    guard !view.hasOnes else {
      preconditionFailure("StreamedDesign: a second column of ones")
    }
    view.hasOnes = true
    if let chosen = view.columns {
      view.columns = IndexSubset(chosen.elements + [base.columns], universe: base.columns + 1)
    }
    return StreamedDesign(base, view, rows: rows)
  }
}
