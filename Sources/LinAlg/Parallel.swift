internal import Dispatch

/// Work split over the processors, for products large enough that the threads pay.
///
/// OpenBLAS itself runs one thread (see ``BLAS``); several tasks that each call it scale better than one call on several
/// threads for the tall, thin shapes of this package.
package enum Parallel {
  /// Multiplications below which a second thread costs more than it gives: at some 10 operations a nanosecond this is a
  /// few hundred microseconds, against ten or so to wake a thread.
  static let worthwhile = 4_000_000

  /// The number of tasks for a piece of work of so many multiplications.
  static func tasks(multiplications: Int) -> Int {
    multiplications < worthwhile ? 1 : min(BLAS.processors, multiplications / (worthwhile / 2))
  }

  /// Runs `body(0) … body(count − 1)`, at once where there are processors.
  package static func run(_ count: Int, _ body: @Sendable (Int) -> Void) {
    if count <= 1 {
      if count == 1 { body(0) }
      return
    }
    DispatchQueue.concurrentPerform(iterations: count, execute: body)
  }
}
