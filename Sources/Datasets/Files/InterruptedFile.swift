internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Removes the temporary file of ``AtomicFile`` when SIGINT or SIGTERM ends the program.
public enum InterruptedFile {
  /// The address of the file's name as the C library takes it, 0 for none. One at a time: what is written at the same time on another thread
  /// is not covered.
  private static let pending = Atomic<UInt>(0)
  private static var pendingPath: UnsafePointer<CChar>? {
    UnsafePointer(bitPattern: pending.load(ordering: .acquiring))
  }

  private static let isWatching = Atomic<Bool>(false)

  /// Installs the handlers; for a program to call at its start, since handlers are the program's and not a library's.
  ///
  /// The program still ends by the signal, so that its caller sees which it was (130 and 143 in a shell). A signal that
  /// the caller had ignored stays ignored.
  public static func removeOnInterruption() {
    // Global values are made on their first use, which must not be in the handler.
    _ = pending.load(ordering: .relaxed)
    isWatching.store(true, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      // Only functions that POSIX allows in a handler. The signal raised waits until the handler returns.
      let before = signal(number) { number in
        if let path = InterruptedFile.pendingPath { unlink(path) }
        signal(number, SIG_DFL)
        raise(number)
      }
      if unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { signal(number, SIG_IGN) }
    }
  }

  /// To be called before the file is made.
  static func remember(_ path: String) {
    guard isWatching.load(ordering: .relaxed), let copy = strdup(path) else { return }
    let address = UInt(bitPattern: copy)
    if !pending.compareExchange(expected: 0, desired: address, ordering: .acquiringAndReleasing).exchanged {
      free(copy)
    }
  }

  /// To be called when the file has its name or is gone.
  static func forget(_ path: String) {
    guard let copy = pendingPath, String(cString: copy) == path else { return }
    // Not freed: the handler may be reading it on another thread.
    pending.store(0, ordering: .releasing)
  }
}
