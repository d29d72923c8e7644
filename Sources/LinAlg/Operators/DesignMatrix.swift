internal import Synchronization

/// A matrix of features X (n samples × p features), dense, sparse or known by its products: what the models ask of their data.
/// No requirement turns a sparse matrix into a dense one.
///
/// Five requirements have no default: the shape, the two products and a choice of columns. Everything else is then made of
/// products (DesignMatrix+Products.swift), and a storage that can do better says so. ``ProductDesign`` has them from two closures.
public protocol DesignMatrix<Element>: Sendable {
  associatedtype Element: Scalar
  /// n.
  var rows: Int { get }
  /// p.
  var columns: Int { get }
  /// The number of stored entries; n p where the entries are not stored.
  var storedCount: Int { get }
  /// X as a dense column-major matrix where it is dense, nil otherwise. Products then read its columns in place; a dense design that is not
  /// stored so copies all of X on first use: what needs few columns asks for ``dense(columns:)``.
  var denseColumns: Matrix<Element>? { get }
  /// Whether X is dense, so that ``denseColumns`` and ``dense(columns:)`` are not nil.
  var isDense: Bool { get }
  /// Whether X is there as ``denseColumns`` already.
  var hasDenseColumns: Bool { get }
  /// A column-major matrix that holds the columns S of a dense X, and where they stand in it, in the order of S; nil where X is not dense.
  func dense(columns S: IndexSubset) -> (matrix: Matrix<Element>, columns: IndexSubset)?
  /// X where it is stored as a sparse matrix; nil otherwise.
  var sparseColumns: SparseMatrix<Element>? { get }
  /// The most terms that an entry of Xᵀr sums, which bound its rounding error: those of the fullest column, n where X is not sparse.
  var columnTerms: Int { get }
  /// The most terms that an entry of X_S x sums: |S|, or fewer where no row of a sparse X has entries in all columns S.
  func rowTerms(columns S: IndexSubset) -> Int

  /// y ← α X x + β y.
  func multiply(_ x: Vector<Element>, alpha α: Element, beta β: Element, into y: inout Vector<Element>)
  /// x ← α Xᵀ r + β x.
  func multiplyTransposed(_ r: Vector<Element>, alpha α: Element, beta β: Element, into x: inout Vector<Element>)
  /// Y ← X V for a block V of columns, V and Y each in either layout.
  func multiply(block V: Matrix<Element>, into Y: inout Matrix<Element>)
  /// V ← α Xᵀ R for a block R of columns, R and V each in either layout.
  func multiplyTransposed(block R: Matrix<Element>, alpha α: Element, into V: inout Matrix<Element>)
  /// Y ← X_I W, row k of Y (row-major) being row `indices[k]` of X times W (column-major); nil stands for all rows.
  func multiply(rows indices: [Int]?, block W: Matrix<Element>, into Y: inout Matrix<Element>)
  /// V ← V + α X_Iᵀ R for the rows I, R row-major and V column-major; nil stands for all rows.
  func addTransposedProduct(
    rows indices: [Int]?, block R: Matrix<Element>, alpha α: Element, to V: inout Matrix<Element>)

  /// The chosen columns as a design of their own.
  func columns(_ S: IndexSubset) -> Self

  /// The chosen rows, in the order given, as a design of their own: folds of a cross-validation. Dense and sparse entries are copied.
  func rows(_ indices: [Int]) -> any DesignMatrix<Element>

  /// (X 1): the design with a column of ones after its own, for an intercept. Dense and sparse entries are copied.
  func appendingOnes() -> any DesignMatrix<Element>

  /// y ← y + X_S x.
  func addProduct(columns S: IndexSubset, _ x: Vector<Element>, to y: inout Vector<Element>)
  /// out ← α X_Sᵀ r.
  func multiplyTransposed(
    columns S: IndexSubset, _ r: Vector<Element>, alpha α: Element, into out: inout Vector<Element>)
  /// y ← α X_Sᵀ diag(d) X_S x where the storage does it in one pass, S nil for all columns and d nil for ones. Dense and sparse ones do it elsewhere.
  ///
  /// - Returns: false where nothing was done: two products are as good then.
  func multiplyGram(
    columns S: IndexSubset?, _ x: Vector<Element>, weights d: Vector<Element>?, alpha α: Element,
    into y: inout Vector<Element>
  ) -> Bool
  /// C ← α X_Sᵀ diag(d) X_S, both triangles, for weights d ≥ 0 (n entries; nil for ones).
  func gram(
    columns S: IndexSubset, weights d: Vector<Element>?, alpha α: Element, into C: inout Matrix<Element>,
    workspace: ColumnGram<Element>)

  /// norms[j] ← ‖column j‖².
  func squaredColumnNorms(into norms: inout Vector<Element>)
  /// norms[k] ← Σ dᵢ x² over the column at S[k], nil d for ones.
  func squaredColumnNorms(_ S: IndexSubset, weights d: Vector<Element>?, into norms: inout Vector<Element>)
  /// norms[i] ← ‖row i‖².
  func squaredRowNorms(into norms: inout Vector<Element>)
  /// z ← z + scale Σ (xᵢ·v − yᵢ) xᵢ over the rows at `indices`, or over all where nil; nil y counts as 0.
  func addRowGrams(
    rows indices: [Int]?, _ v: Vector<Element>, targets y: Vector<Element>?, scale: Element, to z: inout Vector<Element>
  )
  /// a[k] ← xᵢ·v for the row i at `indices[k]`, or for row k where nil.
  func multiply(rows indices: [Int]?, _ v: Vector<Element>, into a: inout Vector<Element>)
  /// z ← z + α Σₖ c[k] xᵢ over the rows i at `indices`, or over all where nil.
  func addRows(_ indices: [Int]?, _ c: Vector<Element>, scale α: Element, to z: inout Vector<Element>)

  /// The extremal eigenvalues of `scale` · XᵀX.
  func gramSpectrum(scale: Element) -> ExtremalEigenvalues<Element>

  /// XᵀDX/n with what this storage knows of it: how it is assembled, in single precision too, its rank, its costs. nil, as by default,
  /// where ``gram(columns:weights:alpha:into:workspace:)``, the column norms and the products above are all there is to know.
  func makeGram() -> (any WeightedGram<Element>)?
}

extension DesignMatrix {
  /// That the columns S, n weights and |S| results fit.
  func requireNorms(_ S: IndexSubset, _ d: Vector<Element>?, _ norms: Vector<Element>) {
    precondition(
      S.universe == columns && (d?.count ?? rows) == rows && norms.count == S.count,
      "Column norms: \(S.count) of \(S.universe) columns of \(rows) × \(columns) into \(norms.count)")
  }

  /// That a number for each chosen row and a vector of columns fit.
  func requireRows(_ indices: [Int]?, _ perRow: Vector<Element>, _ v: Vector<Element>) {
    precondition(
      perRow.count == indices?.count ?? rows && v.count == columns
        && (indices ?? []).allSatisfy { 0 <= $0 && $0 < rows },
      "Rows of \(rows) × \(columns): \(indices?.count ?? rows) of them with \(perRow.count) and \(v.count) numbers")
  }
}

/// A dense design: X by columns, and by rows from when minibatches are first asked for.
public final class DenseDesign<Element: Scalar>: DesignMatrix {
  /// X, column-major.
  public let matrix: Matrix<Element>
  /// X, row-major, once it is needed.
  private let rowMajor = Mutex<Matrix<Element>?>(nil)
  /// ‖column‖² of every column as they are known without a pass; nil where they are not.
  private let knownSquares: (@Sendable () -> Vector<Element>)?

  /// A row-major matrix is copied once.
  public init(_ matrix: Matrix<Element>) {
    self.matrix = matrix.with(layout: .columnMajor)
    knownSquares = nil
  }

  /// With ‖column‖² by `squares`, such as sums over parts of the rows, to the rounding of sums of squares.
  package init(_ matrix: Matrix<Element>, squares: @escaping @Sendable () -> Vector<Element>) {
    self.matrix = matrix.with(layout: .columnMajor)
    knownSquares = squares
  }

  public var rows: Int { matrix.rows }
  public var columns: Int { matrix.columns }
  public var storedCount: Int { matrix.count }
  public var denseColumns: Matrix<Element>? { matrix }

  /// X, row-major, copied on first use.
  private var byRow: Matrix<Element> {
    rowMajor.withLock { copy in
      if let copy { return copy }
      let fresh = matrix.packed(as: .rowMajor)
      copy = fresh
      return fresh
    }
  }

  public func multiply(_ x: Vector<Element>, alpha α: Element, beta β: Element, into y: inout Vector<Element>) {
    y.assignLargeProduct(matrix, x, alpha: α, beta: β)
  }

  public func multiplyTransposed(_ r: Vector<Element>, alpha α: Element, beta β: Element, into x: inout Vector<Element>)
  {
    x.assignLargeProduct(matrix.transposed, r, alpha: α, beta: β)
  }

  public func multiply(block V: Matrix<Element>, into Y: inout Matrix<Element>) { Y.assignProduct(matrix, V) }

  public func multiplyTransposed(block R: Matrix<Element>, alpha α: Element, into V: inout Matrix<Element>) {
    V.assignLargeProduct(matrix.transposed, R, alpha: α)
  }

  public func multiply(rows indices: [Int]?, block W: Matrix<Element>, into Y: inout Matrix<Element>) {
    guard let indices else {
      Y.assignProduct(matrix, W)
      return
    }
    precondition(
      W.layout == .columnMajor && Y.layout == .rowMajor && W.rows == columns && Y.rows == indices.count
        && W.columns == Y.columns,
      "DenseDesign: \(indices.count) rows of \(columns) times \(W.rows) × \(W.columns) \(W.layout) into \(Y.rows) × \(Y.columns) \(Y.layout)"
    )
    let X = byRow
    let y = Y.mutableBase()
    for k in 0..<indices.count {
      let i = indices[k]
      Element._gemv(true, columns, W.columns, 1, W.base, W.stride, X.base + i * X.stride, 0, y + k * Y.stride)
    }
  }

  public func addTransposedProduct(
    rows indices: [Int]?, block R: Matrix<Element>, alpha α: Element, to V: inout Matrix<Element>
  ) {
    guard let indices else {
      V.assignProduct(matrix.transposed, R, alpha: α, beta: 1)
      return
    }
    precondition(
      R.layout == .rowMajor && V.layout == .columnMajor && R.rows == indices.count && V.rows == columns
        && R.columns == V.columns,
      "DenseDesign: \(columns) × \(indices.count) times \(R.rows) × \(R.columns) \(R.layout) into \(V.rows) × \(V.columns) \(V.layout)"
    )
    let X = byRow
    let v = V.mutableBase()
    for k in 0..<indices.count {
      let i = indices[k]
      Element._ger(columns, R.columns, α, X.base + i * X.stride, R.base + k * R.stride, v, V.stride)
    }
  }

  public func columns(_ S: IndexSubset) -> DenseDesign { DenseDesign(matrix.columns(S)) }

  public func addProduct(columns S: IndexSubset, _ x: Vector<Element>, to y: inout Vector<Element>) {
    y.addProduct(columns: S, of: matrix, x)
  }

  public func multiplyTransposed(
    columns S: IndexSubset, _ r: Vector<Element>, alpha α: Element, into out: inout Vector<Element>
  ) { out.assignProduct(transposedColumns: S, of: matrix, r, alpha: α) }

  public func gram(
    columns S: IndexSubset, weights d: Vector<Element>?, alpha α: Element, into C: inout Matrix<Element>,
    workspace: ColumnGram<Element>
  ) { workspace.assign(to: &C, columns: S, of: matrix, weights: d, alpha: α) }

  public func squaredColumnNorms(into norms: inout Vector<Element>) {
    precondition(norms.count == columns, "DesignMatrix: \(columns) norms into \(norms.count)")
    let (n, p, stride) = (rows, columns, matrix.stride)
    if let knownSquares {
      norms.copy(from: knownSquares())
    } else {
      let data = Columns(base: matrix.base, norms: norms.mutableBase())
      let tasks = min(max(1, p), Parallel.tasks(multiplications: n * p))
      Parallel.run(tasks) { task in
        for j in p * task / tasks..<p * (task + 1) / tasks {
          let square = Element._dot(n, data.base + j * stride, data.base + j * stride)
          data.norms[j] = square
        }
      }
    }
    // Where squares over- or underflowed on the way, the norm itself may not.
    for j in 0..<p where !(norms[j] > .leastNormalMagnitude / .ulpOfOne && norms[j].isFinite) {
      let norm = matrix.column(j).norm
      norms[j] = norm * norm
    }
  }

  public func squaredColumnNorms(_ S: IndexSubset, weights d: Vector<Element>?, into norms: inout Vector<Element>) {
    requireNorms(S, d, norms)
    let out = norms.mutableBase()
    var weighted = Vector<Element>.zeros(d == nil ? 0 : rows)
    for k in 0..<S.count {
      let column = matrix.base + S[k] * matrix.stride
      guard let d else {
        out[k] = Element._dot(rows, column, column)
        continue
      }
      Element._hadamard(rows, column, d.base, weighted.mutableBase())
      out[k] = Element._dot(rows, column, weighted.base)
    }
  }

  public func squaredRowNorms(into norms: inout Vector<Element>) {
    precondition(norms.count == rows, "Row norms of \(rows) × \(columns) into \(norms.count)")
    norms.fill(0)
    var squares = Vector<Element>.zeros(rows)
    for j in 0..<columns {
      let column = matrix.base + j * matrix.stride
      Element._hadamard(rows, column, column, squares.mutableBase())
      norms.add(1, squares)
    }
  }

  public func multiply(rows indices: [Int]?, _ v: Vector<Element>, into a: inout Vector<Element>) {
    requireRows(indices, a, v)
    let X = byRow
    let out = a.mutableBase()
    for k in 0..<(indices?.count ?? rows) {
      out[k] = Element._dot(columns, X.base + (indices?[k] ?? k) * X.stride, v.base)
    }
  }

  public func addRows(_ indices: [Int]?, _ c: Vector<Element>, scale α: Element, to z: inout Vector<Element>) {
    requireRows(indices, c, z)
    let X = byRow
    let out = z.mutableBase()
    for k in 0..<(indices?.count ?? rows) {
      Element._axpy(columns, α * c.base[k], X.base + (indices?[k] ?? k) * X.stride, out)
    }
  }

  public func addRowGrams(
    rows indices: [Int]?, _ v: Vector<Element>, targets y: Vector<Element>?, scale: Element, to z: inout Vector<Element>
  ) {
    let X = byRow
    let out = z.mutableBase()
    func add(_ index: UnsafePointer<Int>?, _ count: Int) {
      Element._addRowGrams(count, columns, index, X.base, X.stride, v.base, y?.base, scale, out)
    }
    if let indices {
      indices.withUnsafeBufferPointer { add($0.baseAddress, indices.count) }
    } else {
      add(nil, rows)
    }
  }

  public func gramSpectrum(scale: Element) -> ExtremalEigenvalues<Element> { .ofGram(matrix, scale: scale) }
}

/// A matrix that tasks read, and the norms that each writes a part of.
private struct Columns<Element>: @unchecked Sendable {
  let base: UnsafePointer<Element>
  let norms: UnsafeMutablePointer<Element>
}
