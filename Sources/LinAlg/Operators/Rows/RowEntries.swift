/// The entries of a dense matrix that lies row by row, in the precision that is computed in or, for `Double`, in single precision:
/// each is converted where it is used, so results are those of the converted matrix.
struct RowEntries<Element: Scalar>: Sendable {
  private let own: Matrix<Element>?
  private let single: Matrix<Float>?
  let rows: Int
  let columns: Int

  /// - Precondition: row-major.
  init(_ matrix: Matrix<Element>) {
    precondition(matrix.layout == .rowMajor, "RowEntries: a column-major matrix of \(matrix.rows) × \(matrix.columns)")
    (own, single, rows, columns) = (matrix, nil, matrix.rows, matrix.columns)
  }

  /// - Precondition: row-major, and `Element` is `Double`.
  init(single matrix: Matrix<Float>) {
    precondition(
      matrix.layout == .rowMajor && Element.isDouble, "RowEntries: \(Element.self) from a \(matrix.layout) matrix")
    (own, single, rows, columns) = (nil, matrix, matrix.rows, matrix.columns)
  }

  /// The entry in row i of column j.
  subscript(i: Int, j: Int) -> Element { own?[i, j] ?? Element(single![i, j]) }

  /// Bytes of an entry as it is stored.
  var entrySize: Int { own == nil ? MemoryLayout<Float>.stride : MemoryLayout<Element>.stride }

  /// The bytes of row i, as they are stored.
  func withBytes(ofRow i: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
    if let own {
      body(UnsafeRawBufferPointer(UnsafeBufferPointer(start: own.base + i * own.stride, count: columns)))
    } else if let single {
      body(UnsafeRawBufferPointer(UnsafeBufferPointer(start: single.base + i * single.stride, count: columns)))
    }
  }

  /// The first entry, by rows, that is NaN or infinite.
  var firstNonFinite: (row: Int, column: Int)? { own?.firstNonFinite ?? single?.firstNonFinite }

  /// y_i ← α row_i · x + β y_i for the rows of a range; y holds all n.
  func dot(
    _ range: Range<Int>, _ α: Element, _ x: UnsafePointer<Element>, _ β: Element, _ y: UnsafeMutablePointer<Element>
  ) {
    let (first, n) = (range.lowerBound, range.count)
    if let own {
      Element._rowsDot(n, columns, own.base + first * own.stride, own.stride, α, x, β, y + first)
    } else if let single {
      let base = single.base + first * single.stride
      SingleRows.dot(n, columns, base, single.stride, α.recast(), x.recast(), β.recast(), (y + first).recast())
    }
  }

  /// out_j ← out_j + α column_j · c for the columns of a range; out holds all p.
  func add(columns range: Range<Int>, _ α: Element, _ c: UnsafePointer<Element>, _ out: UnsafeMutablePointer<Element>) {
    let (first, p) = (range.lowerBound, range.count)
    if let own {
      Element._rowsAdd(rows, p, own.base + first, own.stride, α, c, out + first)
    } else if let single {
      SingleRows.add(rows, p, single.base + first, single.stride, α.recast(), c.recast(), (out + first).recast())
    }
  }

  /// out ← out + Aᵀ diag(d) A x over the rows of a range: stretches of rows stay in the cache between the two products.
  ///
  /// - Parameters:
  ///   - d: of all rows; nil for ones.
  ///   - image: room for ``stretch`` numbers.
  func addGram(
    _ range: Range<Int>, _ x: UnsafePointer<Element>, _ d: UnsafePointer<Element>?,
    _ out: UnsafeMutablePointer<Element>, _ image: UnsafeMutablePointer<Element>
  ) {
    let (height, p) = (stretch, columns)
    for first in Swift.stride(from: range.lowerBound, to: range.upperBound, by: height) {
      let n = min(height, range.upperBound - first)
      if let own {
        let rows = own.base + first * own.stride
        Element._rowsDot(n, p, rows, own.stride, 1, x, 0, image)
        if let d { Element._hadamard(n, image, d + first, image) }
        Element._rowsAdd(n, p, rows, own.stride, 1, image, out)
      } else if let single {
        let rows = single.base + first * single.stride
        SingleRows.dot(n, p, rows, single.stride, 1, x.recast(), 0, image.recast())
        if let d { Element._hadamard(n, image, d + first, image) }
        SingleRows.add(n, p, rows, single.stride, 1, UnsafePointer(image).recast(), out.recast())
      }
    }
  }

  /// Rows that a second cache holds half of, eight at least.
  var stretch: Int { max(8, (1 << 18) / (entrySize * max(1, columns)) / 8 * 8) }

  /// out_j ← out_j + Σ x_ij² over the rows of a range.
  func squares(_ range: Range<Int>, _ out: UnsafeMutablePointer<Element>) {
    let (first, n) = (range.lowerBound, range.count)
    if let own {
      Element._rowsSquares(n, columns, own.base + first * own.stride, own.stride, out)
    } else if let single {
      SingleRows.squares(n, columns, single.base + first * single.stride, single.stride, out.recast())
    }
  }

  /// Rows of a range of out (n × k, column-major) ← those of the columns at `index`.
  func gather(
    _ range: Range<Int>, _ k: Int, _ index: UnsafePointer<Int>, _ out: UnsafeMutablePointer<Element>
  ) {
    let (first, n) = (range.lowerBound, range.count)
    if let own {
      Element._rowsGather(n, k, index, own.base + first * own.stride, own.stride, out + first, rows)
    } else if let single {
      let base = single.base + first * single.stride
      SingleRows.gather(n, k, index, base, single.stride, (out + first).recast(), rows)
    }
  }

  /// Columns at `index` to `out` (n × k, column-major), on as many processors as pay.
  func gather(_ index: [Int], to out: UnsafeMutablePointer<Element>) {
    let (n, k) = (rows, index.count)
    let target = RowMemory(out)
    // Blocks of columns, so that those written at once are as many as the processor keeps the pages of.
    let width = 64
    let blocks = (k + width - 1) / width
    let slices = max(1, min(n / 8, Parallel.tasks(multiplications: 16 * n * k)))
    index.withUnsafeBufferPointer { index in
      guard let start = index.baseAddress else { return }
      let places = RowMemory(UnsafeMutablePointer(mutating: start))
      Parallel.run(slices) { slice in
        // Whole cache lines of a column for every task.
        let (first, last) = (n * slice / slices / 8 * 8, slice + 1 == slices ? n : n * (slice + 1) / slices / 8 * 8)
        for block in 0..<blocks {
          let here = min(width, k - block * width)
          gather(first..<last, here, places.pointer + block * width, target.pointer + block * width * n)
        }
      }
    }
  }
}

/// Memory that tasks read, or write disjoint parts of.
struct RowMemory<T>: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<T>
  init(_ pointer: UnsafeMutablePointer<T>) { self.pointer = pointer }
}
