import ImplicitDiff
import LinAlg
import NonsmoothMaps
import Tracing

/// How ½ ‖w‖² changes with the strengths λ of a group lasso and a ridge, for a loss of one's own: the mean of log cosh over the residuals.
func sizeGradient(_ X: Matrix<Double>, _ y: Vector<Double>, at λ: Vector<Double>) throws -> Vector<Double> {
  let f = try TracedFunction<Double>(state: X.columns, parameters: 1) { w, λ in
    let r = X * w - y
    return mean(softplus(2 * r) - r) + λ[0] * norm2(w) / 2  // log cosh r + log 2
  }
  let map = ProximalGradientMap(f, GroupLasso<Double>(Groups(count: X.columns, size: 3)))
  let size = try TracedObjective<Double>(state: X.columns, parameters: 2) { w, λ in norm2(w) / 2 }
  return try AID().hypergradient(of: size, map.solve(at: λ).problem).get()
}
