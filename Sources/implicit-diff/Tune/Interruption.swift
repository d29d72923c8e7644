import Dispatch
import Foundation
import Synchronization

/// SIGINT and SIGTERM as a question that a long computation asks between its steps, so that what it has can be saved; a second signal ends the
/// program at once.
final class Interruption {
  private let received = Received()
  private var sources: [any DispatchSourceSignal] = []

  /// The signal that came, or nil.
  var signal: Int32? {
    let number = received.number.load(ordering: .acquiring)
    return number == 0 ? nil : number
  }

  init() {
    let queue = DispatchQueue(label: "interruption")
    for number in [SIGINT, SIGTERM] {
      // One that the caller had ignored stays ignored.
      let before = Foundation.signal(number, SIG_IGN)
      if unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { continue }
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [received] in
        let first = received.number.compareExchange(expected: 0, desired: number, ordering: .acquiringAndReleasing)
        if !first.exchanged { _exit(128 + number) }
      }
      source.resume()
      sources.append(source)
    }
  }

  private final class Received: Sendable { let number = Atomic<Int32>(0) }
}
