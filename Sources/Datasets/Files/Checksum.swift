internal import CZlib
public import LinAlg

/// The CRC-32 of numbers in memory: tells data from other data, not from data made to deceive.
public struct Checksum: Sendable {
  public private(set) var value: UInt32 = 0

  public init() {}

  public mutating func add<Element: Scalar>(_ x: Vector<Element>) {
    add(UnsafeRawBufferPointer(UnsafeBufferPointer(start: x.base, count: x.count)))
  }

  /// The shape of a design and its entries as they are stored, by columns or by rows; of one that is known by its products, as rows over ranks are,
  /// one product with its transpose, which all ranks then take part in.
  public mutating func add<Element: Scalar>(_ X: any DesignMatrix<Element>) {
    for piece in ChecksumPiece.pieces(of: X) { piece.add(&self) }
  }

  public mutating func add(_ numbers: [Int]) { numbers.withUnsafeBytes { add($0) } }

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    value = UInt32(truncatingIfNeeded: crc32_z(UInt(value), start, bytes.count))
  }

  /// Adds `count` bytes whose own checksum is known.
  mutating func add(_ other: Checksum, count: Int) {
    value = UInt32(truncatingIfNeeded: crc32_combine(UInt(value), UInt(other.value), count))
  }
}

/// Bytes that a checksum takes in one go.
struct ChecksumPiece: Sendable {
  let count: Int
  let add: @Sendable (inout Checksum) -> Void

  /// The bytes of a piece, about: a fraction of a millisecond.
  static var size: Int { 1 << 21 }

  static func of<Element: Scalar>(_ x: Vector<Element>) -> ChecksumPiece {
    ChecksumPiece(count: x.count * MemoryLayout<Element>.stride) { $0.add(x) }
  }

  /// The shape of a design, then its entries.
  static func pieces<Element: Scalar>(of X: any DesignMatrix<Element>) -> [ChecksumPiece] {
    let shape = [X.rows, X.columns]
    let first = ChecksumPiece(count: shape.count * MemoryLayout<Int>.stride) { $0.add(shape) }
    return [first] + entries(of: X)
  }

  private static func entries<Element: Scalar>(of X: any DesignMatrix<Element>) -> [ChecksumPiece] {
    if let rows = X as? RowMajorDesign<Element>, let bytes = rows.bytesPerRow {
      return lines(rows.rows, bytes) { range, sum in _ = rows.withRowBytes(range) { sum.add($0) } }
    }
    if let dense = X.denseColumns {
      return lines(dense.columns, dense.rows * MemoryLayout<Element>.stride) { range, sum in
        for j in range {
          sum.add(
            UnsafeRawBufferPointer(UnsafeBufferPointer(start: dense.base + j * dense.stride, count: dense.rows)))
        }
      }
    }
    guard let sparse = X.sparseColumns else { return [product(of: X)] }
    let count = sparse.nonzeroCount
    return lines(sparse.columns + 1, MemoryLayout<Int>.stride) { range, sum in
      sparse.withColumns { pointers, _, _ in sum.add(bytes(pointers, range)) }
    }
      + lines(count, MemoryLayout<Int32>.stride) { range, sum in
        sparse.withColumns { _, rows, _ in sum.add(bytes(rows, range)) }
      }
      + lines(count, MemoryLayout<Element>.stride) { range, sum in
        sparse.withColumns { _, _, values in sum.add(bytes(values, range)) }
      }
  }

  /// Xᵀr for an r without zeros or equal entries: what changes in X changes it. Made here and now, since ranks exchange messages in one order.
  private static func product<Element: Scalar>(of X: any DesignMatrix<Element>) -> ChecksumPiece {
    let golden = (5.0.squareRoot() - 1) / 2
    let r = Vector<Element>(count: X.rows) { i in
      Element(1 + (Double(i) * golden).truncatingRemainder(dividingBy: 1))
    }
    var image = Vector<Element>.zeros(X.columns)
    X.multiplyTransposed(r, alpha: 1, beta: 0, into: &image)
    return .of(image)
  }

  private static func bytes<T>(_ start: UnsafePointer<T>, _ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(UnsafeBufferPointer(start: start + range.lowerBound, count: range.count))
  }

  /// `count` lines of so many bytes each, in pieces.
  private static func lines(
    _ count: Int, _ bytes: Int, _ add: @escaping @Sendable (Range<Int>, inout Checksum) -> Void
  ) -> [ChecksumPiece] {
    let height = max(1, size / max(1, bytes))
    return Swift.stride(from: 0, to: count, by: height).map { first in
      let range = first..<min(count, first + height)
      return ChecksumPiece(count: range.count * bytes) { add(range, &$0) }
    }
  }
}
