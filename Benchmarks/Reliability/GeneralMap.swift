import ImplicitDiff
import LinAlg

/// Φ(w, λ) = bend(M w + N λ + b), of no declared structure.
final class GeneralMap<Element: Scalar>: FixedPointMap {
  private let M: Matrix<Element>
  private let N: Matrix<Element>
  private let b: Vector<Element>
  private let bend: GeneralData.Bend
  private let level: Element

  init(M: Matrix<Element>, N: Matrix<Element>, b: Vector<Element>, bend: GeneralData.Bend, level: Element) {
    self.M = M
    self.N = N
    self.b = b
    self.bend = bend
    self.level = level
  }

  var stateCount: Int { M.rows }
  var parameterCount: Int { N.columns }

  /// u ← M w + N λ + b.
  private func argument(_ w: Vector<Element>, _ λ: Vector<Element>, _ u: inout Vector<Element>) {
    u.copy(from: b)
    u.assignProduct(M, w, beta: 1)
    u.assignProduct(N, λ, beta: 1)
  }

  /// The value of the bend at u and whether it moves there; a NaN stays one.
  private func piece(_ u: Element) -> (moves: Bool, value: Element) {
    switch bend {
    case .affine: (true, u)
    case .positivePart: u <= 0 ? (false, 0) : (true, u)
    case .cap: u >= level ? (false, level) : (true, u)
    case .softThreshold: u.magnitude <= level ? (false, 0) : (true, u > 0 ? u - level : u + level)
    }
  }

  func apply(_ w: Vector<Element>, parameters λ: Vector<Element>, into next: inout Vector<Element>) {
    argument(w, λ, &next)
    for i in 0..<next.count { next[i] = piece(next[i]).value }
  }

  func makeLinearization() -> GeneralLinearization<Element> {
    GeneralLinearization(states: M.rows, parameters: N.columns)
  }

  func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into linearization: GeneralLinearization<Element>,
    value: inout Vector<Element>
  ) {
    argument(w, λ, &value)
    for i in 0..<value.count {
      let (moves, next) = piece(value[i])
      value[i] = next
      for j in 0..<M.columns { linearization.state[i, j] = moves ? M[i, j] : 0 }
      for k in 0..<N.columns { linearization.parameters[i, k] = moves ? N[i, k] : 0 }
    }
  }
}

/// [A1, A2] as matrices.
final class GeneralLinearization<Element: Scalar>: Linearization {
  var state: Matrix<Element>
  var parameters: Matrix<Element>
  var structure: LinearizationStructure<Element> { .general }

  init(states: Int, parameters: Int) {
    state = .zeros(states, states)
    self.parameters = .zeros(states, parameters)
  }
}
