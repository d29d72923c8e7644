/// What a design that is known by its products alone does for the rest: slower, as nothing of it can be read in place.
///
/// A block costs a product per column. The chosen columns themselves, where a Gram matrix, a norm or a descent needs them, cost a product
/// each and n |S| numbers of memory while they are used. Rows cost a product with all of X.
extension DesignMatrix {
  public var storedCount: Int { rows * columns }
  public var denseColumns: Matrix<Element>? { nil }
  public var isDense: Bool { denseColumns != nil }
  public var hasDenseColumns: Bool { isDense }
  public func dense(columns S: IndexSubset) -> (matrix: Matrix<Element>, columns: IndexSubset)? {
    denseColumns.map { ($0, S) }
  }
  public var sparseColumns: SparseMatrix<Element>? { nil }
  public var columnTerms: Int { rows }
  public func makeGram() -> (any WeightedGram<Element>)? { nil }
  public func rowTerms(columns S: IndexSubset) -> Int { S.count }

  /// Whether entries of X can be read, and not only products made.
  public var isStored: Bool { isDense || sparseColumns != nil }

  // MARK: - Blocks

  public func multiply(block V: Matrix<Element>, into Y: inout Matrix<Element>) {
    requireBlock(V.rows == columns && Y.rows == rows && V.columns == Y.columns, V, Y)
    var image = Vector<Element>.zeros(rows)
    for j in 0..<V.columns {
      multiply(V.column(j), alpha: 1, beta: 0, into: &image)
      Y.setColumn(j, image)
    }
  }

  public func multiplyTransposed(block R: Matrix<Element>, alpha α: Element, into V: inout Matrix<Element>) {
    requireBlock(R.rows == rows && V.rows == columns && R.columns == V.columns, R, V)
    var image = Vector<Element>.zeros(columns)
    for j in 0..<R.columns {
      multiplyTransposed(R.column(j), alpha: α, beta: 0, into: &image)
      V.setColumn(j, image)
    }
  }

  public func multiply(rows indices: [Int]?, block W: Matrix<Element>, into Y: inout Matrix<Element>) {
    guard let indices else { return multiply(block: W, into: &Y) }
    requireBlock(W.rows == columns && Y.rows == indices.count && W.columns == Y.columns, W, Y)
    var image = Vector<Element>.zeros(rows)
    for j in 0..<W.columns {
      multiply(W.column(j), alpha: 1, beta: 0, into: &image)
      for k in 0..<indices.count { Y[k, j] = image[indices[k]] }
    }
  }

  public func addTransposedProduct(
    rows indices: [Int]?, block R: Matrix<Element>, alpha α: Element, to V: inout Matrix<Element>
  ) {
    requireBlock(R.rows == indices?.count ?? rows && V.rows == columns && R.columns == V.columns, R, V)
    var spread = Vector<Element>.zeros(rows)
    for j in 0..<R.columns {
      spread.fill(0)
      // Rows may repeat.
      for k in 0..<R.rows { spread[indices?[k] ?? k] += R[k, j] }
      var column = Vector(copying: V.column(j))
      multiplyTransposed(spread, alpha: α, beta: 1, into: &column)
      V.setColumn(j, column)
    }
  }

  private func requireBlock(_ fits: Bool, _ A: Matrix<Element>, _ B: Matrix<Element>) {
    precondition(
      fits, "Design of \(rows) × \(columns): a block of \(A.rows) × \(A.columns) into \(B.rows) × \(B.columns)")
  }

  // MARK: - Columns

  public func addProduct(columns S: IndexSubset, _ x: Vector<Element>, to y: inout Vector<Element>) {
    var full = Vector<Element>.zeros(columns)
    full.scatter(S, from: x)
    multiply(full, alpha: 1, beta: 1, into: &y)
  }

  public func multiplyTransposed(
    columns S: IndexSubset, _ r: Vector<Element>, alpha α: Element, into out: inout Vector<Element>
  ) {
    var full = Vector<Element>.zeros(columns)
    multiplyTransposed(r, alpha: α, beta: 0, into: &full)
    out.gather(S, from: full)
  }

  public func multiplyGram(
    columns S: IndexSubset?, _ x: Vector<Element>, weights d: Vector<Element>?, alpha α: Element,
    into y: inout Vector<Element>
  ) -> Bool { false }

  /// X_S as a matrix, by |S| products.
  package func gathered(_ S: IndexSubset) -> Matrix<Element> {
    precondition(S.universe == columns, "Design of \(rows) × \(columns): columns of \(S.universe)")
    var unit = Vector<Element>.zeros(columns)
    var column = Vector<Element>.zeros(rows)
    var result = Matrix<Element>.zeros(rows, S.count)
    for k in 0..<S.count {
      unit[S[k]] = 1
      multiply(unit, alpha: 1, beta: 0, into: &column)
      unit[S[k]] = 0
      result.setColumn(k, column)
    }
    return result
  }

  private func all(_ count: Int) -> IndexSubset { IndexSubset(Array(0..<count), universe: count) }

  public func gram(
    columns S: IndexSubset, weights d: Vector<Element>?, alpha α: Element, into C: inout Matrix<Element>,
    workspace: ColumnGram<Element>
  ) { workspace.assign(to: &C, columns: all(S.count), of: gathered(S), weights: d, alpha: α) }

  public func squaredColumnNorms(into norms: inout Vector<Element>) {
    squaredColumnNorms(all(columns), weights: nil, into: &norms)
  }

  public func squaredColumnNorms(_ S: IndexSubset, weights d: Vector<Element>?, into norms: inout Vector<Element>) {
    requireNorms(S, d, norms)
    forEachColumn(S) { k, column in
      guard let d else {
        norms[k] = column.dot(column)
        return
      }
      norms[k] = (0..<rows).reduce(0) { $0 + d[$1] * column[$1] * column[$1] }
    }
  }

  public func squaredRowNorms(into norms: inout Vector<Element>) {
    precondition(norms.count == rows, "Row norms of \(rows) × \(columns) into \(norms.count)")
    norms.fill(0)
    forEachColumn(all(columns)) { _, column in for i in 0..<rows { norms[i] += column[i] * column[i] } }
  }

  /// Calls `body` with one column after the other, so that no more than one is held.
  private func forEachColumn(_ S: IndexSubset, _ body: (_ k: Int, _ column: Vector<Element>) -> Void) {
    var unit = Vector<Element>.zeros(columns)
    var column = Vector<Element>.zeros(rows)
    for k in 0..<S.count {
      unit[S[k]] = 1
      multiply(unit, alpha: 1, beta: 0, into: &column)
      unit[S[k]] = 0
      body(k, column)
    }
  }

  // MARK: - Rows

  public func multiply(rows indices: [Int]?, _ v: Vector<Element>, into a: inout Vector<Element>) {
    requireRows(indices, a, v)
    guard let indices else { return multiply(v, alpha: 1, beta: 0, into: &a) }
    var image = Vector<Element>.zeros(rows)
    multiply(v, alpha: 1, beta: 0, into: &image)
    for k in 0..<indices.count { a[k] = image[indices[k]] }
  }

  public func addRows(_ indices: [Int]?, _ c: Vector<Element>, scale α: Element, to z: inout Vector<Element>) {
    requireRows(indices, c, z)
    guard let indices else { return multiplyTransposed(c, alpha: α, beta: 1, into: &z) }
    var spread = Vector<Element>.zeros(rows)
    for k in 0..<indices.count { spread[indices[k]] += c[k] }
    multiplyTransposed(spread, alpha: α, beta: 1, into: &z)
  }

  public func addRowGrams(
    rows indices: [Int]?, _ v: Vector<Element>, targets y: Vector<Element>?, scale: Element, to z: inout Vector<Element>
  ) {
    var image = Vector<Element>.zeros(indices?.count ?? rows)
    multiply(rows: indices, v, into: &image)
    if let y { for k in 0..<image.count { image[k] -= y[indices?[k] ?? k] } }
    addRows(indices, image, scale: scale, to: &z)
  }

  // MARK: - Spectrum

  /// By Lanczos on XᵀX or XXᵀ.
  public func gramSpectrum(scale: Element) -> ExtremalEigenvalues<Element> {
    precondition(columns >= 1, "Design of \(rows) × 0: no columns have no spectrum")
    if rows == 0 { return ExtremalEigenvalues(of: DiagonalOperator(Vector<Element>.zeros(1))) }
    return .ofProducts(self, scale: scale)
  }
}

extension ExtremalEigenvalues {
  /// Those of `scale` · XᵀX by products with X, on the smaller side; for p > n the smallest is exactly 0.
  static func ofProducts(_ X: some DesignMatrix<Element>, scale: Element) -> Self {
    let wide = X.columns > X.rows
    var found = ExtremalEigenvalues(of: DesignGram(X, scale: scale, outer: wide))
    if wide {
      found.smallest = 0
      found.smallestErrorBound = 0
    }
    return found
  }
}

/// scale · XᵀX, or scale · XXᵀ.
private final class DesignGram<Design: DesignMatrix>: LinearOperator {
  typealias Element = Design.Element
  private let X: Design
  private let scale: Element
  private let outer: Bool
  private var middle: Vector<Element>

  init(_ X: Design, scale: Element, outer: Bool) {
    self.X = X
    self.scale = scale
    self.outer = outer
    middle = .zeros(outer ? X.columns : X.rows)
  }

  var rows: Int { outer ? X.rows : X.columns }
  var columns: Int { rows }

  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    if outer {
      X.multiplyTransposed(x, alpha: 1, beta: 0, into: &middle)
      X.multiply(middle, alpha: scale, beta: 0, into: &y)
    } else {
      X.multiply(x, alpha: 1, beta: 0, into: &middle)
      X.multiplyTransposed(middle, alpha: scale, beta: 0, into: &y)
    }
  }
}
