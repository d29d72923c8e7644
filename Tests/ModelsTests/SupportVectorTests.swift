import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing

/// A support vector machine in its dual, min ½ ‖Σ αᵢ yᵢ xᵢ‖² − Σ αᵢ over 0 ≤ α ≤ C, differentiated with respect to C: the derivative leaves the range
/// of D, since α follows C where it is at the bound.
@Suite struct SupportVectorTests {
  static let (n, p) = (40, 5)
  static let X: Matrix<Double> = {
    let X: Matrix<Double> = FunctionsDerivativeTests.features(rows: n, columns: p, seed: 71)
    return Matrix(rows: n, columns: p) { X[$0, $1] + (label($0) > 0 ? 0.25 : -0.25) }
  }()
  static func label(_ i: Int) -> Double { i % 3 == 0 ? -1 : 1 }
  /// Rows yᵢ xᵢ; Q = Z Zᵀ, with δ I for the uniqueness of α.
  static let Z = Matrix<Double>(rows: n, columns: p) { label($0) * X[$0, $1] }
  static let δ = 0.05

  private func function(isOperator: Bool) -> QuadraticFunction<Double> {
    var Q = Matrix<Double>.zeros(Self.n, Self.n)
    Q.assignProduct(Self.Z, Self.Z.transposed)
    Q.addToDiagonal(Self.δ)
    let ones = Vector<Double>(repeating: 1, count: Self.n)
    return isOperator ? QuadraticFunction(operator: Q, linear: ones) : QuadraticFunction(Q, linear: ones)
  }

  @Test(arguments: [false, true], [0.1, 0.5, 2])
  func theBoundIsDifferentiated(_ isOperator: Bool, _ C: Double) throws {
    typealias Map = ProximalGradientMap<QuadraticFunction<Double>, Box<Double>>
    let f = function(isOperator: isOperator)
    let map = Map(f, Box(lower: .fixed(0), upper: .parameters()))
    let solver = FixedPointSolver<Double>(acceleration: .anderson(memory: 8))
    let α = try solver.solve(map, parameters: [C]).get()
    let atBound = (0..<Self.n).filter { α[$0] == C }
    let F = (0..<Self.n).filter { α[$0] > 0 && α[$0] < C }
    #expect(!atBound.isEmpty && !F.isEmpty && atBound.count + F.count < Self.n, "C = \(C): \(α)")
    // Of the held-out margins the mean; w = Zᵀα.
    let validation: Vector<Double> = FunctionsDerivativeTests.vector(Self.p, seed: 72)
    let y = Self.Z * validation
    // The optimality conditions on the free set, differentiated: Q_FF α'_F = −Q_FB 1, α'_B = 1.
    let Q = f.makeHessian().dense()
    var v = Vector<Double>(count: F.count) { y[F[$0]] }
    try LU(Matrix<Double>(rows: F.count, columns: F.count) { Q[F[$0], F[$1]] }).solve(&v)
    var exact = atBound.reduce(0.0) { $0 + y[$1] }
    for (k, i) in F.enumerated() { for j in atBound { exact -= v[k] * Q[i, j] } }
    let h = 1e-6
    let slope =
      try
      (solver.solve(map, parameters: [C + h]).get().dot(y)
      - solver.solve(map, parameters: [C - h]).get().dot(y)) / (2 * h)
    // The dual is piecewise linear in C: differences are exact up to the solver's 1e-12 or so over h.
    #expect(abs(slope - exact) <= 1e-4 * max(1, abs(exact)), "C = \(C): \(slope), \(exact)")
    for isSolution in [false, true] {
      let problem = FixedPointProblem(map, parameters: [C], state: α, stateIsSolution: isSolution)
      for solver in [.automatic, .direct, .conjugateGradient, .minres, .gmres(), .bicgstab, .fixedPoint]
        as [AID<Map>.Solver]
      {
        // A condition number of at most ‖Z‖²/δ, 2e3, times a residual of 2e-12; the fixed-point iteration stops by an estimate of its error.
        let got = try AID<Map>(solver).vjp(problem, cotangent: y).get()
        #expect(abs(got[0] - exact) <= 1e-7 * max(1, abs(exact)), "C = \(C), \(solver): \(got[0]), \(exact)")
      }
    }
    for strategy in [ForwardITD(), ReverseITD()] as [any AdjointStrategy<Map>] {
      let got = try strategy.vjp(FixedPointProblem(map, parameters: [C]), cotangent: y).get()
      #expect(abs(got[0] - exact) <= 1e-7 * max(1, abs(exact)), "C = \(C), \(strategy.name): \(got[0]), \(exact)")
    }
  }
}
