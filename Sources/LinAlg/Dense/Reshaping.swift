/// Vectors seen as matrices and back, over the same memory.
extension Matrix {
  /// The entries of `v` column by column: column-major, `rows` to a column.
  ///
  /// - Precondition: the count is a multiple of `rows`.
  public init(columnsOf v: Vector<Element>, rows: Int) {
    precondition(rows > 0 && v.count % rows == 0, "Matrix(columnsOf:): \(v.count) entries in columns of \(rows)")
    self.init(
      storage: v.storage, offset: v.offset, rows: rows, columns: v.count / rows, leadingDimension: rows,
      layout: .columnMajor)
  }

  /// The entries of `v` row by row: row-major, `columns` to a row.
  ///
  /// - Precondition: the count is a multiple of `columns`.
  public init(rowsOf v: Vector<Element>, columns: Int) {
    precondition(columns > 0 && v.count % columns == 0, "Matrix(rowsOf:): \(v.count) entries in rows of \(columns)")
    self.init(
      storage: v.storage, offset: v.offset, rows: v.count / columns, columns: columns, leadingDimension: columns,
      layout: .rowMajor)
  }

  /// Row k ← row `indices[k]` of `A` (repetitions allowed).
  ///
  /// - Precondition: both are row-major; the indices lie within A's rows.
  public mutating func gatherRows(_ indices: [Int], from A: Matrix) {
    precondition(
      layout == .rowMajor && A.layout == .rowMajor && rows == indices.count && columns == A.columns,
      "Matrix.gatherRows: \(indices.count) rows of \(A.rows) × \(A.columns) into \(rows) × \(columns), row-major")
    let out = mutableBase()
    indices.withUnsafeBufferPointer {
      guard let index = $0.baseAddress else { return }
      // Rows of a row-major matrix are the columns of its transpose.
      Element._gatherColumns(columns, indices.count, index, A.base, 1, A.stride, out, stride)
    }
  }
}

extension Vector {
  /// Lends the entries as a column-major matrix, `rows` to a column, for writing in place; copies first where the memory
  /// is shared.
  public mutating func withColumns<R>(rows: Int, _ body: (inout Matrix<Element>) -> R) -> R {
    lend({ Matrix(columnsOf: $0, rows: rows) }, body)
  }

  /// Lends the entries as a row-major matrix, `columns` to a row, for writing in place; copies first where the memory is
  /// shared.
  public mutating func withRows<R>(columns: Int, _ body: (inout Matrix<Element>) -> R) -> R {
    lend({ Matrix(rowsOf: $0, columns: columns) }, body)
  }

  /// Hands the memory over to a matrix for the length of `body`, so that it stays unshared.
  private mutating func lend<R>(_ view: (Vector) -> Matrix<Element>, _ body: (inout Matrix<Element>) -> R) -> R {
    _ = mutableBase()
    let count = self.count
    var matrix = view(self)
    storage = Storage<Element>.placeholder
    defer {
      precondition(
        matrix.count == count
          && matrix.stride * (matrix.layout == .columnMajor ? matrix.columns : matrix.rows) == count,
        "Vector: the lent matrix was replaced by one of \(matrix.rows) × \(matrix.columns)")
      storage = matrix.storage
      self.offset = matrix.offset
    }
    return body(&matrix)
  }

  /// Whether both stand for the same entries of the same memory, and so hold the same numbers.
  public func sharesMemory(with other: Vector) -> Bool {
    storage === other.storage && offset == other.offset && count == other.count
  }
}
