#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
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
  /// The C library's block that `pointer` lies in; nil for other memory.
  private let block: UnsafeMutableRawPointer?

  /// Memory that `owner` keeps alive.
  init(lent pointer: UnsafeMutablePointer<Element>, capacity: Int, by owner: any AnyObject & Sendable) {
    (self.pointer, self.capacity, self.owner, block) = (pointer, capacity, owner, nil)
  }

  init(capacity: Int) {
    BLAS.prepare()
    self.capacity = capacity
    (owner, block) = (nil, nil)
    let byteCount = max(capacity, 1) * MemoryLayout<Element>.stride
    let alignment = Self.alignment(byteCount)
    let raw = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: alignment)
    Self.preferLargePages(raw, byteCount, alignment)
    pointer = raw.bindMemory(to: Element.self, capacity: max(capacity, 1))
  }

  /// Zeros. What the system hands out fresh is zero already, which the C library knows: it is touched page by page when it is used, and much of it,
  /// as workspaces for what does not happen, never is.
  init(zeros capacity: Int) {
    BLAS.prepare()
    self.capacity = capacity
    owner = nil
    let byteCount = max(capacity, 1) * MemoryLayout<Element>.stride
    let alignment = Self.alignment(byteCount)
    guard let block = calloc(byteCount + alignment, 1) else { fatalError("no memory for \(byteCount) bytes") }
    self.block = block
    let raw = block + (alignment - Int(bitPattern: block) % alignment)
    Self.preferLargePages(raw, byteCount, alignment)
    pointer = raw.bindMemory(to: Element.self, capacity: max(capacity, 1))
  }

  private static func alignment(_ byteCount: Int) -> Int { byteCount >= largeByteCount ? largePage : 64 }

  /// Pages of 2 MiB where the system has them: touching fresh memory for the first time costs a fault per page.
  private static func preferLargePages(_ start: UnsafeMutableRawPointer, _ byteCount: Int, _ alignment: Int) {
    #if os(Linux)
      if alignment == largePage { madvise(start, byteCount, MADV_HUGEPAGE) }
    #endif
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

  deinit {
    if let block {
      free(block)
    } else if owner == nil {
      UnsafeMutableRawPointer(pointer).deallocate()
    }
  }
}

private let placeholderDouble = Storage<Double>(capacity: 0)
private let placeholderFloat = Storage<Float>(capacity: 0)
