public import LinAlg

/// Reads and writes the IDX files of unsigned bytes that MNIST and its relatives come in, plain or gzipped.
///
/// Format: two zero bytes, the type 0x08, the number of dimensions, each dimension as four bytes (the highest first),
/// the entries in C order (http://yann.lecun.com/exdb/mnist/). Errors are those of ``NPY``.
public enum IDX {
  /// The entries of a file, in C order.
  public struct Contents: Sendable, Equatable {
    /// The dimensions; the first counts the items.
    public let shape: [Int]
    /// One byte an entry.
    public let bytes: [UInt8]
  }

  /// The file's dimensions and entries.
  public static func contents(of path: String) throws(DatasetError) -> Contents {
    let file = try GZip.contents(of: path)
    guard file.count >= 4 else {
      throw .invalid(path: path, reason: "has \(file.count) bytes; an IDX file begins with 4 or more")
    }
    guard file[0] == 0, file[1] == 0, file[2] == 0x08 else {
      let found = file[..<3].map { "\($0)" }.joined(separator: ", ")
      throw .invalid(path: path, reason: "begins with bytes \(found); expected 0, 0, 8 (IDX of unsigned bytes)")
    }
    let start = 4 + 4 * Int(file[3])
    guard file[3] > 0, file.count >= start else {
      throw .invalid(
        path: path, reason: "\(file[3]) dimensions at byte 3, and \(file.count - 4) bytes follow: truncated")
    }
    let shape = (0..<Int(file[3])).map { k in (0..<4).reduce(0) { $0 << 8 | Int(file[4 + 4 * k + $1]) } }
    var count = 1
    for dimension in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      guard !overflow, dimension <= NPYHeader.longestDimension else {
        throw .invalid(path: path, reason: "shape \(NPYHeader.tuple(shape)) is too large")
      }
      count = product
    }
    guard file.count - start == count else {
      throw .invalid(
        path: path,
        reason: "\(file.count - start) bytes from byte \(start) on; shape \(NPYHeader.tuple(shape)) takes \(count)")
    }
    return Contents(shape: shape, bytes: Array(file[start...]))
  }

  /// One row an item, all its entries in a row: images as features. Column-major, rows × (product of the other
  /// dimensions).
  ///
  /// - Parameter range: where 0 and 255 go; what lies between is interpolated.
  public static func features<Element: Scalar>(
    at path: String, as: Element.Type = Element.self, scaledTo range: ClosedRange<Element> = 0...255
  ) throws(DatasetError) -> Matrix<Element> {
    let contents = try contents(of: path)
    let rows = contents.shape[0]
    let (columns, overflow) = contents.shape.dropFirst().reduce((1, false)) {
      let (product, overflow) = $0.0.multipliedReportingOverflow(by: $1)
      return (product, $0.1 || overflow)
    }
    guard !overflow, columns <= NPYHeader.longestDimension else {
      throw .invalid(path: path, reason: "shape \(NPYHeader.tuple(contents.shape)) is too large")
    }
    let width = range.upperBound - range.lowerBound
    // A division for each of 256 values, not for each entry; both ends come out exact.
    let levels = (0...255).map { range.lowerBound + width * (Element($0) / 255) }
    return Matrix(rows: rows, columns: columns, layout: .columnMajor) { target in
      // Without rows there may still be 2³¹ columns.
      for j in 0..<(rows > 0 ? columns : 0) {
        for i in 0..<rows {
          target.initializeElement(at: j * rows + i, to: levels[Int(contents.bytes[i * columns + j])])
        }
      }
    }
  }

  /// The labels in a file of one dimension.
  public static func labels(at path: String) throws(DatasetError) -> [Int] {
    let contents = try contents(of: path)
    guard contents.shape.count == 1 else {
      throw .invalid(path: path, reason: "has shape \(NPYHeader.tuple(contents.shape)); expected 1 dimension of labels")
    }
    return contents.bytes.map { Int($0) }
  }

  /// Features and labels that belong together: ``features(at:as:scaledTo:)`` and ``labels(at:)``, as many of one as of
  /// the other.
  public static func labelled<Element: Scalar>(
    features: String, labels: String, as: Element.Type = Element.self, scaledTo range: ClosedRange<Element> = 0...255
  ) throws(DatasetError) -> (features: Matrix<Element>, labels: [Int]) {
    let x = try Self.features(at: features, as: Element.self, scaledTo: range)
    let y = try Self.labels(at: labels)
    guard x.rows == y.count else {
      throw .invalid(path: labels, reason: "\(y.count) labels; expected \(x.rows), one for each item of \(features)")
    }
    return (x, y)
  }

  /// Writes a plain IDX file, atomically.
  ///
  /// - Precondition: 1 to 255 dimensions, none negative or above 2³² − 1, whose product is the number of bytes.
  /// - Throws: ``DatasetError/unwritable(path:reason:)``.
  public static func write(shape: [Int], bytes: [UInt8], to path: String) throws(DatasetError) {
    precondition((1...255).contains(shape.count), "IDX.write: \(shape.count) dimensions")
    let dimensions = shape.map { dimension in
      guard let small = UInt32(exactly: dimension) else {
        preconditionFailure("IDX.write: a dimension of \(dimension)")
      }
      return small
    }
    precondition(
      shape.reduce(1, *) == bytes.count, "IDX.write: \(bytes.count) bytes for shape \(NPYHeader.tuple(shape))")
    try AtomicFile.write(to: path) { (output) throws(DatasetError) in
      let lengths = dimensions.flatMap { d in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: d >> UInt32($0)) } }
      try output.append([0, 0, 0x08, UInt8(shape.count)] + lengths)
      try output.append(bytes)
    }
  }
}
