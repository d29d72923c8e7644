internal import LinAlg

extension Tape {
  /// The tape of a closure and its result's node. The closure is run twice, and what differs between the runs is an error: a closure that draws random numbers or
  /// changes a variable has no derivative.
  static func trace(
    place: Place, _ run: (Tape) throws -> Int
  ) throws -> (tape: Tape, result: Int) {
    let tape = Tape(place: place)
    let result = try run(tape)
    if let error = tape.error { throw error }
    let again = Tape(place: place)
    let second = try run(again)
    if let difference = tape.difference(from: again) ?? (result == second ? nil : "the results of two runs differ") {
      throw TracingError(
        operation: "tracing", reason: "\(difference): a closure must do the same each time it is called",
        place: place.text)
    }
    return (tape, result)
  }

  /// That a result belongs to this tape.
  func check(_ result: Traced<Element>) throws {
    guard result.tape === self else {
      throw TracingError(operation: "tracing", reason: "the result belongs to another closure", place: place.text)
    }
  }
}
