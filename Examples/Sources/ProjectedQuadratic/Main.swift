// A map of one's own: the quadratic program  min ½ wᵀ Q w − λᵀ w  over w ≥ 0,  solved by projected gradient steps
// Φ(w, λ) = max(0, w − s (Q w − λ)). The projection has kinks where a coordinate meets its bound. The linearization declares the parts of its
// symmetric form, so that conjugate gradients and Cholesky on the support apply.
import ImplicitDiff
import LinAlg
import NonsmoothMaps

final class ProjectedQuadratic: FixedPointMap {
  let Q: Matrix<Double>
  let step: Double

  init(Q: Matrix<Double>, step: Double) {
    self.Q = Q
    self.step = step
  }

  var stateCount: Int { Q.rows }
  var parameterCount: Int { Q.rows }

  /// u ← w − s (Q w − λ).
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
    at w: Vector<Double>, parameters λ: Vector<Double>, into L: QuadraticJacobian, value: inout Vector<Double>
  ) {
    forward(w, λ, into: &value)
    L.mask.setDerivative(kinkDistance: value.map(abs).min()) { d in
      for i in d.indices { d[i] = value[i] > 0 ? 1 : 0 }
    }
    for i in value.indices where value[i] < 0 { value[i] = 0 }
  }
}

/// [A1, A2] at one point: A1 = D (I − s Q) by the parts of its symmetric form, A2 = s D, D the 0/1 mask of the coordinates that are free.
final class QuadraticJacobian: Linearization, SymmetricForm {
  let map: ProjectedQuadratic
  let mask: MaskLinearization<Double>

  init(_ map: ProjectedQuadratic) {
    self.map = map
    mask = MaskLinearization(count: map.stateCount)
  }

  var step: Double { map.step }
  var range: any ProximalLinearization<Double> { mask }
  var supportedHessian: any SupportedHessian<Double> { ConstantHessian(Q: map.Q) }
  var parameters: DiagonalOperator<Double> { DiagonalOperator(map.step * mask.derivative) }
  var parametersLieInRange: Bool { true }
}

/// Q by its products; what else it says makes solvers faster.
struct ConstantHessian: SupportedHessian {
  let Q: Matrix<Double>
  var rows: Int { Q.rows }
  var columns: Int { Q.rows }
  func apply(_ x: Vector<Double>, into y: inout Vector<Double>) { y.assignProduct(Q, x) }
}

@main
struct Main {
  static func main() throws {
    let map = ProjectedQuadratic(Q: Matrix([[2, 0.5, 0], [0.5, 1, 0.2], [0, 0.2, 1]]), step: 0.6)
    let λ: Vector<Double> = [1, -1, 0.5]
    let solution = map.solve(at: λ)
    print("w  = \(try solution.get())")

    // The second coordinate is at its bound and stays there; the others are decoupled: dw = diag(1/2, 0, 1) dλ.
    let exact = Matrix<Double>([[0.5, 0, 0], [0, 0, 0], [0, 0, 1]])
    typealias Strategy = AID<ProjectedQuadratic>
    for solver in [.automatic, .direct, .conjugateGradient, .minres, .gmres(), .fixedPoint] as [Strategy.Solver] {
      let jacobian = try Strategy(solver).jacobian(solution.problem)
      let error = (try jacobian.get() - exact).frobeniusNorm
      print("\(jacobian.report.method): off by \(error)")
      precondition(error < 1e-11, "the Jacobian is off by \(error)")
    }
    let derivative = try ForwardITD<ProjectedQuadratic>().jacobian(solution.problem).get()
    precondition((derivative - exact).frobeniusNorm < 1e-11, "that of the iteration is \(derivative)")
  }
}
