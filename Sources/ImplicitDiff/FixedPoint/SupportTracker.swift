/// The first step that showed the final pattern, and the step after which it never changed.
struct SupportTracker {
  private var changes: [(step: Int, pattern: UInt64)]
  private var step = 0

  init(initial: UInt64) { changes = [(0, initial)] }

  mutating func record(_ pattern: UInt64) {
    step += 1
    if pattern != changes[changes.count - 1].pattern { changes.append((step, pattern)) }
  }

  var identification: SupportIdentification {
    let last = changes[changes.count - 1]
    let first = changes.first { $0.pattern == last.pattern }!
    return SupportIdentification(firstStep: first.step, stableStep: last.step)
  }
}
