import ImplicitDiff
import LinAlg

/// Φ(w, λ) = max(0, M w + N λ + b): a general (nonsymmetric) contraction with kinks, small enough to solve by hand.
final class RectifiedMap<Element: Scalar>: FixedPointMap {
  let M: Matrix<Element>
  let N: Matrix<Element>
  let b: Vector<Element>

  init(M: Matrix<Element>, N: Matrix<Element>, b: Vector<Element>) {
    self.M = M
    self.N = N
    self.b = b
  }

  /// Five unknowns, two parameters, ‖M‖∞ ≤ 0.75; at λ = (1, 2) two coordinates are at rest.
  static func example() -> RectifiedMap {
    let M: [[Element]] = [
      [0.25, 0.25, 0, -0.125, 0], [0, 0.25, -0.25, 0, 0.125], [0.5, 0, 0, 0.125, 0], [0, 0.125, 0.25, 0.25, 0],
      [-0.25, 0, 0.25, 0, 0.125],
    ]
    let N: [[Element]] = [[1, 0], [0, 1], [0.5, -2], [-1, 0.25], [0.25, 0.75]]
    return RectifiedMap(M: Matrix(M), N: Matrix(N), b: [0.5, -0.25, 0.125, -0.5, 1])
  }

  var stateCount: Int { M.rows }
  var parameterCount: Int { N.columns }

  func apply(_ w: Vector<Element>, parameters λ: Vector<Element>, into next: inout Vector<Element>) {
    next.copy(from: b)
    next.assignProduct(M, w, beta: 1)
    next.assignProduct(N, λ, beta: 1)
    for i in 0..<next.count where next[i] < 0 { next[i] = 0 }
  }

  func makeLinearization() -> DenseLinearization<Element> { DenseLinearization(states: M.rows, parameters: N.columns) }

  func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into linearization: DenseLinearization<Element>,
    value: inout Vector<Element>
  ) {
    apply(w, parameters: λ, into: &value)
    for i in 0..<value.count {
      let active: Element = value[i] > 0 ? 1 : 0
      for j in 0..<M.columns { linearization.state[i, j] = active * M[i, j] }
      for j in 0..<N.columns { linearization.parameters[i, j] = active * N[i, j] }
    }
  }

}

/// Φ(w) = a w + λ in one dimension.
final class ScalarAffineMap<Element: Scalar>: FixedPointMap {
  let a: Element
  init(_ a: Element) { self.a = a }

  var stateCount: Int { 1 }
  var parameterCount: Int { 1 }

  func apply(_ w: Vector<Element>, parameters λ: Vector<Element>, into next: inout Vector<Element>) {
    next[0] = a * w[0] + λ[0]
  }

  func makeLinearization() -> DenseLinearization<Element> {
    let linearization = DenseLinearization<Element>(states: 1, parameters: 1)
    linearization.state[0, 0] = a
    linearization.parameters[0, 0] = 1
    return linearization
  }

  func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into linearization: DenseLinearization<Element>,
    value: inout Vector<Element>
  ) { apply(w, parameters: λ, into: &value) }
}

/// [A1, A2] as matrices, of no declared structure.
final class DenseLinearization<Element: Scalar>: Linearization {
  var state: Matrix<Element>
  var parameters: Matrix<Element>
  var structure: LinearizationStructure<Element> { .general }

  init(states: Int, parameters: Int) {
    state = .zeros(states, states)
    self.parameters = .zeros(states, parameters)
  }
}
