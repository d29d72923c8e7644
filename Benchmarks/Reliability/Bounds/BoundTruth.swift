/// The solution and the hypergradient of a ``BoundProblem`` in extended precision, by Newton's method on w = prox_{s g}(w − s∇f(w)).
struct BoundTruth {
  typealias Number = DoubleDouble

  private(set) var state: [Number] = []
  private(set) var hypergradient: [Number] = []
  /// How far `state` may be off, and `hypergradient`.
  private(set) var stateError = 0.0
  private(set) var hypergradientError = 0.0
  /// What half an ulp of 1 in w − s∇f(w) makes of w and of the derivative: every solve amplifies it by ‖(I − A1)⁻¹‖.
  private(set) var stateRounding = 0.0
  private(set) var hypergradientRounding = 0.0

  private let problem: BoundProblem
  private let X: [[Number]]
  private let y: [Number]
  private let λ: [Number]
  private let ridge: Number
  private let step: Number
  private let penalty: TruePenalty

  /// nil where the solution is not unique or was not found.
  init?(_ problem: BoundProblem) {
    self.problem = problem
    X = problem.X.map { $0.map { Number($0) } }
    y = problem.y.map { Number($0) }
    λ = problem.parameters.map { Number($0) }
    ridge = Number(problem.ridge)
    penalty = TruePenalty(kind: problem.kind, isSinglePrecision: problem.isSinglePrecision)
    let squares = problem.X.reduce(0) { $0 + $1.reduce(0) { $0 + $1 * $1 } }
    let curvature = squares / Double(problem.n) * (problem.isLogistic ? 0.25 : 1) + problem.ridge
    guard curvature > 0 else { return nil }
    step = Number(1 / curvature)
    var w = Array(repeating: Number.zero, count: problem.p)
    for _ in 0..<20 { w = advance(w).point.value }
    var best = Double.infinity
    for round in 0..<200 {
      let now = advance(w)
      let rest = w.indices.map { now.point.value[$0] - w[$0] }
      let size = max(w.norm, now.argument.norm)
      if rest.norm <= 0x1p-96 * size { break }
      // Newton's method for as long as it helps, otherwise steps of the iteration.
      let system = DenseSystem(jacobian(now, w))
      if round % 20 < 16, let move = system.solve(rest), move.allSatisfy(\.isFinite) {
        w = w.indices.map { w[$0] + move[$0] }
      } else {
        for _ in 0..<40 { w = advance(w).point.value }
      }
      best = min(best, rest.norm)
    }
    let now = advance(w)
    let system = DenseSystem(jacobian(now, w))
    let rest = w.indices.map { now.point.value[$0] - w[$0] }
    let rounding = 0x1p-98 * max(w.norm, now.argument.norm)
    guard rest.norm <= 4 * rounding, let derivative = derivative(now, w, system) else { return nil }
    let inverse = system.inverseNorm
    let error = (rest.norm + rounding) * inverse
    guard error.isFinite, derivative.value.allSatisfy(\.isFinite) else { return nil }
    (state, stateError) = (w, error)
    let amplification = max(1, inverse)
    stateRounding = amplification * max(w.norm, now.argument.norm)
    hypergradient = derivative.value
    hypergradientRounding = amplification * (derivative.size + stateRounding * derivative.size / max(w.norm, 1e-200))
    // The derivative changes with w by way of the systems, each of which amplifies.
    hypergradientError = (0x1p-95 + error / max(w.norm, 1e-300)) * inverse * inverse * max(derivative.size, 1e-300)
  }

  private typealias Step = (argument: [Number], point: TruePenalty.Point, curvatures: [Number])

  private func advance(_ w: [Number]) -> Step {
    let (slopes, curvatures) = loss(X, y, w)
    var u = w
    for j in w.indices {
      var sum = Number.zero
      for i in X.indices { sum += X[i][j] * slopes[i] }
      u[j] -= step * (sum / Number(Double(X.count)) + ridge * w[j])
    }
    return (u, penalty(u, step: step, parameters: λ), curvatures)
  }

  /// ℓ′ and ℓ″.
  private func loss(_ X: [[Number]], _ y: [Number], _ w: [Number]) -> (slopes: [Number], curvatures: [Number]) {
    var (slopes, curvatures) = (y, y)
    for i in X.indices {
      let z = X[i].dot(w)
      if problem.isLogistic {
        let q = Number.one / (.one + (y[i] * z).exponential())
        (slopes[i], curvatures[i]) = (-y[i] * q, q * (.one - q))
      } else {
        (slopes[i], curvatures[i]) = (z - y[i], .one)
      }
    }
    return (slopes, curvatures)
  }

  private func hessian(_ curvatures: [Number]) -> [[Number]] {
    let p = problem.p
    return (0..<p).map { a in
      (0..<p).map { b in
        var sum = Number.zero
        for i in X.indices { sum += X[i][a] * curvatures[i] * X[i][b] }
        return sum / Number(Double(X.count)) + (a == b ? ridge : .zero)
      }
    }
  }

  /// I − D (I − s H).
  private func jacobian(_ now: Step, _ w: [Number]) -> [[Number]] {
    let (H, p) = (hessian(now.curvatures), w.count)
    return (0..<p).map { i in
      (0..<p).map { j in
        var sum = i == j ? Number.one : .zero
        for k in 0..<p { sum -= now.point.D[i][k] * ((k == j ? .one : .zero) - step * H[k][j]) }
        return sum
      }
    }
  }

  private func derivative(_ now: Step, _ w: [Number], _ system: DenseSystem) -> (value: [Number], size: Double)? {
    let (outer, outerY) = (problem.heldOutX.map { $0.map { Number($0) } }, problem.heldOutY.map { Number($0) })
    let slopes = loss(outer, outerY, w).slopes
    let gradient = w.indices.map { j in
      outer.indices.reduce(Number.zero) { $0 + outer[$1][j] * slopes[$1] } / Number(Double(outer.count))
    }
    guard let v = system.solveTransposed(gradient) else { return nil }
    let q = w.indices.map { i in w.indices.reduce(Number.zero) { $0 + now.point.D[$1][i] * v[$1] } }
    var result = λ.indices.map { k in w.indices.reduce(Number.zero) { $0 + now.point.B[$1][k] * v[$1] } }
    result.append(-step * q.dot(w))
    var size = (step * Number(q.norm * w.norm)).value
    for column in now.point.B { for entry in column { size += abs(entry.value) * v.norm } }
    return (result, size)
  }

  /// Φ once more, as the package iterates but in extended precision.
  func iterated(_ w: [Double], times: Int) -> [Double] {
    var x = w.map { Number($0) }
    for _ in 0..<times { x = advance(x).point.value }
    return x.map(\.value)
  }
}
