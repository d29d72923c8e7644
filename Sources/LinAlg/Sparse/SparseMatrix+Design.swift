extension SparseMatrix: DesignMatrix {
  public var storedCount: Int { nonzeroCount }
  public var sparseColumns: SparseMatrix<Element>? { self }

  /// Cost: the columns.
  public var columnTerms: Int {
    byColumn.pointers.withUnsafeBufferPointer { p in
      var most = 0
      for j in 0..<columns { most = max(most, p[j + 1] - p[j]) }
      return most
    }
  }

  /// Cost: the entries of the chosen columns, and the rows.
  public func rowTerms(columns S: IndexSubset) -> Int { Int(rowCounts(columns: S).max() ?? 0) }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func multiply(_ x: Vector<Element>, alpha α: Element, beta β: Element, into y: inout Vector<Element>) {
    precondition(
      x.count == columns && y.count == rows, "Sparse product: \(rows) × \(columns) times \(x.count) into \(y.count)")
    // With few entries per row, columns are read at the cost of their entries, and rows at that of their number besides. Measured, a row costs as much
    // as eight entries do more that are added to where they belong.
    if nonzeroCount < 8 * rows, Parallel.tasks(multiplications: 4 * nonzeroCount) <= 1 {
      y.scale(by: β)
      let out = y.mutableBase()
      let x = x.base
      byColumn.withPointers { pointers, rows, values in
        for j in 0..<columns {
          let start = pointers[j]
          Element._sparseAxpy(pointers[j + 1] - start, rows + start, values + start, α * x[j], out)
        }
      }
      return
    }
    byRow.multiply(x.base, α, β, into: y.mutableBase())
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func multiplyTransposed(_ r: Vector<Element>, alpha α: Element, beta β: Element, into x: inout Vector<Element>)
  {
    precondition(
      r.count == rows && x.count == columns, "Sparse product: \(columns) × \(rows) times \(r.count) into \(x.count)")
    byColumn.multiply(r.base, α, β, into: x.mutableBase())
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func addProduct(columns S: IndexSubset, _ x: Vector<Element>, to y: inout Vector<Element>) {
    precondition(S.universe == columns && x.count == S.count && y.count == rows, "Sparse product of \(S.count) columns")
    let out = y.mutableBase()
    byColumn.withPointers { pointers, indices, values in
      S.withPointer { Element._sparseAddColumns(S.count, $0, pointers, indices, values, x.base, out) }
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func multiplyTransposed(
    columns S: IndexSubset, _ r: Vector<Element>, alpha α: Element, into out: inout Vector<Element>
  ) {
    precondition(
      S.universe == columns && r.count == rows && out.count == S.count, "Sparse product of \(S.count) columns")
    let target = out.mutableBase()
    // Columns chosen without regard to their entries have about as many as others.
    let tasks = max(1, Parallel.tasks(multiplications: 4 * nonzeroCount / max(1, columns) * S.count))
    byColumn.withPointers { pointers, indices, values in
      S.withPointer { chosen in
        nonisolated(unsafe) let (chosen, pointers, indices, values) = (chosen, pointers, indices, values)
        nonisolated(unsafe) let (r, target) = (r.base, target)
        Parallel.run(tasks) { task in
          let (first, last) = (S.count * task / tasks, S.count * (task + 1) / tasks)
          Element._sparseDotColumns(last - first, chosen + first, pointers, indices, values, α, r, target + first)
        }
      }
    }
  }

  /// Column by column: one is spread into a dense vector, the ones before it are dotted with that. Cost |S| nnz(X_S).
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func gram(
    columns S: IndexSubset, weights d: Vector<Element>?, alpha α: Element, into C: inout Matrix<Element>,
    workspace: ColumnGram<Element>
  ) {
    precondition(
      S.universe == columns && (d?.count ?? rows) == rows && C.layout == .columnMajor && C.rows == S.count
        && C.columns == S.count,
      "Sparse Gram matrix of \(S.count) columns into \(C.rows) × \(C.columns)")
    let c = C.mutableBase()
    let stride = C.stride
    workspace.withSpread(rows) { spread in
      for j in 0..<S.count {
        byColumn.withLine(S[j]) { count, indices, values in
          if let d {
            for k in 0..<count { spread[Int(indices[k])] = α * d.base[Int(indices[k])] * values[k] }
          } else {
            Element._sparseAxpy(count, indices, values, α, spread)
          }
        }
        for i in j..<S.count {
          c[j * stride + i] = byColumn.withLine(S[i]) { Element._sparseDot($0, $1, $2, spread) }
        }
        // Undo by entries: the vector is zero again at the cost of the column.
        byColumn.withLine(S[j]) { count, indices, _ in for k in 0..<count { spread[Int(indices[k])] = 0 } }
      }
    }
    Element._mirrorLower(S.count, c, stride)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func squaredColumnNorms(into norms: inout Vector<Element>) {
    byColumn.squares(into: norms.mutableBase())
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func squaredColumnNorms(_ S: IndexSubset, weights d: Vector<Element>?, into norms: inout Vector<Element>) {
    requireNorms(S, d, norms)
    let out = norms.mutableBase()
    for k in 0..<S.count {
      out[k] = byColumn.withLine(S[k]) { count, indices, values in
        guard let d else { return Element._dot(count, values, values) }
        return (0..<count).reduce(0) { $0 + d.base[Int(indices[$1])] * values[$1] * values[$1] }
      }
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func squaredRowNorms(into norms: inout Vector<Element>) {
    precondition(norms.count == rows, "Row norms of \(rows) × \(columns) into \(norms.count)")
    let out = norms.mutableBase()
    let byRow = byRow
    for i in 0..<rows { out[i] = byRow.withLine(i) { count, _, values in Element._dot(count, values, values) } }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func multiply(rows indices: [Int]?, _ v: Vector<Element>, into a: inout Vector<Element>) {
    requireRows(indices, a, v)
    let out = a.mutableBase()
    let byRow = byRow
    for k in 0..<(indices?.count ?? rows) {
      out[k] = byRow.withLine(indices?[k] ?? k) { Element._sparseDot($0, $1, $2, v.base) }
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func addRows(_ indices: [Int]?, _ c: Vector<Element>, scale α: Element, to z: inout Vector<Element>) {
    requireRows(indices, c, z)
    let out = z.mutableBase()
    let byRow = byRow
    for k in 0..<(indices?.count ?? rows) {
      byRow.withLine(indices?[k] ?? k) { Element._sparseAxpy($0, $1, $2, α * c.base[k], out) }
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func addRowGrams(
    rows indices: [Int]?, _ v: Vector<Element>, targets y: Vector<Element>?, scale: Element, to z: inout Vector<Element>
  ) {
    let out = z.mutableBase()
    let byRow = byRow
    func add(_ i: Int) {
      byRow.withLine(i) { count, columns, values in
        var a = Element._sparseDot(count, columns, values, v.base)
        if let y { a -= y.base[i] }
        Element._sparseAxpy(count, columns, values, scale * a, out)
      }
    }
    if let indices { for i in indices { add(i) } } else { for i in 0..<rows { add(i) } }
  }

  /// By LAPACK where the smaller side is small, otherwise by Lanczos on XᵀX or XXᵀ; the matrix stays sparse.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func gramSpectrum(scale: Element) -> ExtremalEigenvalues<Element> {
    precondition(columns >= 1, "SparseMatrix: no columns have no spectrum")
    if rows == 0 || nonzeroCount == 0 {
      return ExtremalEigenvalues(of: DiagonalOperator(Vector<Element>.zeros(1)))
    }
    return .ofProducts(self, scale: scale)
  }
}
