internal import Synchronization

/// Scratch memory that a value lends to one product at a time and keeps for the next, so that products of a shape seen
/// before allocate nothing. A second product at the same moment gets memory of its own.
final class ScratchPool<Element: Scalar>: Sendable {
  private let idle = Mutex<Storage<Element>?>(nil)

  /// Lends room for `count` entries, which hold anything.
  func withScratch(_ count: Int, _ body: (UnsafeMutablePointer<Element>) -> Void) {
    var storage = idle.withLock { kept in
      defer { kept = nil }
      return kept
    }
    if storage == nil || storage!.capacity < count { storage = Storage(capacity: count) }
    body(storage!.pointer)
    idle.withLock { $0 = storage }
  }
}
