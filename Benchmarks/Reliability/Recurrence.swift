/// What a given number of iterations gives, in extended precision.
struct Recurrence {
  typealias Number = DoubleDouble

  /// v after the steps v ← v + η_i (c − σ Kᵀ v) from 0, with a bound on what rounding of that recurrence adds.
  static func adjoint(
    _ L: Linearized, cotangent c: [Number], steps: [Double], rounding: Double
  ) -> (v: [Number], error: Double) {
    let σ = Number(L.step)
    let K = L.system.matrix
    let factor = L.contraction()
    var v = [Number](repeating: .zero, count: c.count)
    var error = 0.0
    for η in steps {
      let η1 = Number(η)
      let Kv = v.indices.map { j in
        var sum = Number.zero
        for i in v.indices { sum += K[i][j] * v[i] }
        return sum
      }
      for j in v.indices { v[j] += η1 * (c[j] - σ * Kv[j]) }
      let size = v.norm
      let local = (rounding * (1 + L.step * L.systemScale) + L.curvatureUlps * rounding * L.step * L.systemScale)
      error = ((1 - η).magnitude + η * factor) * error + local * (size + η * c.norm)
    }
    return (v, error)
  }

  /// x after x ← x + r − σ K x from 0.
  static func tangent(_ L: Linearized, source r: [Number], count: Int, rounding: Double) -> (x: [Number], error: Double)
  {
    let σ = Number(L.step)
    let factor = L.contraction()
    var x = [Number](repeating: .zero, count: r.count)
    var error = 0.0
    for _ in 0..<count {
      let Kx = L.system.matrix.map { $0.dot(x) }
      for i in x.indices { x[i] += r[i] - σ * Kx[i] }
      error =
        factor * error + rounding * (1 + L.step * L.systemScale) * (1 + L.curvatureUlps) * (x.norm + r.norm)
    }
    return (x, error)
  }
}

/// The derivative of the t-th iterate with respect to λ, in extended precision.
struct TrajectoryTruth {
  typealias Number = DoubleDouble
  /// w_t'(λ), p rows of m.
  var jacobian: [[Number]]
  /// w_t.
  var state: [Number]
  /// A bound on the rounding error of the whole, relative to the columns' largest sizes on the way.
  var error: Double
  var columnSizes: [Double]
  /// Whether an iterate came as near to a kink as its rounding error.
  var isAmbiguous: Bool

  init(_ model: Model, start: [Number], length: Int, differentiated: Int, ulp: Double, step: Double) {
    let (p, m) = (start.count, model.parameterCount)
    var w = start
    var X = [[Number]](repeating: [Number](repeating: .zero, count: m), count: p)
    var (error, stateError) = (0.0, 0.0)
    isAmbiguous = false
    columnSizes = [Double](repeating: 0, count: m)
    for s in 0..<length {
      let L = model.linearized(at: w, step: step, ulp: ulp)
      let factor = max(1, L.contraction())
      let size = w.norm
      if !(L.kinkMargin > L.kinkRounding + 2 * factor * stateError) { isAmbiguous = true }
      if s >= length - differentiated {
        var next = [[Number]](repeating: [Number](repeating: .zero, count: m), count: p)
        for (r, i) in L.support.enumerated() {
          for k in 0..<m {
            var sum = X[i][k] + Number(step) * L.sources[r][k]
            for (q, j) in L.support.enumerated() { sum -= Number(step) * L.system.matrix[r][q] * X[j][k] }
            // Off the support A1's columns act on the tangents that stand there.
            if let full = L.fullRows {
              for j in 0..<p where !L.support.contains(j) { sum -= Number(step) * full[i][j] * X[j][k] }
            }
            next[i][k] = sum
          }
        }
        X = next
        for k in 0..<m { columnSizes[k] = max(columnSizes[k], X.map { $0[k] }.norm) }
        let relative = size > 0 ? stateError / size : 0
        error =
          factor * error
          + (16 * ulp * Double(p + model.sampleCount + 4) * (1 + step * L.systemScale) + relative
            * (1 + L.curvatureUlps))
      }
      w = model.image(w, step: step)
      stateError = factor * stateError + model.evaluationError(at: w, previous: size, step: step, ulp: ulp)
    }
    jacobian = X
    state = w
    self.error = error
  }
}
