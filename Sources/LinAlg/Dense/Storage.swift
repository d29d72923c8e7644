#if os(Linux)
  #if canImport(Glibc)
    internal import Glibc
  #elseif canImport(Musl)
    internal import Musl
  #endif
#endif

/// One aligned block of memory, shared by copy-on-write values.
///
/// Aligned to 64 bytes: OpenBLAS's kernels measured a quarter slower at the 16 bytes that Swift arrays guarantee.
final class Storage<Element: Scalar>: @unchecked Sendable {
  // Safe to send: written only through values that hold the sole reference (copy-on-write).
  let pointer: UnsafeMutablePointer<Element>
  let capacity: Int
  /// Who frees memory that was lent, as a mapped file; nil for memory of its own.
  private let owner: (any AnyObject & Sendable)?

  /// Memory that `owner` keeps alive.
  init(lent pointer: UnsafeMutablePointer<Element>, capacity: Int, by owner: any AnyObject & Sendable) {
    (self.pointer, self.capacity, self.owner) = (pointer, capacity, owner)
  }

  init(capacity: Int) {
    BLAS.prepare()
    self.capacity = capacity
    owner = nil
    let byteCount = max(capacity, 1) * MemoryLayout<Element>.stride
    let isLarge = byteCount >= Self.largeByteCount
    let raw = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: isLarge ? Self.largePage : 64)
    #if os(Linux)
      // Pages of 2 MiB where the system has them: touching fresh memory for the first time costs a fault per page.
      if isLarge { madvise(raw, byteCount, MADV_HUGEPAGE) }
    #endif
    pointer = raw.bindMemory(to: Element.self, capacity: max(capacity, 1))
  }

  private static var largePage: Int { 2 << 20 }
  /// From four large pages on, what the alignment wastes is little.
  private static var largeByteCount: Int { 4 * largePage }

  /// Stands in for memory that is lent out; two for every program, one a scalar.
  static var placeholder: Storage {
    if Element.self == Double.self { return placeholderDouble as! Storage }
    if Element.self == Float.self { return placeholderFloat as! Storage }
    return Storage(capacity: 0)
  }

  deinit { if owner == nil { UnsafeMutableRawPointer(pointer).deallocate() } }
}

private let placeholderDouble = Storage<Double>(capacity: 0)
private let placeholderFloat = Storage<Float>(capacity: 0)
