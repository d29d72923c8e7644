/// A problem's map in extended precision, whatever the family.
enum Model {
  typealias Number = DoubleDouble
  case penalized(PenalizedTruth)
  case general(GeneralTruth)

  init(_ problem: Problem) {
    switch problem.family {
    case .penalized(let data): self = .penalized(PenalizedTruth(data))
    case .general(let data): self = .general(GeneralTruth(data))
    }
  }

  var parameterCount: Int {
    switch self {
    case .penalized(let truth): truth.data.groupCount + 1
    case .general(let truth): truth.data.parameters.count
    }
  }

  /// How many terms the sums over samples have.
  var sampleCount: Int {
    switch self {
    case .penalized(let truth): truth.data.n
    case .general: 0
    }
  }

  func linearized(at w: [Number], step: Double, ulp: Double) -> Linearized {
    switch self {
    case .penalized(let truth): truth.linearized(at: w, step: step, ulp: ulp)
    case .general(let truth): truth.linearized(at: w, ulp: ulp)
    }
  }

  /// At w*, by its zeros.
  func linearized(atSolution w: [Number], step: Double, ulp: Double) -> Linearized {
    switch self {
    case .penalized(let truth): truth.linearized(atSolution: w, step: step)
    case .general(let truth): truth.linearized(at: w, ulp: ulp)
    }
  }

  func image(_ w: [Number], step: Double) -> [Number] {
    switch self {
    case .penalized(let truth): truth.image(w, step: step)
    case .general(let truth): truth.image(w)
    }
  }

  /// The size of the terms that Φ is summed from at w, beyond w itself.
  func terms(at w: [Number], step: Double) -> Double {
    switch self {
    case .penalized(let truth):
      let data = truth.data
      let strengths = data.strengths.map(\.magnitude).max() ?? 0
      return step * ((truth.gradientTerms(w).max() ?? 0) + strengths) * Double(data.p).squareRoot()
    case .general(let truth):
      return (w.indices.map { truth.argumentTerms($0, w) }.max() ?? 0) * Double(w.count).squareRoot()
    }
  }

  func evaluationError(at w: [Number], previous: Double, step: Double, ulp: Double) -> Double {
    4 * ulp * Double(w.count + sampleCount + 4) * (previous + w.norm + terms(at: w, step: step))
  }

  /// ‖δK‖ ≤ this ‖δw‖: max‖xᵢ‖ ‖X‖²/n sup|ℓ‴| for the logistic loss, 0 otherwise.
  var curvatureRate: Double {
    guard case .penalized(let truth) = self, truth.data.isLogistic else { return 0 }
    let squares = truth.data.X.map { $0.reduce(0) { $0 + $1 * $1 } }
    return (squares.max() ?? 0).squareRoot() * squares.reduce(0, +) / Double(truth.data.n) * 0.1
  }
}
