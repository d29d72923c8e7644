import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing

/// 0 ≤ w ≤ upper, without parameters or with the upper bound as one: nonnegative least squares, and the dual of a support vector machine.
struct TestBox: ProximalMap {
  var hasUpperBound = false
  var parameterCount: Int { hasUpperBound ? 1 : 0 }
  func value(at w: Vector<Double>, parameters λ: Vector<Double>) -> Double {
    w.allSatisfy { $0 >= 0 && (!hasUpperBound || $0 <= λ[0]) } ? 0 : .infinity
  }
  func apply(step s: Double, parameters λ: Vector<Double>, to u: inout Vector<Double>) {
    for j in 0..<u.count { u[j] = min(hasUpperBound ? λ[0] : .infinity, max(0, u[j])) }
  }
  func makeLinearization(count p: Int) -> BoxLinearization { BoxLinearization(count: p) }
  func linearize(
    at u: Vector<Double>, step s: Double, parameters λ: Vector<Double>, kink: KinkRule, into L: BoxLinearization
  ) {
    L.isAbove = u.map { hasUpperBound && $0 > λ[0] }
    L.setDerivative(kinkDistance: nil) { d in
      for j in 0..<d.count { d[j] = u[j] > 0 && !L.isAbove[j] ? 1 : 0 }
    }
  }

  /// B is 1 where the upper bound holds: outside the range of D.
  final class BoxLinearization: MaskLinearization<Double> {
    var isAbove: [Bool] = []
    override var parametersLieInRange: Bool { false }
    override func addParameters(_ μ: Vector<Double>, to x: inout Vector<Double>) {
      if μ.count > 0 { for j in 0..<x.count where isAbove[j] { x[j] += μ[0] } }
    }
    override func addParametersAdjoint(_ v: Vector<Double>, scale α: Double, to g: inout Vector<Double>) {
      if g.count > 0 { for j in 0..<v.count where isAbove[j] { g[0] += α * v[j] } }
    }
  }
}

@Suite struct FunctionsQuadraticTests {
  typealias Map = ProximalGradientMap<QuadraticFunction<Double>, TestBox>
  let X: Matrix<Double> = FunctionsDerivativeTests.features(rows: 30, columns: 9, seed: 41)
  let c: Vector<Double> = FunctionsDerivativeTests.vector(9, seed: 42)
  let y: Vector<Double> = FunctionsDerivativeTests.vector(9, seed: 43)

  /// c + C λ with two parameters, and a bound as a third before them.
  private func map(_ box: TestBox, isOperator: Bool) -> Map {
    let C: Matrix<Double> = FunctionsDerivativeTests.features(rows: 9, columns: 2, seed: 44)
    if isOperator {
      return Map(QuadraticFunction(operator: GramOperator(X, scale: 1 / 30), linear: c, parameters: C), box)
    }
    var Q = Matrix<Double>.zeros(9, 9)
    Q.assignGram(X, alpha: 1 / 30)
    return Map(QuadraticFunction(Q, linear: c, parameters: C), box)
  }

  /// Against the active set's linear system solved exactly: with free coordinates F and those at the bound U,
  /// Q_FF dw_F = (C dλ)_F − Q_FU 1 dbound and dw_U = dbound.
  @Test(arguments: [false, true], [false, true])
  func boxesAreDifferentiated(_ isOperator: Bool, _ hasUpperBound: Bool) throws {
    let map = map(TestBox(hasUpperBound: hasUpperBound), isOperator: isOperator)
    let bound = 1.5
    let λ: Vector<Double> = hasUpperBound ? [bound, 0.3, -0.2] : [0.3, -0.2]
    let w = try FixedPointSolver<Double>(acceleration: .anderson(memory: 5)).solve(map, parameters: λ).get()
    let F = IndexSubset((0..<9).filter { w[$0] > 0 && !(hasUpperBound && w[$0] >= bound) }, universe: 9)
    let U = (0..<9).filter { hasUpperBound && w[$0] >= bound }
    #expect(F.count > 0 && F.count + U.count < 9 && (!hasUpperBound || !U.isEmpty), "\(w)")
    let Q = map.smooth.makeHessian().dense()
    let C: Matrix<Double> = FunctionsDerivativeTests.features(rows: 9, columns: 2, seed: 44)
    var v = Vector<Double>(count: F.count) { y[F[$0]] }
    try LU(Matrix<Double>(rows: F.count, columns: F.count) { Q[F[$0], F[$1]] }).solve(&v)
    var exact = Vector<Double>.zeros(λ.count)
    let first = hasUpperBound ? 1 : 0
    for k in 0..<F.count {
      for m in 0..<2 { exact[first + m] += v[k] * C[F[k], m] }
      if hasUpperBound { for j in U { exact[0] -= v[k] * Q[F[k], j] } }
    }
    if hasUpperBound { for j in U { exact[0] += y[j] } }
    let problem = FixedPointProblem(map, parameters: λ, state: w)
    for solver in [.automatic, .conjugateGradient, .minres, .gmres(), .bicgstab, .direct] as [AID<Map>.Solver] {
      let got = try AID<Map>(solver).vjp(problem, cotangent: y).estimate
      // Residuals of 2e-12 through a condition number of some 1e2.
      #expect(relativeError(got, exact) <= 1e-9, "\(solver): \(got) \(exact)")
    }
  }
}
