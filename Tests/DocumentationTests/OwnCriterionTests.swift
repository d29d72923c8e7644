import Bilevel
import Foundation
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import Testing
import Tracing

/// Models beyond those of `RegressionModel`, and criteria written as closures, through the same searches.
@Suite struct OwnCriterionTests {
  /// Central differences of the value, whose error is of the order h² + (the solver's 10⁻¹²)/h; and no point of a grid is better than the search's end
  /// by more than the value that a search by gradients stops at.
  private func check(_ criterion: any Criterion, _ space: SearchSpace, at λ: Vector<Double>) throws {
    let found = criterion.evaluate(at: λ, bounding: false)
    #expect(found.failure == nil && found.selected > 0)
    for k in λ.indices {
      let h = 1e-5 * λ[k]
      var (up, down) = (Vector(copying: λ), Vector(copying: λ))
      up[k] += h
      down[k] -= h
      let difference =
        (criterion.evaluate(at: up, bounding: false).value - criterion.evaluate(at: down, bounding: false).value)
        / (2 * h)
      let scale = max(abs(difference), found.value / λ[k])
      #expect(abs(found.gradient[k] - difference) <= 1e-5 * scale, "\(k): \(found.gradient[k]), \(difference)")
    }
    // Beginnings at random: a criterion of few rows has several valleys.
    let limits = TuningLimits(evaluations: 2_000)
    let result = Tuner(MultiStart(LBFGS(), starts: 8, seed: 1), limits: limits).tune(criterion, in: space)
    let grid = Tuner(GridSearch(points: λ.count == 1 ? 40 : 5), limits: limits).tune(criterion, in: space)
    let (value, best) = (try #require(result.best?.value), try #require(grid.best?.value))
    #expect(value <= best * (1 + 1e-4), "\(value) against \(best), \(result.stop)")
  }

  private static func normals(_ m: Int, _ n: Int, seed: UInt64) -> Matrix<Double> {
    var stream = RandomStream(seed: seed)
    return Matrix(rows: m, columns: n, layout: .columnMajor) { _, _ in stream.nextNormal() }
  }

  /// A strength of the 1-norm for every class, and the ridge's.
  @Test func aMultinomialModelHasItsStrengths() throws {
    let (n, p, c) = (60, 6, 3)
    func draw(_ seed: UInt64) -> (Matrix<Double>, [Int]) {
      let X = Self.normals(n, p, seed: seed)
      let noise = Self.normals(n, c, seed: seed + 100)
      let labels = (0..<n).map { i in
        (0..<c).max { 2 * X[i, $0] + noise[i, $0] < 2 * X[i, $1] + noise[i, $1] }!
      }
      return (X, labels)
    }
    let ((X, y), (Z, v)) = (draw(1), draw(2))
    let strengths = SharedStrengths((0..<p * c).map { $0 / p }, count: c)
    let map = ProximalGradientMap(
      MultinomialFunction(features: X, labels: y, classCount: c), L1Norm<Double>(strengths))
    let criterion = ReducedObjective(map, HeldOutCrossEntropy(features: Z, labels: v, classCount: c))
    let top = Double(try #require(map.vanishingScale(parameters: [1, 1, 1, 0])))
    let space = SearchSpace(
      names: ["class 0", "class 1", "class 2", "ridge"],
      lower: [1e-3 * top, 1e-3 * top, 1e-3 * top, 1e-4], upper: [top, top, top, 1],
      start: [0.1 * top, 0.1 * top, 0.1 * top, 1e-2])
    try check(criterion, space, at: [0.1 * top, 0.15 * top, 0.05 * top, 0.02])
  }

  /// The bound C of a support vector machine in its dual, judged by a smooth hinge of held-out margins, a closure.
  @Test func theBoundOfASupportVectorMachine() throws {
    let (n, p) = (40, 4)
    func draw(_ seed: UInt64) -> (Matrix<Double>, [Double]) {
      let X = Self.normals(n, p, seed: seed)
      let noise = Self.normals(n, 1, seed: seed + 100)
      return (X, (0..<n).map { X[$0, 0] - X[$0, 1] + noise[$0, 0] > 0 ? 1 : -1 })
    }
    let ((X, y), (Z, v)) = (draw(3), draw(4))
    // Q of the margins, with 0.05 I for the uniqueness of α.
    let Q = Matrix<Double>(rows: n, columns: n) { i, j in
      y[i] * y[j] * (0..<p).reduce(0) { $0 + X[i, $1] * X[j, $1] } + (i == j ? 0.05 : 0)
    }
    let margins = Matrix<Double>(rows: n, columns: n) { i, j in
      v[i] * y[j] * (0..<p).reduce(0) { $0 + Z[i, $1] * X[j, $1] }
    }
    let map = ProximalGradientMap(
      QuadraticFunction(Q, linear: Vector(repeating: 1, count: n)), Box(lower: .fixed(0), upper: .parameters()))
    let objective = try TracedObjective<Double>(state: n, parameters: 1) { α, _ in
      mean(softplus(4 * (1 - margins * α))) / 4
    }
    let space = SearchSpace(names: ["C"], lower: [1e-3], upper: [10], start: [0.1])
    try check(ReducedObjective(map, objective), space, at: [0.03])
  }

  /// The width ε of a support vector regression in its dual, ½ βᵀKβ − yᵀβ + ε ‖β‖₁ over |β| ≤ C, judged by squares of held-out residuals.
  @Test func theWidthOfASupportVectorRegression() throws {
    let (n, p, C) = (40, 4, 0.5)
    func draw(_ seed: UInt64) -> (Matrix<Double>, Vector<Double>) {
      let X = Self.normals(n, p, seed: seed)
      let noise = Self.normals(n, 1, seed: seed + 100)
      return (X, Vector(count: n) { X[$0, 0] - 2 * X[$0, 1] + 0.5 * noise[$0, 0] })
    }
    let ((X, y), (Z, v)) = (draw(5), draw(6))
    let K = Matrix<Double>(rows: n, columns: n) { i, j in
      (0..<p).reduce(0) { $0 + X[i, $1] * X[j, $1] } + (i == j ? 0.05 : 0)
    }
    let judge = Matrix<Double>(rows: n, columns: n) { i, j in (0..<p).reduce(0) { $0 + Z[i, $1] * X[j, $1] } }
    let bounds = Vector(repeating: C, count: n)
    let map = ProximalGradientMap(QuadraticFunction(K, linear: y), BoundedL1(lower: -bounds, upper: bounds))
    let objective = try TracedObjective<Double>(state: n, parameters: 1) { β, _ in norm2(judge * β - v) / Double(2 * n)
    }
    let solution = map.solve(at: [0.3])
    #expect(solution.outcome == .converged && solution.state.contains { abs($0) == C } && solution.state.contains(0))
    let space = SearchSpace(names: ["epsilon"], lower: [1e-2], upper: [3], start: [0.3])
    try check(ReducedObjective(map, objective), space, at: [0.3])
  }
}
