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
