import LinAlg
import Reliability
import Tracing

/// Losses of one score as closures and, for the truth, as derivatives in extended precision.
enum ScoredLoss: String, CaseIterable {
  case squares, logistic, logCosh, poisson, huber, squaredHinge, weighted

  typealias Number = DoubleDouble

  func trace<E: Scalar>(_ X: Matrix<E>, _ y: Vector<E>) throws -> TracedFunction<E> {
    try TracedFunction<E>(state: X.columns, parameters: 1) { w, λ in
      let z = X * w
      let r = z - y
      let loss: Traced<E> =
        switch self {
        case .squares: norm2(r) / (2 * E(X.rows))
        case .logistic: mean(log(1 + exp(-y * z)))
        case .logCosh: mean(softplus(2 * r) - r)
        case .poisson: mean(exp(z) - y * y * z)
        case .huber: mean(square(r) - square(positivePart(r - 1)) - square(positivePart(-r - 1))) / 2
        case .squaredHinge: mean(square(positivePart(1 - y * z))) / 2
        case .weighted: mean(exp(λ[0]) * square(r)) / 3
        }
      return loss + λ[0] * norm2(w) / 2
    }
  }

  /// φ′, φ″ and ∂φ′/∂λ at z for a target y and the ridge ρ.
  func derivatives(_ z: Number, _ y: Number, _ ρ: Number) -> (first: Number, second: Number, mixed: Number) {
    let (one, two) = (Number.one, Number(2))
    let r = z - y
    switch self {
    case .squares: return (r, one, .zero)
    case .logistic:
      let e = (y * z).exponential()
      return (-y / (one + e), y * y * e / ((one + e) * (one + e)), .zero)
    case .logCosh:
      let e = (two * r.magnitude).exponential()
      let t = (e - one) / (e + one)
      return (r < .zero ? -t : t, one - t * t, .zero)
    case .poisson: return (z.exponential() - y * y, z.exponential(), .zero)
    case .huber: return r.magnitude < one ? (r, one, .zero) : (r.sign, .zero, .zero)
    case .squaredHinge: return y * z < one ? (y * (y * z - one), y * y, .zero) : (.zero, .zero, .zero)
    case .weighted:
      let c = two * ρ.exponential() / Number(3)
      return (c * r, c, c * r)
    }
  }
}

/// The exact solution of `(1/n) Σ φ(xᵢ·w) + (ρ/2) ‖w‖² + t ‖w‖₁` with given signs, and the derivative of ½ ‖w − c‖² + t ρ, by Newton's method in extended precision.
struct ScoreTruth {
  typealias Number = DoubleDouble
  var hypergradient: [Number] = []
  var state: [Number] = []
  /// Whether the signs are those of the solution.
  var isSolution = true

  init?<E: Scalar>(
    _ loss: ScoredLoss, _ X: Matrix<E>, _ y: Vector<E>, parameters λ: Vector<E>, near w: Vector<E>, target c: Vector<E>
  ) {
    func number(_ x: E) -> Number { Number(Double(x)) }
    let S = (0..<w.count).filter { w[$0] != 0 }
    let signs = S.map { Number(w[$0] > 0 ? 1 : -1) }
    let (t, ρ, n) = (number(λ[0]), number(λ[1]), Number(Double(X.rows)))
    var state = S.map { number(w[$0]) }
    func derivatives() -> [(first: Number, second: Number, mixed: Number)] {
      (0..<X.rows).map { i in
        loss.derivatives(S.indices.map { number(X[i, S[$0]]) }.dot(state), number(y[i]), ρ)
      }
    }
    func hessian(_ d: [Number]) -> DenseSystem {
      DenseSystem(
        S.indices.map { a in
          S.indices.map { b in
            let sum = (0..<X.rows).map { number(X[$0, S[a]]) * number(X[$0, S[b]]) }.dot(d) / n
            return a == b ? sum + ρ : sum
          }
        })
    }
    for _ in 0..<30 {
      let all = derivatives()
      let d = S.indices.map { a in
        (0..<X.rows).map { number(X[$0, S[a]]) }.dot(all.map(\.first)) / n + ρ * state[a] + t * signs[a]
      }
      guard let step = hessian(all.map(\.second)).solve(d) else { return nil }
      for a in S.indices { state[a] -= step[a] }
      if step.norm <= 1e-30 * (1 + state.norm) { break }
    }
    let all = derivatives()
    for a in S.indices where (state[a] * signs[a]) < .zero { isSolution = false }
    for j in 0..<w.count where w[j] == 0 {
      let g = (0..<X.rows).map { number(X[$0, j]) }.dot(all.map(\.first)) / n
      if t < g.magnitude { isSolution = false }
    }
    guard let v = hessian(all.map(\.second)).solve(S.indices.map { state[$0] - number(c[S[$0]]) }) else { return nil }
    let mixed = S.indices.map { a in (0..<X.rows).map { number(X[$0, S[a]]) }.dot(all.map(\.mixed)) / n + state[a] }
    hypergradient = [ρ - v.dot(signs), t - v.dot(mixed)]
    self.state = state
  }
}
