// A map of one's own: the quadratic program  min ½ wᵀ Q w − λᵀ w  over w ≥ 0,  solved by projected gradient steps
// Φ(w, λ) = max(0, w − s (Q w − λ)). The projection has kinks where a coordinate meets its bound.
import ImplicitDiff
import LinAlg

/// Φ with its linearization: A1 = D (I − s Q), A2 = s D, D the 0/1 mask of the coordinates that are free.
final class ProjectedQuadratic: FixedPointMap {
  let Q: Matrix<Double>
  let step: Double

  init(Q: Matrix<Double>, step: Double) {
    self.Q = Q
    self.step = step
  }

  var stateCount: Int { Q.rows }
  var parameterCount: Int { Q.rows }

  private func forward(_ w: Vector<Double>, _ λ: Vector<Double>, into u: inout Vector<Double>) {
    u.assignProduct(Q, w)
    u.add(-1, λ)
    u.combine(1, w, -step)
  }

  func apply(_ w: Vector<Double>, parameters λ: Vector<Double>, into next: inout Vector<Double>) {
    forward(w, λ, into: &next)
    for i in next.indices where next[i] < 0 { next[i] = 0 }
  }

  func makeLinearization() -> QuadraticJacobian { QuadraticJacobian(self) }

  func linearize(
    at w: Vector<Double>, parameters λ: Vector<Double>, into linearization: QuadraticJacobian,
    value: inout Vector<Double>
  ) {
    forward(w, λ, into: &value)
    for i in value.indices {
      linearization.mask[i] = value[i] > 0 ? 1 : 0
      if value[i] < 0 { value[i] = 0 }
    }
  }
}

/// [A1, A2] at one point. Declares nothing of its structure, so AID takes a solver for general matrices.
final class QuadraticJacobian: Linearization {
  private let map: ProjectedQuadratic
  var mask: Vector<Double>

  init(_ map: ProjectedQuadratic) {
    self.map = map
    mask = .zeros(map.stateCount)
  }

  var state: Matrix<Double> {
    let p = map.stateCount
    return Matrix(rows: p, columns: p) { i, j in
      self.mask[i] * ((i == j ? 1 : 0) - self.map.step * self.map.Q[i, j])
    }
  }
  var parameters: DiagonalOperator<Double> {
    DiagonalOperator(Vector(count: mask.count) { self.map.step * self.mask[$0] })
  }
  var structure: LinearizationStructure<Double> { .general }
}

@main
struct Main {
  static func main() throws {
    let map = ProjectedQuadratic(Q: Matrix([[2, 0.5, 0], [0.5, 1, 0.2], [0, 0.2, 1]]), step: 0.6)
    let λ: Vector<Double> = [1, -1, 0.5]
    let solution = try FixedPointSolver<Double>().solve(map, parameters: λ).get()
    let problem = FixedPointProblem(map, parameters: λ, state: solution)
    let jacobian = try AID<ProjectedQuadratic>(.automatic).jacobian(problem).get()
    print("w  = \(solution)")
    print("dw/dλ =\n\(jacobian)")

    // The second coordinate is at its bound and stays there; the others are decoupled: dw = diag(1/2, 0, 1) dλ.
    let exact = Matrix<Double>([[0.5, 0, 0], [0, 0, 0], [0, 0, 1]])
    let error = (jacobian - exact).frobeniusNorm
    precondition(error < 1e-12, "the Jacobian is off by \(error)")
  }
}
