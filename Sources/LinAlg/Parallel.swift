internal import Dispatch
internal import Synchronization

/// Work split over the processors, for products large enough that the threads pay.
///
/// OpenBLAS itself runs one thread (see ``BLAS``); several tasks that each call it scale better than one call on several
/// threads for the tall, thin shapes of this package.
package enum Parallel {
  /// Multiplications below which a second thread costs more than it gives: at some 10 operations a nanosecond this is a
  /// few hundred microseconds, against ten or so to wake a thread.
  static let worthwhile = 4_000_000

  private static let oneTask = Atomic<Bool>(false)

  /// Whether work is not split: where a program runs as several ranks, one for each core, and where work calls other ranks, which has to happen in the
  /// same order on all.
  package static var usesOneTask: Bool {
    get { oneTask.load(ordering: .relaxed) }
    set { oneTask.store(newValue, ordering: .relaxed) }
  }

  /// The number of tasks for a piece of work of so many multiplications.
  static func tasks(multiplications: Int) -> Int {
    multiplications < worthwhile || usesOneTask ? 1 : min(BLAS.processors, multiplications / (worthwhile / 2))
  }

  /// Runs `body(0) … body(count − 1)`, at once where there are processors.
  package static func run(_ count: Int, _ body: @Sendable (Int) -> Void) {
    if count <= 1 || usesOneTask {
      for k in 0..<count { body(k) }
      return
    }
    DispatchQueue.concurrentPerform(iterations: count, execute: body)
  }
}
