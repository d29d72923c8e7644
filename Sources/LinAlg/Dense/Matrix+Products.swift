internal import RealModule

/// Level-2 and level-3 products. The in-place forms are the primitives; the allocating ones call them.
///
/// A transposed operand is `A.transposed`, a view: every combination of layouts reaches BLAS without a copy.
extension Vector {
  /// y ← α A x + β y, y the receiver (A is m × n, x has n entries, y has m). Cost 2 m n.
  ///
  /// β = 0 overwrites whatever y held.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func assignProduct(
    _ A: Matrix<Element>, _ x: Vector, alpha α: Element = 1, beta β: Element = 0
  ) {
    precondition(
      x.count == A.columns && count == A.rows,
      "Matrix-vector product: \(A.rows) × \(A.columns) times \(x.count) into \(count)")
    if A.rows == 0 { return }
    if A.columns == 0 || β == 0 {
      // BLAS returns at once for an empty sum, leaving y as it was.
      if β == 0 { fill(0) } else { scale(by: β) }
      if A.columns == 0 { return }
    }
    let y = mutableBase()
    if A.layout == .columnMajor {
      Element._gemv(false, A.rows, A.columns, α, A.base, A.stride, x.base, β, y)
    } else {
      Element._gemv(true, A.columns, A.rows, α, A.base, A.stride, x.base, β, y)
    }
  }
}

extension Vector {
  /// As ``assignProduct(_:_:alpha:beta:)``, split by rows of A over the processors where A is large enough to pay: at 10⁶ entries two tasks were measured to
  /// take a third longer than one where the other processor had work, at 2·10⁶ a fifth less.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func assignLargeProduct(
    _ A: Matrix<Element>, _ x: Vector, alpha α: Element = 1, beta β: Element = 0
  ) {
    let tasks = Swift.min(A.rows, Parallel.tasks(multiplications: 3 * A.count))
    if tasks <= 1 || A.columns == 0 {
      assignProduct(A, x, alpha: α, beta: β)
      return
    }
    precondition(
      x.count == A.columns && count == A.rows,
      "Matrix-vector product: \(A.rows) × \(A.columns) times \(x.count) into \(count)")
    if β == 0 { fill(0) }
    let target = Shared(mutableBase())
    Parallel.run(tasks) { task in
      let range = A.rows * task / tasks..<A.rows * (task + 1) / tasks
      let block = A[rows: range]
      if block.layout == .columnMajor {
        Element._gemv(
          false, block.rows, block.columns, α, block.base, block.stride, x.base, β, target.pointer + range.lowerBound)
      } else {
        Element._gemv(
          true, block.columns, block.rows, α, block.base, block.stride, x.base, β, target.pointer + range.lowerBound)
      }
    }
  }

  /// Memory of which each task writes a part of its own.
  private struct Shared: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Element>
    init(_ pointer: UnsafeMutablePointer<Element>) { self.pointer = pointer }
  }
}

extension Vector {
  /// y ← α A x + β y, y the receiver, A n × n symmetric: its lower triangle alone is read, half of a full product's memory
  /// traffic. Cost 2 n².
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func assignSymmetricProduct(
    _ A: Matrix<Element>, _ x: Vector, alpha α: Element = 1, beta β: Element = 0
  ) {
    precondition(
      A.isSquare && x.count == A.columns && count == A.rows,
      "Symmetric product: \(A.rows) × \(A.columns) times \(x.count) into \(count)")
    if count == 0 { return }
    if β == 0 { fill(0) }
    Element._symv(A.layout == .rowMajor, count, α, A.base, A.stride, x.base, β, mutableBase())
  }
}

extension Matrix {
  /// C ← α A B + β C, C the receiver (A is m × k, B is k × n, C is m × n). Cost 2 m n k.
  ///
  /// β = 0 overwrites whatever C held.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func assignProduct(_ A: Matrix, _ B: Matrix, alpha α: Element = 1, beta β: Element = 0) {
    precondition(
      A.columns == B.rows && rows == A.rows && columns == B.columns,
      "Matrix product: \(A.rows) × \(A.columns) times \(B.rows) × \(B.columns) into \(rows) × \(columns)")
    if rows == 0 || columns == 0 { return }
    if A.columns == 0 {
      scale(by: β)
      return
    }
    let c = mutableBase()
    if layout == .columnMajor {
      Element._gemm(
        A.layout == .rowMajor, B.layout == .rowMajor, rows, columns, A.columns, α, A.base, A.stride, B.base, B.stride,
        β,
        c, stride)
    } else {  // Cᵀ = Bᵀ Aᵀ, and a row-major C is a column-major Cᵀ
      Element._gemm(
        B.layout == .columnMajor, A.layout == .columnMajor, columns, rows, A.columns, α, B.base, B.stride, A.base,
        A.stride, β, c, stride)
    }
  }

  /// C ← α Aᵀ A + β C, C the receiver, symmetric, both triangles written (A is m × n, C is n × n). Cost m n².
  ///
  /// - Precondition: with β ≠ 0, C is symmetric.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func assignGram(_ A: Matrix, alpha α: Element = 1, beta β: Element = 0) {
    precondition(
      rows == A.columns && columns == A.columns,
      "Gram matrix: \(A.rows) × \(A.columns) into \(rows) × \(columns)")
    if rows == 0 { return }
    if A.rows == 0 {
      scale(by: β)
      return
    }
    let c = mutableBase()
    Element._syrk(A.layout == .columnMajor, rows, A.rows, α, A.base, A.stride, β, c, stride)
    Element._mirrorLower(rows, c, stride)
  }

  /// A ← A + α x yᵀ, A the receiver. Cost 2 m n.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func addOuterProduct(_ α: Element = 1, _ x: Vector<Element>, _ y: Vector<Element>) {
    precondition(
      x.count == rows && y.count == columns, "Outer product: \(x.count) by \(y.count) into \(rows) × \(columns)")
    if rows == 0 || columns == 0 { return }
    let a = mutableBase()
    if layout == .columnMajor {
      Element._ger(rows, columns, α, x.base, y.base, a, stride)
    } else {
      Element._ger(columns, rows, α, y.base, x.base, a, stride)
    }
  }

  /// Y ← α X + β Y, Y the receiver, entry by entry; β = 0 overwrites whatever Y held.
  ///
  /// - Precondition: X has the receiver's layout.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func combine(_ α: Element, _ X: Matrix, _ β: Element) {
    precondition(
      X.rows == rows && X.columns == columns && X.layout == layout,
      "Matrix.combine: \(X.rows) × \(X.columns) \(X.layout) with \(rows) × \(columns) \(layout)")
    let y = mutableBase()
    let lines = layout == .columnMajor ? columns : rows
    let length = layout == .columnMajor ? rows : columns
    for k in 0..<lines { Element._axpby(length, α, X.base + k * X.stride, β, y + k * stride) }
  }

  /// A ← α A; α = 0 sets zeros whatever A held.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func scale(by α: Element) {
    if α == 0 {
      fill(0)
      return
    }
    let a = mutableBase()
    let lines = layout == .columnMajor ? columns : rows
    let length = layout == .columnMajor ? rows : columns
    for k in 0..<lines { Element._scal(length, α, a + k * stride) }
  }

  /// A ← diag(d) A.
  ///
  /// - Precondition: the layout is column-major.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func scaleRows(by d: Vector<Element>) {
    precondition(layout == .columnMajor, "Matrix.scaleRows: a column-major matrix is needed")
    precondition(d.count == rows, "Matrix.scaleRows: \(d.count) factors for \(rows) rows")
    Element._scaleRows(rows, columns, d.base, mutableBase(), stride)
  }

  /// aᵢᵢ ← aᵢᵢ + α.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func addToDiagonal(_ α: Element) {
    let a = mutableBase()
    for i in 0..<Swift.min(rows, columns) { a[i * (stride + 1)] += α }
  }

  /// The Frobenius norm.
  public var frobeniusNorm: Element {
    let lines = layout == .columnMajor ? columns : rows
    let length = layout == .columnMajor ? rows : columns
    var norm: Element = 0
    for k in 0..<lines { norm = Element.hypot(norm, Element._nrm2(length, base + k * stride)) }
    return norm
  }

  /// Column k ← column `indices[k]` of `A`. Cost of reading and writing the columns.
  ///
  /// - Precondition: the receiver is column-major.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func gatherColumns(_ indices: IndexSubset, from A: Matrix) {
    precondition(layout == .columnMajor, "Matrix.gatherColumns: the receiver must be column-major")
    precondition(
      rows == A.rows && columns == indices.count && A.columns == indices.universe,
      "Matrix.gatherColumns: \(indices.count) of \(A.rows) × \(A.columns) into \(rows) × \(columns)")
    let out = mutableBase()
    let (rowStride, columnStride) = A.layout == .columnMajor ? (1, A.stride) : (A.stride, 1)
    indices.withPointer {
      Element._gatherColumns(A.rows, indices.count, $0, A.base, rowStride, columnStride, out, stride)
    }
  }

  /// Entry (i, j) ← entry (`indices[i]`, `indices[j]`) of `A`.
  ///
  /// - Precondition: both are column-major, A square of the indices' universe.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func gatherSubmatrix(_ indices: IndexSubset, from A: Matrix) {
    precondition(layout == .columnMajor && A.layout == .columnMajor, "Matrix.gatherSubmatrix: column-major is needed")
    precondition(
      rows == indices.count && columns == indices.count && A.isSquare && A.rows == indices.universe,
      "Matrix.gatherSubmatrix: \(indices.count) of \(A.rows) × \(A.columns) into \(rows) × \(columns)")
    let out = mutableBase()
    indices.withPointer { Element._gatherSubmatrix(indices.count, $0, A.base, A.stride, out, stride) }
  }

  /// The chosen columns as a new column-major matrix.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func columns(_ indices: IndexSubset) -> Matrix {
    var result = Matrix.zeros(rows, indices.count)
    result.gatherColumns(indices, from: self)
    return result
  }

  /// The chosen rows as a new row-major matrix.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func rows(_ indices: IndexSubset) -> Matrix { transposed.columns(indices).transposed }
}

// MARK: - Allocating forms

extension Matrix {
  public static func * (A: Matrix, x: Vector<Element>) -> Vector<Element> {
    var y = Vector<Element>.zeros(A.rows)
    y.assignProduct(A, x)
    return y
  }

  public static func * (A: Matrix, B: Matrix) -> Matrix {
    var C = Matrix.zeros(A.rows, B.columns)
    C.assignProduct(A, B)
    return C
  }

  public static func - (A: Matrix, B: Matrix) -> Matrix {
    var C = A.packed(as: .columnMajor)
    C.combine(-1, B.with(layout: .columnMajor), 1)
    return C
  }
}
