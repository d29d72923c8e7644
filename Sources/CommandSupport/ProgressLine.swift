import Dispatch
import Synchronization

/// Says what is being done on a line of its own, from the second second on, with the seconds it has taken; nothing where
/// standard error is not a terminal.
///
/// A timer shows it, so that also work that cannot say how far it is does not look like a program that hangs.
public final class ProgressLine {
  private let line: Line
  private let timer: (any DispatchSourceTimer)?

  /// - Parameter message: what is being done until the first update.
  public init(_ message: String) {
    let line = Line(message)
    self.line = line
    guard Console.showsProgress else {
      timer = nil
      return
    }
    let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "progress"))
    self.timer = timer
    timer.schedule(deadline: .now() + 2, repeating: .milliseconds(250))
    timer.setEventHandler { line.show() }
    timer.resume()
  }

  /// Says what is being done now; shown with the next tick.
  public func update(_ message: @autoclosure () -> String) {
    if timer != nil { line.set(message()) }
  }

  /// Removes the line until the next update: call it before anything is printed.
  public func clear() { line.clear() }

  /// Removes the line for good.
  public func end() {
    timer?.cancel()
    clear()
  }

  deinit { end() }

  /// What the timer shows; an empty message is not shown.
  private final class Line: Sendable {
    private let state: Mutex<(message: String, isShown: Bool)>
    private let clock = Stopwatch()

    init(_ message: String) { state = Mutex((message, false)) }

    func set(_ message: String) { state.withLock { $0.message = message } }

    func show() {
      state.withLock {
        if $0.message.isEmpty { return }
        Console.progress("\($0.message) (\(Int(clock.seconds)) s)")
        $0.isShown = true
      }
    }

    func clear() {
      state.withLock {
        if $0.isShown { Console.endProgress() }
        $0 = ("", false)
      }
    }
  }
}
