internal import Synchronization

/// A sparse real matrix in compressed columns (CSC), with its transpose (CSR) beside it from when that is first asked for: products
/// with the matrix go by rows and products with the transpose by columns, each a sequence of dot products that can be split over
/// processors at equal numbers of nonzeros. What needs chosen columns only, as working sets do, never makes the transpose.
///
/// Memory: 8 + 4 bytes a nonzero in Double, and as much for the transpose. Row indices within a column increase.
public struct SparseMatrix<Element: Scalar>: Sendable {
  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int
  let byColumn: CompressedLines<Element>
  /// The transpose of `byColumn`, shared by all copies of this value.
  private let transpose = LazyTranspose<Element>()
  /// Panels of dense blocks, for products with several columns.
  let scratch = ScratchPool<Element>()

  /// Lends the compressed columns: where each starts, the rows and the values of their entries.
  package func withColumns(_ body: (UnsafePointer<Int>, UnsafePointer<Int32>, UnsafePointer<Element>) -> Void) {
    byColumn.withPointers(body)
  }

  init(rows: Int, byColumn: CompressedLines<Element>) {
    self.rows = rows
    columns = byColumn.count
    self.byColumn = byColumn
  }

  /// The rows. Made on first use, at the cost of a counting sort; a loop takes them once.
  var byRow: CompressedLines<Element> { transpose.lines(of: byColumn) }

  /// From compressed columns: column j holds `values[k]` at row `rowIndices[k]` for k in
  /// `columnPointers[j] ..< columnPointers[j + 1]`.
  ///
  /// - Throws: ``SparseStructureError`` where the pointers do not start at 0, decrease or do not end at the number of
  ///   values, or where row indices do not increase within a column or lie outside the rows.
  public init(
    rows: Int, columns: Int, columnPointers: [Int], rowIndices: [Int32], values: [Element]
  ) throws(SparseStructureError) {
    try self.init(
      rows: rows, columns: columns, columnPointers: columnPointers, rowIndices: Stretch(rowIndices),
      values: Stretch(values))
  }

  /// The same, in whoever's memory.
  package init(
    rows: Int, columns: Int, columnPointers: [Int], rowIndices: Stretch<Int32>, values: Stretch<Element>
  ) throws(SparseStructureError) {
    try CompressedLines<Element>.check(
      lines: columns, length: rows, pointers: columnPointers, indices: rowIndices, count: values.count)
    self.rows = rows
    self.columns = columns
    byColumn = CompressedLines(length: rows, pointers: columnPointers, indices: rowIndices, values: values)
  }

  /// The nonzeros of a dense matrix.
  public init(_ A: Matrix<Element>) {
    rows = A.rows
    columns = A.columns
    var pointers = [0]
    var indices: [Int32] = []
    var values: [Element] = []
    for j in 0..<A.columns {
      for i in 0..<A.rows where A[i, j] != 0 {
        indices.append(blasInteger(i))
        values.append(A[i, j])
      }
      pointers.append(values.count)
    }
    byColumn = CompressedLines(length: A.rows, pointers: pointers, indices: indices, values: values)
  }

  /// The number of stored entries.
  public var nonzeroCount: Int { byColumn.values.count }

  /// The matrix with its zeros.
  public func dense() -> Matrix<Element> {
    var result = Matrix<Element>.zeros(rows, columns)
    for j in 0..<columns {
      for k in byColumn.pointers[j]..<byColumn.pointers[j + 1] {
        result[Int(byColumn.indices[k]), j] = byColumn.values[k]
      }
    }
    return result
  }

  /// The column and row of the first stored entry that is NaN or infinite, or nil.
  public var firstNonFinite: (row: Int, column: Int)? {
    guard let k = byColumn.values.firstIndex(where: { !$0.isFinite }) else { return nil }
    let column = byColumn.pointers.firstIndex { $0 > k }! - 1
    return (Int(byColumn.indices[k]), column)
  }
}

/// A transpose that is made once, when it is first asked for.
private final class LazyTranspose<Element: Scalar>: Sendable {
  private let made = Mutex<CompressedLines<Element>?>(nil)

  func lines(of columns: CompressedLines<Element>) -> CompressedLines<Element> {
    made.withLock { made in
      if let made { return made }
      let fresh = columns.transposed()
      made = fresh
      return fresh
    }
  }
}

/// What is wrong with the arrays of a compressed sparse matrix.
public enum SparseStructureError: Error, Sendable, Equatable, CustomStringConvertible {
  case negativeShape(rows: Int, columns: Int)
  case pointerCount(found: Int, expected: Int)
  case pointers(line: Int)
  case entryCount(indices: Int, values: Int, lastPointer: Int)
  case index(line: Int, position: Int)

  public var description: String {
    switch self {
    case .negativeShape(let rows, let columns): "a shape of \(rows) × \(columns)"
    case .pointerCount(let found, let expected): "\(found) pointers; expected \(expected), one more than the lines"
    case .pointers(let line): "the pointers must start at 0 and not decrease; they do not at line \(line)"
    case .entryCount(let indices, let values, let last):
      "\(indices) indices and \(values) values, and the last pointer is \(last); all three must agree"
    case .index(let line, let position):
      "the indices of line \(line) must increase and lie within the matrix; entry \(position) does not"
    }
  }
}
