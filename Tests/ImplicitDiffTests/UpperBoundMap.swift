import ImplicitDiff
import LinAlg

/// min ½ (w − 2)² over w ≤ λ by projected gradient steps of ½: for λ < 2 the solution is w = λ and dw/dλ = 1, out of the range of D = 0.
///
/// It declares its structure truthfully, A1 = D (I − s H), but its A2 is not of the form D B.
final class UpperBoundMap: FixedPointMap {
  let declares: Bool
  init(declares: Bool) { self.declares = declares }

  var stateCount: Int { 1 }
  var parameterCount: Int { 1 }

  func apply(_ w: Vector<Double>, parameters λ: Vector<Double>, into next: inout Vector<Double>) {
    next[0] = min(w[0] - 0.5 * (w[0] - 2), λ[0])
  }

  func makeLinearization() -> UpperBoundLinearization { UpperBoundLinearization(declares) }

  func linearize(
    at w: Vector<Double>, parameters λ: Vector<Double>, into L: UpperBoundLinearization, value: inout Vector<Double>
  ) {
    let isFree = w[0] - 0.5 * (w[0] - 2) < λ[0]
    L.derivative[0] = isFree ? 1 : 0
    L.support.refill(nonzerosOf: L.derivative)
    L.parameters[0, 0] = isFree ? 0 : 1
    apply(w, parameters: λ, into: &value)
  }
}

final class UpperBoundLinearization: Linearization, ProximalGradientStructure {
  let declares: Bool
  var derivative = Vector<Double>.zeros(1)
  var support = IndexSubset(universe: 1)
  var parameters = Matrix<Double>.zeros(1, 1)
  init(_ declares: Bool) { self.declares = declares }

  var step: Double { 0.5 }
  var state: Matrix<Double> { Matrix(repeating: 0.5 * derivative[0], rows: 1, columns: 1) }
  var structure: LinearizationStructure<Double> { declares ? .proximalGradient(self) : .general }
  var derivativeIsMask: Bool { true }
  var costs: AdjointCosts { AdjointCosts(assemblyMultiplications: 1, productBytes: 8) }
  func assembleHessian(into H: inout Matrix<Double>) { H.fill(1) }
  func makeRestrictedHessian() -> any LinearOperator<Double> { Matrix<Double>.identity(support.count) }
}
