/// Shows progress from the second second on, at most five times a second.
public final class ProgressLine {
  private let start = ContinuousClock.now
  private var last: ContinuousClock.Instant?

  public init() {}

  public func update(_ message: @autoclosure () -> String) {
    let now = ContinuousClock.now
    guard now - start > .seconds(1), last.map({ now - $0 > .milliseconds(200) }) ?? true else { return }
    last = now
    Console.progress(message())
  }

  public func end() { if last != nil { Console.endProgress() } }
}
