internal import CZlib
public import LinAlg

/// The CRC-32 of numbers in memory: tells data from other data, not from data made to deceive.
public struct Checksum: Sendable {
  public private(set) var value: UInt32 = 0

  public init() {}

  public mutating func add<Element: Scalar>(_ x: Vector<Element>) {
    add(UnsafeRawBufferPointer(UnsafeBufferPointer(start: x.base, count: x.count)))
  }

  /// The entries of a dense or sparse design and its shape; of one that is known by its products the shape alone.
  public mutating func add<Element: Scalar>(_ X: any DesignMatrix<Element>) {
    add([X.rows, X.columns])
    if let dense = X.denseColumns {
      for j in 0..<dense.columns {
        add(UnsafeRawBufferPointer(UnsafeBufferPointer(start: dense.base + j * dense.stride, count: dense.rows)))
      }
    } else if let sparse = X.sparseColumns {
      let count = sparse.nonzeroCount
      sparse.withColumns { pointers, rows, values in
        add(UnsafeRawBufferPointer(UnsafeBufferPointer(start: pointers, count: sparse.columns + 1)))
        add(UnsafeRawBufferPointer(UnsafeBufferPointer(start: rows, count: count)))
        add(UnsafeRawBufferPointer(UnsafeBufferPointer(start: values, count: count)))
      }
    }
  }

  public mutating func add(_ numbers: [Int]) { numbers.withUnsafeBytes { add($0) } }

  private mutating func add(_ bytes: UnsafeRawBufferPointer) {
    let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    value = UInt32(truncatingIfNeeded: crc32_z(UInt(value), start, bytes.count))
  }
}
