/// What was wrong with a traced closure. It is thrown where the closure was given, never trapped.
public struct TracingError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The operation as it was written, for example `X * w`.
  public let operation: String
  /// What does not fit, with both shapes where there are two.
  public let reason: String
  /// `Module/File.swift:line` of the call; of an operator, of the closure that it is in.
  public let place: String

  init(operation: String, reason: String, place: String) {
    self.operation = operation
    self.reason = reason
    self.place = place
  }

  public var description: String { "\(place): \(operation): \(reason)" }
}

/// A place in a source file.
struct Place: Sendable {
  let text: String
  init(_ file: StaticString, _ line: UInt) { text = "\(file):\(line)" }
}
