// A smooth function of one's own, and with it a map of one's own in symmetric form: f(w, λ) = ½ wᵀQw − λ₀ cᵀw, known by products with Q.
import ImplicitDiff
import LinAlg
import NonsmoothMaps

final class CoupledQuadratic: SmoothFunction {
  let Q: Matrix<Double>
  let c: Vector<Double>
  init(Q: Matrix<Double>, c: Vector<Double>) {
    self.Q = Q
    self.c = c
  }

  var stateCount: Int { c.count }
  var parameterCount: Int { 1 }

  func value(at w: Vector<Double>, parameters λ: Vector<Double>) -> Double { w.dot(Q * w) / 2 - λ[0] * c.dot(w) }

  func gradient(at w: Vector<Double>, parameters λ: Vector<Double>, into g: inout Vector<Double>) {
    g.assignProduct(Q, w)
    g.add(-λ[0], c)
  }

  func makeHessian() -> ConstantHessian { ConstantHessian(Q: Q) }

  func linearize(
    at w: Vector<Double>, parameters λ: Vector<Double>, into H: ConstantHessian, gradient g: inout Vector<Double>
  ) { gradient(at: w, parameters: λ, into: &g) }

  // ∂_λ∇f = −c.
  func addMixedDerivative(
    _ μ: Vector<Double>, at w: Vector<Double>, parameters λ: Vector<Double>, hessian H: ConstantHessian,
    scale α: Double, to x: inout Vector<Double>
  ) { x.add(-α * μ[0], c) }

  func addMixedDerivativeAdjoint(
    _ v: Vector<Double>, at w: Vector<Double>, parameters λ: Vector<Double>, hessian H: ConstantHessian,
    scale α: Double, to r: inout Vector<Double>
  ) { r[0] -= α * c.dot(v) }

  func curvatureBounds(parameters λ: Vector<Double>) -> (smallest: Double, largest: Double) {
    let values = try? SymmetricEigen.eigenvalues(of: Q)
    return (values?.first ?? 0, values?.last ?? .infinity)
  }
}

/// Q, by its products alone.
struct ConstantHessian: SupportedHessian {
  let Q: Matrix<Double>
  var rows: Int { Q.rows }
  var columns: Int { Q.rows }
  func apply(_ x: Vector<Double>, into y: inout Vector<Double>) { y.assignProduct(Q, x) }
}
