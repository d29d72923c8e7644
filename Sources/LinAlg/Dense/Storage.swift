/// One aligned block of memory, shared by copy-on-write values.
///
/// Aligned to 64 bytes: OpenBLAS's kernels measured a quarter slower at the 16 bytes that Swift arrays guarantee.
final class Storage<Element: Scalar>: @unchecked Sendable {
  // Safe to send: written only through values that hold the sole reference (copy-on-write).
  let pointer: UnsafeMutablePointer<Element>
  let capacity: Int

  init(capacity: Int) {
    BLAS.prepare()
    self.capacity = capacity
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: max(capacity, 1) * MemoryLayout<Element>.stride, alignment: 64)
    pointer = raw.bindMemory(to: Element.self, capacity: max(capacity, 1))
  }

  /// Stands in for memory that is lent out; two for every program, one a scalar.
  static var placeholder: Storage {
    if Element.self == Double.self { return placeholderDouble as! Storage }
    if Element.self == Float.self { return placeholderFloat as! Storage }
    return Storage(capacity: 0)
  }

  deinit { UnsafeMutableRawPointer(pointer).deallocate() }
}

private let placeholderDouble = Storage<Double>(capacity: 0)
private let placeholderFloat = Storage<Float>(capacity: 0)
