/// Products with blocks of columns.
///
/// A row-major block is what the kernel wants: the c numbers that an entry meets are neighbours, and the entry is read once
/// for all of them. Column-major blocks go by panels of up to 16 columns, transposed into scratch and back. Measured on one
/// core at 5,000 × 20,000 with 20 entries per row, 5 columns took 321 µs one by one, 142 µs by rows and 33 µs to transpose;
/// 16 columns 1,063, 192 and 109 µs.
extension SparseMatrix {
  public func multiply(block V: Matrix<Element>, into Y: inout Matrix<Element>) {
    precondition(
      V.rows == columns && Y.rows == rows && V.columns == Y.columns,
      "Sparse product: \(rows) × \(columns) times \(V.rows) × \(V.columns) into \(Y.rows) × \(Y.columns)")
    assign(byRow, V, 1, 0, to: &Y)
  }

  public func multiplyTransposed(block R: Matrix<Element>, alpha α: Element, into V: inout Matrix<Element>) {
    precondition(
      R.rows == rows && V.rows == columns && R.columns == V.columns,
      "Sparse product: \(columns) × \(rows) times \(R.rows) × \(R.columns) into \(V.rows) × \(V.columns)")
    assign(byColumn, R, α, 0, to: &V)
  }

  /// For chosen rows the cost is that of their entries, c times.
  public func multiply(rows indices: [Int]?, block W: Matrix<Element>, into Y: inout Matrix<Element>) {
    precondition(
      W.layout == .columnMajor && Y.layout == .rowMajor && W.rows == columns && Y.rows == indices?.count ?? rows
        && W.columns == Y.columns,
      "Sparse product: \(indices?.count ?? rows) rows of \(columns) times \(W.rows) × \(W.columns) \(W.layout) into \(Y.rows) × \(Y.columns) \(Y.layout)"
    )
    guard let indices else {
      assign(byRow, W, 1, 0, to: &Y)
      return
    }
    let y = Y.mutableBase()
    let byRow = byRow
    for k in 0..<indices.count {
      let i = indices[k]
      byRow.withLine(i) { count, columns, values in
        for j in 0..<W.columns {
          y[k * Y.stride + j] = Element._sparseDot(count, columns, values, W.base + j * W.stride)
        }
      }
    }
  }

  /// For chosen rows the cost is that of their entries, c times.
  public func addTransposedProduct(
    rows indices: [Int]?, block R: Matrix<Element>, alpha α: Element, to V: inout Matrix<Element>
  ) {
    precondition(
      R.layout == .rowMajor && V.layout == .columnMajor && R.rows == indices?.count ?? rows && V.rows == columns
        && R.columns == V.columns,
      "Sparse product: \(columns) × \(indices?.count ?? rows) times \(R.rows) × \(R.columns) \(R.layout) into \(V.rows) × \(V.columns) \(V.layout)"
    )
    guard let indices else {
      assign(byColumn, R, α, 1, to: &V)
      return
    }
    let v = V.mutableBase()
    let byRow = byRow
    for k in 0..<indices.count {
      let i = indices[k]
      byRow.withLine(i) { count, columns, values in
        for j in 0..<R.columns {
          Element._sparseAxpy(count, columns, values, α * R.base[k * R.stride + j], v + j * V.stride)
        }
      }
    }
  }

  /// The chosen columns as a matrix of their own. Cost of their entries and the rows.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func columns(_ S: IndexSubset) -> SparseMatrix {
    precondition(S.universe == columns, "SparseMatrix: columns of \(S.universe) from \(rows) × \(columns)")
    var pointers = [0]
    var indices: [Int32] = []
    var values: [Element] = []
    byColumn.withPointers { starts, rows, entries in
      S.withElements { chosen in
        pointers.reserveCapacity(chosen.count + 1)
        for j in chosen { pointers.append(pointers.last! + starts[j + 1] - starts[j]) }
        let count = pointers.last!
        if count == 0 { return }
        indices = Array(unsafeUninitializedCapacity: count) { buffer, initialized in
          let out = buffer.baseAddress!
          for k in 0..<chosen.count {
            (out + pointers[k]).initialize(from: rows + starts[chosen[k]], count: pointers[k + 1] - pointers[k])
          }
          initialized = count
        }
        values = Array(unsafeUninitializedCapacity: count) { buffer, initialized in
          let out = buffer.baseAddress!
          for k in 0..<chosen.count {
            (out + pointers[k]).initialize(from: entries + starts[chosen[k]], count: pointers[k + 1] - pointers[k])
          }
          initialized = count
        }
      }
    }
    return SparseMatrix(
      rows: rows, byColumn: CompressedLines(length: rows, pointers: pointers, indices: indices, values: values))
  }

  /// Y ← α L X + β Y for lines L, each block in either layout.
  private func assign(
    _ lines: CompressedLines<Element>, _ X: Matrix<Element>, _ α: Element, _ β: Element, to Y: inout Matrix<Element>
  ) {
    let c = X.columns
    if c == 0 || Y.rows == 0 { return }
    let y = Y.mutableBase()
    let (turnsX, turnsY) = (X.layout == .columnMajor, Y.layout == .columnMajor)
    if !turnsX && !turnsY {
      lines.multiply(block: X.base, X.stride, columns: c, α, β, into: y, Y.stride)
      return
    }
    // To transpose an entry of a block costs about what an entry of the matrix saves.
    if turnsX && turnsY && (c == 1 || nonzeroCount < X.rows + Y.rows) {
      for j in 0..<c { lines.multiply(X.base + j * X.stride, α, β, into: y + j * Y.stride) }
      return
    }
    let width = (c + (c + 15) / 16 - 1) / ((c + 15) / 16)
    let start = turnsX ? X.rows * width : 0
    scratch.withScratch(start + (turnsY ? Y.rows * width : 0)) { panel in
      for j in stride(from: 0, to: c, by: width) {
        let w = min(width, c - j)
        let out = turnsY ? panel + start : y + j
        if turnsX { Element._transpose(X.rows, w, X.base + j * X.stride, X.stride, panel, w) }
        if turnsY && β != 0 { Element._transpose(Y.rows, w, y + j * Y.stride, Y.stride, out, w) }
        lines.multiply(
          block: turnsX ? UnsafePointer(panel) : X.base + j, turnsX ? w : X.stride, columns: w, α, β, into: out,
          turnsY ? w : Y.stride)
        if turnsY { Element._transpose(w, Y.rows, out, w, y + j * Y.stride, Y.stride) }
      }
    }
  }

  /// diag(d) X.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func scalingRows(by d: Vector<Element>) -> SparseMatrix {
    precondition(d.count == rows, "SparseMatrix: \(d.count) factors for \(rows) rows")
    let count = byColumn.values.count
    let values = [Element](unsafeUninitializedCapacity: count) { buffer, filled in
      for k in 0..<count {
        buffer.baseAddress!.advanced(by: k).initialize(to: byColumn.values[k] * d.base[Int(byColumn.indices[k])])
      }
      filled = count
    }
    return SparseMatrix(
      rows: rows,
      byColumn: CompressedLines(
        length: rows, pointers: byColumn.pointers, indices: byColumn.indices, values: Stretch(values)))
  }
}
