import Bilevel
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import TestSupport
import Testing

@Suite struct RegularizationPathTests {
  /// X, n × p, and targets of a few of its columns with noise.
  private func problem(_ n: Int, _ p: Int, seed: UInt64) -> (X: DenseDesign<Double>, y: Vector<Double>) {
    var stream = RandomStream(seed: seed)
    let X = Matrix<Double>(rows: n, columns: p, layout: .columnMajor) { _, _ in stream.nextNormal() }
    var y = X * Vector(count: p) { $0 % (p / 10) < 2 ? stream.nextNormal() : 0 }
    for i in 0..<n { y[i] += 0.5 * stream.nextNormal() }
    return (DenseDesign(X), y)
  }

  /// Objectives lie between the minimum, found to rounding without a path, and 1/(1 − tolerance) times that.
  private func check<F: SmoothFunction<Double>, G: ProximalMap<Double>>(
    _ map: ProximalGradientMap<F, G>, against other: ProximalGradientMap<F, G>, along direction: Vector<Double> = [1],
    count: Int = 12, ratio: Double = 0.02, tolerance: Double, _ comment: Comment
  ) throws {
    let path = try #require(
      RegularizationPath(of: map, along: direction, count: count, ratio: ratio, tolerance: tolerance))
    #expect(path.failure == nil && path.points.count == count, comment)
    var exact: Vector<Double>?
    for (k, point) in path.points.enumerated() {
      let solution = try other.solve(at: point.parameters, from: exact).get()
      exact = solution
      let m = map.penalty.parameterCount
      func objective(_ w: Vector<Double>) -> Double {
        map.smooth.value(at: w, parameters: point.parameters[segment: m..<point.parameters.count])
          + map.penalty.value(at: w, parameters: point.parameters[segment: 0..<m])
      }
      let least = objective(solution)
      // Sums of some hundred terms, each rounded.
      let rounding = 1e-13 * objective(.zeros(map.stateCount))
      #expect(abs(objective(point.state) - point.objective) <= rounding, comment)
      #expect(point.objective >= least - rounding, "\(comment), point \(k)")
      #expect(point.objective <= least / (1 - tolerance) + rounding, "\(comment), point \(k)")
    }
  }

  @Test(arguments: [0, 1e-8, 1e-4, 1e-2])
  func objectivesAreWithinTheToleranceOfTheirMinima(_ tolerance: Double) throws {
    for seed in 0..<3 as Range<UInt64> {
      let (X, y) = problem(40, 100, seed: seed)
      func squares() -> LinearModel<QuadraticLoss<Double>> {
        LinearModel(QuadraticLoss(features: X, targets: y), ridge: .none)
      }
      try check(
        ProximalGradientMap(squares(), L1Norm()), against: ProximalGradientMap(squares(), L1Norm()),
        tolerance: tolerance, "lasso \(seed)")
      let groups = GroupLasso<Double>(Groups(count: 100, size: 4))
      try check(
        ProximalGradientMap(squares(), groups), against: ProximalGradientMap(squares(), groups),
        tolerance: tolerance, "groups \(seed)")
      let sparse = SparseGroupLasso<Double>(Groups(count: 100, size: 4))
      try check(
        ProximalGradientMap(squares(), sparse), against: ProximalGradientMap(squares(), sparse), along: [1, 0.5],
        tolerance: tolerance, "sparse groups \(seed)")
      let labels = Vector<Double>(count: 40) { y[$0] > 0 ? 1 : -1 }
      func logistic() -> LinearModel<LogisticLoss<Double>> {
        LinearModel(LogisticLoss(features: X, targets: labels), ridge: .parameter)
      }
      try check(
        ProximalGradientMap(logistic(), L1Norm()), against: ProximalGradientMap(logistic(), L1Norm()),
        along: [1, 1e-3], tolerance: tolerance, "logistic \(seed)")
      try check(
        ProximalGradientMap(logistic(), groups), against: ProximalGradientMap(logistic(), groups),
        along: [1, 1e-3], tolerance: tolerance, "logistic groups \(seed)")
    }
  }

  /// More than a thousand coordinates in blocks are solved through their columns, in single precision to the digits that are missing.
  @Test func wideGroupsMeetTheTolerance() throws {
    let (X, y) = problem(460, 2400, seed: 5)
    let groups = GroupLasso<Double>(Groups(count: 2400, size: 5))
    let map = ProximalGradientMap(LinearModel(QuadraticLoss(features: X, targets: y), ridge: .none), groups)
    let tolerance = 1e-4
    let path = try #require(RegularizationPath(of: map, along: [1], count: 8, ratio: 0.001, tolerance: tolerance))
    #expect(path.failure == nil && path.points.count == 8)
    #expect(path.points.last!.support.count > 1024)
    for point in path.points {
      // The gap by the residuals scaled into the dual feasible set, independently of the solver.
      let w = point.state
      let r = y - X.matrix * w
      let g = (1.0 / 460) * (X.matrix.transposed * r)
      let t = point.parameters[0] * 5.0.squareRoot()
      let excess = (0..<480).reduce(0) { max($0, g[segment: 5 * $1..<5 * $1 + 5].norm / t) }
      let c = 1 / max(1, excess)
      let gap = point.objective - (2 * c * y.dot(r) - c * c * r.dot(r)) / 920
      #expect(gap <= tolerance * point.objective + 1e-13 * y.dot(y) / 920)
    }
  }

  /// Zero asks for rounding: w itself is the solution.
  @Test func withoutAToleranceEveryPointIsTheSolution() throws {
    let (X, y) = problem(60, 30, seed: 7)
    let map = ElasticNetMap(features: X, targets: y)
    let path = try #require(RegularizationPath(of: map, along: [1, 0.1], count: 10, ratio: 0.01, tolerance: 0))
    for point in path.points {
      let exact = try ElasticNetMap(features: X, targets: y).solve(at: point.parameters).get()
      // The condition with this ridge is below 100.
      #expect(point.state.distance(to: exact) <= 1e-12 * max(1, exact.norm))
    }
  }
}
