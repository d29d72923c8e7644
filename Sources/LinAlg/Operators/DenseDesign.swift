internal import Synchronization

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
