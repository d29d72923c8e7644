internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// What a program does where a file that it has mapped is cut short by another program: there is no memory left to go on with, and what the
/// system does of itself is to kill the program without a word.
package enum LostPages {
  /// Ends the program with `exitCode` in the place of a signal and says which file it was, after `prefix`. For programs: a library leaves signals alone.
  /// Files that were mapped before are not known by name.
  package static func exit(_ exitCode: Int32, prefix: StaticString) {
    (words, code) = (prefix, exitCode)
    // Global values are made on their first use, which must not be in the handler.
    _ = newest.load(ordering: .relaxed)
    isWatching.store(true, ordering: .relaxed)
    var action = sigaction()
    #if canImport(Darwin)
      action.__sigaction_u.__sa_sigaction = { _, info, _ in LostPages.end(at: info?.pointee.si_addr) }
    #elseif canImport(Musl)
      action.__sa_handler.sa_sigaction = { _, info, _ in LostPages.end(at: info?.pointee.__si_fields.__sigfault.si_addr)
      }
    #else
      action.__sigaction_handler.sa_sigaction = { _, info, _ in
        LostPages.end(at: info?.pointee._sifields._sigfault.si_addr)
      }
    #endif
    action.sa_flags = Int32(SA_SIGINFO)
    sigaction(SIGBUS, &action, nil)
  }

  /// Nothing here may allocate or take a lock.
  private static func end(at place: UnsafeMutableRawPointer?) -> Never {
    let address = UInt(bitPattern: place)
    var next = UnsafeMutablePointer<Mapping>(bitPattern: newest.load(ordering: .acquiring))
    while let mapping = next, address < mapping.pointee.start || address >= mapping.pointee.end {
      next = mapping.pointee.older
    }
    _ = write(STDERR_FILENO, words.utf8Start, words.utf8CodeUnitCount)
    if let path = next?.pointee.path { _ = write(STDERR_FILENO, path, strlen(path)) } else { say("a data file") }
    say(": was cut short while it was in use; expected a file that nobody writes to\n")
    _exit(code)
  }

  private static func say(_ text: StaticString) { _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount) }

  /// A file that is mapped, in a list that the handler walks. What it holds is written before it is reached from ``newest``, and it is never freed, since
  /// the handler may be reading it on another thread: some hundred bytes for each file of a program that watches.
  private struct Mapping {
    var start: UInt
    var end: UInt
    let path: UnsafeMutablePointer<CChar>?
    var older: UnsafeMutablePointer<Mapping>?
  }

  /// Keeps the name of a file for the handler, where there is one.
  static func remember(_ path: String, at start: UnsafeMutableRawPointer, size: Int) {
    guard isWatching.load(ordering: .relaxed) else { return }
    let address = UInt(bitPattern: start)
    let mapping = UnsafeMutablePointer<Mapping>.allocate(capacity: 1)
    mapping.initialize(to: Mapping(start: address, end: address + UInt(size), path: strdup(path), older: nil))
    var expected = newest.load(ordering: .acquiring)
    while true {
      mapping.pointee.older = UnsafeMutablePointer(bitPattern: expected)
      let (exchanged, found) = newest.compareExchange(
        expected: expected, desired: UInt(bitPattern: mapping), ordering: .acquiringAndReleasing)
      if exchanged { return }
      expected = found
    }
  }
}

// Set once, before the handler is there.
nonisolated(unsafe) private var words: StaticString = ""
nonisolated(unsafe) private var code: Int32 = 1
private let isWatching = Atomic<Bool>(false)
/// The address of the last ``LostPages/Mapping``, 0 for none.
private let newest = Atomic<UInt>(0)
