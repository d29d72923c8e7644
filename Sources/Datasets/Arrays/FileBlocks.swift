internal import Dispatch
internal import Synchronization

/// The blocks that a file is read in, by all processors at once where there are enough of them.
enum FileBlocks {
  /// Calls `body` with every number below `count`, in whatever order, and with what the processor has of `scratch`.
  ///
  /// - Parameter body: the place of the first entry of the block that is not what it should be.
  /// - Returns: the least of those places. After an error the blocks that are left are left out.
  static func forEach<Scratch>(
    _ count: Int, scratch: @Sendable () -> Scratch,
    _ body: @Sendable (_ block: Int, Scratch) throws(DatasetError) -> Int?
  ) throws(DatasetError) -> Int? {
    let next = Atomic<Int>(0)
    let result = Mutex<(failure: DatasetError?, bad: Int?)>((nil, nil))
    @Sendable func work(_: Int) {
      let scratch = scratch()
      while true {
        let block = next.wrappingAdd(1, ordering: .relaxed).oldValue
        if block >= count { return }
        do throws(DatasetError) {
          if let bad = try body(block, scratch) { result.withLock { $0.bad = min($0.bad ?? .max, bad) } }
        } catch {
          result.withLock { $0.failure = $0.failure ?? error }
          return
        }
      }
    }
    let workers = count < 8 ? 1 : min(System.processors, count)
    if workers == 1 { work(0) } else { DispatchQueue.concurrentPerform(iterations: workers, execute: work) }
    let (failure, bad) = result.withLock { $0 }
    if let failure { throw failure }
    return bad
  }
}
