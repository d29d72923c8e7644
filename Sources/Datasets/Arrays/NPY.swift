public import LinAlg

/// Reads and writes NumPy's `.npy` files.
///
/// Read are float32, float64, uint8, int32 and int64 in either byte order, in C or Fortran order, format versions 1.0,
/// 2.0 and 3.0. Structured types and pickled objects are refused. Every reader throws ``DatasetError/missing(path:)``
/// where there is no file and ``DatasetError/invalid(path:reason:)`` for whatever is wrong with one that is there;
/// nothing is allocated for the entries before their number has been checked against the size of the file.
public enum NPY {
  /// The array of two dimensions in the file at `path`.
  ///
  /// A file of another type than `Element` is converted, rounded to nearest. Large files are read by all processors.
  ///
  /// - Parameters:
  ///   - layout: the order of the matrix; nil for that of the file, C order row-major, Fortran order column-major.
  ///   - allowsNonFinite: whether NaN and infinities pass; otherwise they throw, named by row and column.
  public static func matrix<Element: Scalar>(
    at path: String, as: Element.Type = Element.self, layout: Layout? = nil, allowsNonFinite: Bool = false
  ) throws(DatasetError) -> Matrix<Element> {
    let file = try NPYFile(path, rank: 2)
    try file.requireMemory(Element.self)
    return try file.matrix(layout: layout, allowsNonFinite: allowsNonFinite)
  }

  /// The type of the entries in the file at `path`, as float32 or int64; none is read.
  package static func entryType(at path: String) throws(DatasetError) -> String {
    "\(try NPYFile(path, rank: nil).header.type)"
  }

  /// The numbers of rows and columns of the array in the file at `path`; of its entries no more than their number is looked at.
  public static func shape(at path: String) throws(DatasetError) -> (rows: Int, columns: Int) {
    let file = try NPYFile(path, rank: 2)
    return (file.rows, file.columns)
  }

  /// The rows in `range` of the array in the file at `path`, column-major; the rest of the file is not read.
  ///
  /// - Precondition: the range lies within the rows.
  public static func matrix<Element: Scalar>(
    at path: String, rows range: Range<Int>, as: Element.Type = Element.self, allowsNonFinite: Bool = false
  ) throws(DatasetError) -> Matrix<Element> {
    let file = try NPYFile(path, rank: 2)
    precondition(
      range.lowerBound >= 0 && range.upperBound <= file.rows, "NPY: rows \(range) of \(file.rows) in \(path)")
    try Memory.require(
      Memory.sum([(range.count * file.columns, MemoryLayout<Element>.size)]),
      for: "rows \(range) of \(file.columns) columns", path: path)
    return try file.matrix(rows: range, layout: .columnMajor, allowsNonFinite: allowsNonFinite)
  }

  /// The array of one dimension in the file at `path`, converted to `Element` where it is of another type.
  ///
  /// - Parameter allowsNonFinite: whether NaN and infinities pass; otherwise they throw, named by their index.
  public static func vector<Element: Scalar>(
    at path: String, as: Element.Type = Element.self, allowsNonFinite: Bool = false
  ) throws(DatasetError) -> Vector<Element> {
    let file = try NPYFile(path, rank: 1)
    try file.requireMemory(Element.self)
    return try file.vector(allowsNonFinite: allowsNonFinite)
  }

  /// The number of entries of the array of one dimension in the file at `path`.
  public static func count(at path: String) throws(DatasetError) -> Int { try NPYFile(path, rank: 1).header.count }

  /// The entries in `range` of the array of one dimension in the file at `path`; the rest of the file is not read.
  ///
  /// - Precondition: the range lies within the entries.
  public static func vector<Element: Scalar>(
    at path: String, rows range: Range<Int>, as: Element.Type = Element.self, allowsNonFinite: Bool = false
  ) throws(DatasetError) -> Vector<Element> {
    try NPYFile(path, rank: 1).vector(rows: range, allowsNonFinite: allowsNonFinite)
  }

  /// The integers of one dimension in the file at `path`: labels or indices.
  public static func indices(at path: String) throws(DatasetError) -> [Int] {
    let file = try NPYFile(path, rank: 1)
    try file.requireMemory(Int.self)
    return try file.integers()
  }

  /// Whether there is anything at `path`, be it a link to nothing or what may not be looked at: a file that is optional is left
  /// out where there is nothing, and read, with the error that this gives, where there is something.
  public static func exists(at path: String) -> Bool { System.isOccupied(path) }

  /// Writes a matrix in its own order, atomically; `numpy.load` reads it.
  ///
  /// - Throws: ``DatasetError/unwritable(path:reason:)``.
  public static func write<Element: Scalar>(_ matrix: Matrix<Element>, to path: String) throws(DatasetError) {
    let isFortranOrder = matrix.layout == .columnMajor
    let lines = isFortranOrder ? matrix.columns : matrix.rows
    let length = isFortranOrder ? matrix.rows : matrix.columns
    try AtomicFile.write(to: path) { (output) throws(DatasetError) in
      try output.append(
        NPYHeader.bytes(
          type: entryType(Element.self), isFortranOrder: isFortranOrder, shape: [matrix.rows, matrix.columns]))
      guard length > 0 else { return }
      if matrix.stride == length {
        try output.append(UnsafeRawBufferPointer(UnsafeBufferPointer(start: matrix.base, count: matrix.count)))
      } else {
        for k in 0..<lines {
          let line = UnsafeBufferPointer(start: matrix.base + k * matrix.stride, count: length)
          try output.append(UnsafeRawBufferPointer(line))
        }
      }
    }
    withExtendedLifetime(matrix) {}
  }

  /// Writes a vector, atomically; `numpy.load` reads it.
  ///
  /// - Throws: ``DatasetError/unwritable(path:reason:)``.
  public static func write<Element: Scalar>(_ vector: Vector<Element>, to path: String) throws(DatasetError) {
    try AtomicFile.write(to: path) { (output) throws(DatasetError) in
      try output.append(
        NPYHeader.bytes(type: entryType(Element.self), isFortranOrder: false, shape: [vector.count]))
      try output.append(UnsafeRawBufferPointer(UnsafeBufferPointer(start: vector.base, count: vector.count)))
    }
    withExtendedLifetime(vector) {}
  }

  /// Writes integers as int64, atomically; `numpy.load` reads them.
  ///
  /// - Throws: ``DatasetError/unwritable(path:reason:)``.
  public static func write(_ indices: [Int], to path: String) throws(DatasetError) {
    try AtomicFile.write(to: path) { (output) throws(DatasetError) in
      try output.append(NPYHeader.bytes(type: .int64, isFortranOrder: false, shape: [indices.count]))
      var failure: DatasetError?
      indices.map { Int64($0) }.withUnsafeBytes { bytes in
        do throws(DatasetError) { try output.append(bytes) } catch { failure = error }
      }
      if let failure { throw failure }
    }
  }

  static func entryType<Element: Scalar>(_: Element.Type) -> NPYHeader.EntryType {
    MemoryLayout<Element>.size == 4 ? .float32 : .float64
  }
}
