internal import Dispatch
internal import Synchronization

/// The blocks of another, of which a second thread reads the next one while the one before is worked on: two blocks are in memory.
public struct ReadAhead<Base: RowBlocks & Sendable>: RowBlocks, Sendable where Base.Element: Sendable {
  private let reader: Reader<Base>

  /// Begins to read.
  public init(_ base: Base) { reader = Reader(base) }

  public mutating func next() throws -> RowBlock<Base.Element>? { try reader.next() }
}

private final class Reader<Base: RowBlocks & Sendable>: Sendable {
  private struct State {
    var base: Base
    var found: Result<RowBlock<Base.Element>?, any Error>?
    var hasEnded = false
  }

  private let state: Mutex<State>
  private let ready = DispatchSemaphore(value: 0)
  private let queue = DispatchQueue(label: "blocks of rows")

  init(_ base: Base) {
    state = Mutex(State(base: base))
    begin()
  }

  private func begin() {
    queue.async { [self] in
      state.withLock { state in state.found = Result { try state.base.next() } }
      ready.signal()
    }
  }

  func next() throws -> RowBlock<Base.Element>? {
    if state.withLock({ $0.hasEnded }) { return nil }
    ready.wait()
    let found = state.withLock { state in
      let found = state.found.take()
      if case .success(.some) = found { return found }
      state.hasEnded = true
      return found
    }
    let block = try found?.get()
    if block != nil { begin() }
    return block
  }
}
