import ImplicitDiff
import LinAlg
import NonsmoothMaps

/// f(w, θ) = ½ wᵀQw − θ cᵀw with a dense Q, known by its products.
final class CoupledQuadratic<Element: Scalar>: SmoothFunction {
  let Q: Matrix<Element>
  let c: Vector<Element>
  private let values: Vector<Element>

  /// XᵀX/p + I/2 for a random square X, and a random c.
  init(_ p: Int, seed: UInt64) throws {
    var numbers = Numbers(seed)
    let X = Matrix<Element>(rows: p, columns: p) { _, _ in numbers.unit() }
    let G = X.transposed * X
    Q = Matrix(rows: p, columns: p) { i, j in G[max(i, j), min(i, j)] / 3 + (i == j ? 0.5 : 0) }
    c = numbers.vector(p, scale: 2)
    values = try SymmetricEigen.eigenvalues(of: Q)
  }

  var stateCount: Int { c.count }
  var parameterCount: Int { 1 }
  func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element { w.dot(Q * w) / 2 - λ[0] * c.dot(w) }
  func gradient(at w: Vector<Element>, parameters λ: Vector<Element>, into g: inout Vector<Element>) {
    g.assignProduct(Q, w)
    g.add(-λ[0], c)
  }
  func makeHessian() -> ConstantHessian<Element> { ConstantHessian(Q: Q) }
  func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into H: ConstantHessian<Element>,
    gradient g: inout Vector<Element>
  ) { gradient(at: w, parameters: λ, into: &g) }
  func addMixedDerivative(
    _ μ: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: ConstantHessian<Element>,
    scale α: Element, to x: inout Vector<Element>
  ) { x.add(-α * μ[0], c) }
  func addMixedDerivativeAdjoint(
    _ v: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: ConstantHessian<Element>,
    scale α: Element, to r: inout Vector<Element>
  ) { r[0] -= α * c.dot(v) }
  func curvatureBounds(parameters λ: Vector<Element>) -> (smallest: Element, largest: Element) {
    (values[0], values[values.count - 1])
  }
}

/// Q, by its products alone.
struct ConstantHessian<Element: Scalar>: SupportedHessian {
  let Q: Matrix<Element>
  var rows: Int { Q.rows }
  var columns: Int { Q.rows }
  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) { y.assignProduct(Q, x) }
}
