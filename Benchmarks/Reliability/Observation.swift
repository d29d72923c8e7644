/// What the package answered.
struct Observation: Sendable {
  /// The outcome's name, or what was thrown.
  var outcome: String
  var isUsable: Bool
  /// Whether the outcome says that a given number of iterations was done and nothing of accuracy.
  var isFixedIterations = false
  /// Columns: g for products with the transpose, w' M for tangents, w for solvers.
  var values: [[Double]] = []
  /// The error bound, where one was given.
  var bound: Double?
  /// The step of the map, at the scale of the run; 1 for a general map.
  var step = 1.0
  var iterations = 0

  /// By the name of the error's case.
  static func thrown(_ error: any Error) -> Observation {
    Observation(outcome: "thrown \(Mirror(reflecting: error).children.first?.label ?? "\(error)")", isUsable: false)
  }
}
