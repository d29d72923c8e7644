/// How a matrix's entries lie in memory.
public enum Layout: Sendable, Hashable {
  /// Entries of a column are neighbours (Fortran, BLAS).
  case columnMajor
  /// Entries of a row are neighbours (C, NumPy's default).
  case rowMajor

  /// The layout of the transpose over the same memory.
  public var transposed: Layout { self == .columnMajor ? .rowMajor : .columnMajor }
}

/// A dense real matrix: a copy-on-write value over aligned memory, in either layout.
///
/// The transpose and ranges of rows and columns are views: they share the memory and cost nothing. Writing through a
/// view copies it first unless the memory is its own.
public struct Matrix<Element: Scalar>: Sendable {
  var storage: Storage<Element>
  var offset: Int
  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int
  /// The distance in entries between neighbouring columns (column-major) or rows (row-major).
  private(set) var leadingDimension: Int
  /// How the entries lie in memory.
  public let layout: Layout

  init(storage: Storage<Element>, offset: Int, rows: Int, columns: Int, leadingDimension: Int, layout: Layout) {
    self.storage = storage
    self.offset = offset
    self.rows = rows
    self.columns = columns
    self.leadingDimension = leadingDimension
    self.layout = layout
  }

  /// rows × columns entries, all `value`.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public init(repeating value: Element, rows: Int, columns: Int, layout: Layout = .columnMajor) {
    let count = Self.count(rows, columns)
    self.init(
      storage: Storage(capacity: count), offset: 0, rows: rows, columns: columns,
      leadingDimension: max(1, layout == .columnMajor ? rows : columns), layout: layout)
    storage.pointer.initialize(repeating: value, count: count)
  }

  private static func count(_ rows: Int, _ columns: Int) -> Int {
    precondition(rows >= 0 && columns >= 0, "Matrix: a shape cannot be negative (\(rows) × \(columns))")
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    precondition(!overflow, "Matrix: \(rows) × \(columns) entries overflow an integer")
    return count
  }

  /// Makes this a column-major matrix of other dimensions with arbitrary finite or other entries, in the memory that it has where that is large enough:
  /// fresh memory is dear where it is first touched.
  package mutating func reshape(_ rows: Int, _ columns: Int) {
    let count = rows * columns
    if storage.capacity < count || !isKnownUniquelyReferenced(&storage) { storage = Storage(capacity: 3 * count / 2) }
    self = Matrix(
      storage: storage, offset: 0, rows: rows, columns: columns, leadingDimension: max(1, rows), layout: .columnMajor)
  }

  /// rows × columns zeros.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public static func zeros(_ rows: Int, _ columns: Int, layout: Layout = .columnMajor) -> Matrix {
    Matrix(
      storage: Storage(zeros: count(rows, columns)), offset: 0, rows: rows, columns: columns,
      leadingDimension: max(1, layout == .columnMajor ? rows : columns), layout: layout)
  }

  /// The n × n identity.
  public static func identity(_ n: Int) -> Matrix {
    Matrix(rows: n, columns: n) { $0 == $1 ? 1 : 0 }
  }

  /// Entries computed one by one.
  public init(rows: Int, columns: Int, layout: Layout = .columnMajor, _ entry: (Int, Int) -> Element) {
    self.init(repeating: 0, rows: rows, columns: columns, layout: layout)
    for j in 0..<columns { for i in 0..<rows { storage.pointer[position(i, j)] = entry(i, j) } }
  }

  /// One array a row.
  ///
  /// - Precondition: all rows have the same length.
  public init(_ rowArrays: [[Element]], layout: Layout = .columnMajor) {
    let columns = rowArrays.first?.count ?? 0
    precondition(rowArrays.allSatisfy { $0.count == columns }, "Matrix: rows of different lengths")
    self.init(rows: rowArrays.count, columns: columns, layout: layout) { rowArrays[$0][$1] }
  }

  /// Entries listed in the order of `layout`.
  ///
  /// - Precondition: `entries` has rows · columns of them.
  public init(rows: Int, columns: Int, layout: Layout, entries: some Sequence<Element>) {
    let v = Vector(entries)
    precondition(v.count == rows * columns, "Matrix: \(v.count) entries for \(rows) × \(columns)")
    self.init(
      storage: v.storage, offset: 0, rows: rows, columns: columns,
      leadingDimension: max(1, layout == .columnMajor ? rows : columns), layout: layout)
  }

  /// The same numbers in another precision, rounded to nearest; the layout is kept.
  public init<Other: Scalar>(converting other: Matrix<Other>) {
    self.init(rows: other.rows, columns: other.columns, layout: other.layout) { Element(other[$0, $1]) }
  }

  /// The number of entries.
  public var count: Int { rows * columns }

  /// Whether the matrix is square.
  public var isSquare: Bool { rows == columns }

  @inline(__always)
  func position(_ i: Int, _ j: Int) -> Int {
    offset + (layout == .columnMajor ? j * leadingDimension + i : i * leadingDimension + j)
  }

  public subscript(i: Int, j: Int) -> Element {
    get {
      precondition(
        i >= 0 && i < rows && j >= 0 && j < columns, "Matrix: entry (\(i), \(j)) outside \(rows) × \(columns)")
      return storage.pointer[position(i, j)]
    }
    set {
      precondition(
        i >= 0 && i < rows && j >= 0 && j < columns, "Matrix: entry (\(i), \(j)) outside \(rows) × \(columns)")
      makeUnique()
      storage.pointer[position(i, j)] = newValue
    }
  }

  // MARK: - Views

  /// The transpose, over the same memory.
  public var transposed: Matrix {
    Matrix(
      storage: storage, offset: offset, rows: columns, columns: rows, leadingDimension: leadingDimension,
      layout: layout.transposed)
  }

  /// A block of the matrix, over the same memory.
  public subscript(rowRange: Range<Int>, columnRange: Range<Int>) -> Matrix {
    precondition(
      rowRange.lowerBound >= 0 && rowRange.upperBound <= rows && columnRange.lowerBound >= 0
        && columnRange.upperBound <= columns, "Matrix: block \(rowRange) × \(columnRange) outside \(rows) × \(columns)")
    return Matrix(
      storage: storage, offset: position(rowRange.lowerBound, columnRange.lowerBound), rows: rowRange.count,
      columns: columnRange.count, leadingDimension: leadingDimension, layout: layout)
  }

  /// A range of rows, over the same memory.
  public subscript(rows range: Range<Int>) -> Matrix { self[range, 0..<columns] }

  /// A range of columns, over the same memory.
  public subscript(columns range: Range<Int>) -> Matrix { self[0..<rows, range] }

  /// Column j: over the same memory in column-major layout, a copy otherwise.
  public func column(_ j: Int) -> Vector<Element> {
    precondition(j >= 0 && j < columns, "Matrix: column \(j) outside 0 ..< \(columns)")
    if layout == .columnMajor { return Vector(storage: storage, offset: position(0, j), count: rows) }
    return Vector(count: rows) { storage.pointer[position($0, j)] }
  }

  /// Row i: over the same memory in row-major layout, a copy otherwise.
  public func row(_ i: Int) -> Vector<Element> { transposed.column(i) }

  /// Column j ← `x`.
  public mutating func setColumn(_ j: Int, _ x: Vector<Element>) {
    precondition(j >= 0 && j < columns, "Matrix: column \(j) outside 0 ..< \(columns)")
    precondition(x.count == rows, "Matrix: a column of \(x.count) entries for \(rows) rows")
    makeUnique()
    let source = x.base
    if layout == .columnMajor {
      (storage.pointer + position(0, j)).update(from: source, count: rows)
    } else {
      for i in 0..<rows { storage.pointer[position(i, j)] = source[i] }
    }
  }

  /// The main diagonal.
  public var diagonal: Vector<Element> { Vector(count: Swift.min(rows, columns)) { self[$0, $0] } }

  // MARK: - Memory, for this package's kernels

  /// Read access. Valid while the matrix it was taken from is alive and unchanged.
  package var base: UnsafePointer<Element> { UnsafePointer(storage.pointer + offset) }
  package var stride: Int { leadingDimension }

  private mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&storage) { self = packed(as: layout) }
  }

  /// Write access; copies first (packed) where the memory is shared.
  package mutating func mutableBase() -> UnsafeMutablePointer<Element> {
    makeUnique()
    return storage.pointer + offset
  }

  // MARK: - Copies

  /// A copy in the given layout with no gaps between columns (or rows).
  public func packed(as wanted: Layout) -> Matrix {
    let copy = Matrix(
      storage: Storage(capacity: count), offset: 0, rows: rows, columns: columns,
      leadingDimension: Swift.max(1, wanted == .columnMajor ? rows : columns), layout: wanted)
    let lines = layout == .columnMajor ? columns : rows
    let length = layout == .columnMajor ? rows : columns
    if wanted == layout {
      for k in 0..<lines {
        (copy.storage.pointer + k * length).initialize(from: base + k * leadingDimension, count: length)
      }
    } else {
      Element._transpose(length, lines, base, leadingDimension, copy.storage.pointer, Swift.max(1, lines))
    }
    return copy
  }

  /// This matrix if it has the layout already, otherwise a copy that has it.
  public func with(layout wanted: Layout) -> Matrix { layout == wanted ? self : packed(as: wanted) }

  /// Every entry ← the one of `other`; allocates nothing when the memory is its own.
  public mutating func copy(from other: Matrix) {
    precondition(
      other.rows == rows && other.columns == columns,
      "Matrix.copy: \(other.rows) × \(other.columns) into \(rows) × \(columns)")
    let target = mutableBase()
    let lines = layout == .columnMajor ? columns : rows
    let length = layout == .columnMajor ? rows : columns
    if other.layout == layout {
      for k in 0..<lines {
        (target + k * leadingDimension).update(from: other.base + k * other.leadingDimension, count: length)
      }
    } else {
      Element._transpose(lines, length, other.base, other.leadingDimension, target, leadingDimension)
    }
  }

  /// Every entry ← `value`.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func fill(_ value: Element) {
    let target = mutableBase()
    let lines = layout == .columnMajor ? columns : rows
    let length = layout == .columnMajor ? rows : columns
    for k in 0..<lines { (target + k * leadingDimension).update(repeating: value, count: length) }
  }

  /// The row and column of the first entry that is NaN or infinite, or nil.
  public var firstNonFinite: (row: Int, column: Int)? {
    let lines = layout == .columnMajor ? columns : rows
    let length = layout == .columnMajor ? rows : columns
    for k in 0..<lines {
      let i = Element._firstNonFinite(length, base + k * leadingDimension)
      if i < length { return layout == .columnMajor ? (i, k) : (k, i) }
    }
    return nil
  }
}

extension Matrix: Equatable {
  /// Entry by entry as numbers, whatever the layouts: `-0 == 0`, and NaN equals nothing.
  public static func == (a: Matrix, b: Matrix) -> Bool {
    a.rows == b.rows && a.columns == b.columns
      && (0..<a.columns).allSatisfy { j in (0..<a.rows).allSatisfy { a[$0, j] == b[$0, j] } }
  }
}

extension Matrix: CustomStringConvertible {
  public var description: String {
    (0..<rows).map { i in "[" + (0..<columns).map { "\(self[i, $0])" }.joined(separator: ", ") + "]" }
      .joined(separator: "\n")
  }
}
