import LinAlg
internal import RealModule

extension Search {
  /// The evaluation that a search by gradients begins from: at the start, or where nothing is selected there, and so the gradient
  /// vanishes, at the first halving of all hyperparameters that selects something. Where the inner problem cannot be solved at the start they
  /// are doubled instead, which makes it better conditioned.
  func begin(bounding: Bool) throws(TuningStop) -> (θ: Vector<Double>, record: TuningRecord) {
    var θ = logStart
    let (low, high) = (space.logLower, space.logUpper)
    var factor = 0.0
    // A point beyond those that failed, where nothing is selected, does not take the reason away.
    var failure: String?
    for _ in 0..<60 {
      let record = try evaluate(θ, bounding: bounding)
      failure = record.failure ?? failure
      if record.value != nil, record.logGradient != nil, record.selected > 0 { return (θ, record) }
      let next = record.value == nil || record.logGradient == nil ? Double.log(2) : -.log(2)
      // Between a λ that selects nothing and one that cannot be solved there is none to begin from by doubling and halving.
      if factor != 0, next != factor { break }
      factor = next
      let moved = Vector(count: θ.count) { min(max(θ[$0] + factor, low[$0]), high[$0]) }
      if moved == θ { break }
      θ = moved
    }
    throw .failed(failure ?? "nothing is selected within the bounds, so that the criterion does not depend on λ")
  }

  /// The entries of the gradient along which θ can move down: those that do not point out of the box.
  func free(_ θ: Vector<Double>, _ gradient: Vector<Double>) -> [Bool] {
    let (low, high) = (space.logLower, space.logUpper)
    return θ.indices.map { !(θ[$0] <= low[$0] && gradient[$0] >= 0) && !(θ[$0] >= high[$0] && gradient[$0] <= 0) }
  }

  /// θ + α d, brought back into the box.
  func project(_ θ: Vector<Double>, _ α: Double, _ d: Vector<Double>) -> Vector<Double> {
    let (low, high) = (space.logLower, space.logUpper)
    return Vector(count: θ.count) { min(max(θ[$0] + α * d[$0], low[$0]), high[$0]) }
  }
}
