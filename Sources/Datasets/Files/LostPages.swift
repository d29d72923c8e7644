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
  /// Ends the program with `exitCode` and says `message`, in the place of a signal. For programs: a library leaves signals alone.
  package static func exit(_ exitCode: Int32, saying message: StaticString) {
    words = message
    code = exitCode
    signal(SIGBUS) { _ in
      // Nothing here may allocate or take a lock.
      _ = write(STDERR_FILENO, words.utf8Start, words.utf8CodeUnitCount)
      _exit(code)
    }
  }
}

// Set once, before the handler is there.
nonisolated(unsafe) private var words: StaticString = ""
nonisolated(unsafe) private var code: Int32 = 1
