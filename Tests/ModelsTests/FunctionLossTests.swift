import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import RealModule
import TestSupport
import Testing

/// A loss that is known by derivatives of scores alone is what a built-in loss of the same numbers is.
@Suite struct FunctionLossTests {
  /// Σ φ(zᵢ), φ by closures of the score and its place.
  final class Scores: ScoreFunction {
    let curvatureBound: Double
    let isQuadratic: Bool
    let φ: (Double, Int) -> (value: Double, slope: Double, curvature: Double)

    init(bound: Double, isQuadratic: Bool = false, _ φ: @escaping (Double, Int) -> (Double, Double, Double)) {
      (curvatureBound, self.isQuadratic, self.φ) = (bound, isQuadratic, φ)
    }

    func value(scores z: Vector<Double>, slopes g: inout Vector<Double>) -> Double {
      var sum = 0.0
      for i in 0..<z.count {
        let (value, slope, _) = φ(z[i], i)
        sum += value
        g[i] = slope
      }
      return sum
    }

    func fillCurvatures(scores z: Vector<Double>, into d: inout Vector<Double>) {
      for i in 0..<z.count { d[i] = φ(z[i], i).curvature }
    }
  }

  private static let (n, p) = (30, 12)
  private let X: Matrix<Double>
  private let y: Vector<Double>

  init() {
    var random = RandomStream(seed: 11)
    X = Matrix(rows: Self.n, columns: Self.p) { _, _ in random.nextNormal() }
    let (X, n) = (X, Self.n)
    y = Vector(count: n) { X[$0, 0] + random.nextNormal() > 0 ? 1 : -1 }
  }

  private func logistic(_ labels: Vector<Double>) -> Scores {
    let n = Double(Self.n)
    return Scores(bound: 0.25 / n) { z, i in
      let t = -labels[i] * z
      let e = Double.exp(-abs(t))
      let σ = t >= 0 ? 1 / (1 + e) : e / (1 + e)
      return ((max(t, 0) + Double.log(onePlus: e)) / n, -labels[i] * σ / n, σ * (1 - σ) / n)
    }
  }

  @Test func logisticIsTheBuiltInOne() throws {
    let own = try #require(FunctionLoss(features: DenseDesign(X), function: logistic(y)))
    let built = LogisticLoss<Double>(features: X, targets: y)
    let t = Vector<Double>(repeating: 0.02, count: Self.p)
    let solver = WorkingSetSolver<Double>()
    let (a, b) = (solver.solve(own, strengths: t, ridge: 0.01), solver.solve(built, strengths: t, ridge: 0.01))
    // Both to rounding: ulps times the condition of H_SS, at most ‖X‖²/(4 n ρ), some hundreds.
    #expect(relativeError(try a.get(), try b.get()) <= 1e4 * .ulpOfOne)
    #expect(IndexSubset(nonzerosOf: a.estimate).elements == IndexSubset(nonzerosOf: b.estimate).elements)
  }

  /// What a dual point gives is below the minimum over all scores of F(z) − c u·z, so below its value at any z; at c = 0 it is at most 0.
  @Test(arguments: [true, false]) func dualValuesAreLowerBounds(_ isQuadratic: Bool) throws {
    let (y, n) = (y, Double(Self.n))
    let function =
      isQuadratic
      ? Scores(bound: 1 / n, isQuadratic: true) { z, i in ((z - y[i]) * (z - y[i]) / (2 * n), (z - y[i]) / n, 1 / n) }
      : logistic(y)
    let loss = try #require(FunctionLoss(features: DenseDesign(X), function: function))
    var random = RandomStream(seed: 2)
    let z = Vector<Double>(count: Self.n) { _ in 2 * random.nextNormal() }
    var (r, other) = (z, z)
    _ = loss.value(scores: z, residuals: &r)
    for c in [0, 0.3, 0.9, 1] {
      let dual = loss.dualValue(scores: z, residuals: r, scale: c)
      for _ in 0..<50 {
        let at = Vector<Double>(count: Self.n) { _ in 3 * random.nextNormal() }
        let value = loss.value(scores: at, residuals: &other)
        // u = −r/n.
        #expect(dual <= value + c * r.dot(at) / n + 1e-12)
      }
    }
    #expect(loss.value(scores: z, residuals: &r) >= 0)
  }

  /// The least value is found where φ has one, and where it is approached alone; a φ that falls forever has none.
  @Test func leastValues() throws {
    func loss(_ φ: @escaping (Double, Int) -> (Double, Double, Double)) -> FunctionLoss<Double>? {
      FunctionLoss(features: DenseDesign(X), function: Scores(bound: .infinity, φ))
    }
    func atZero(_ loss: FunctionLoss<Double>) -> Double {
      var r = Vector<Double>.zeros(Self.n)
      return loss.value(scores: .zeros(Self.n), residuals: &r)
    }
    let n = Double(Self.n)
    /// The least value is a lower bound, by at most a thousandth of the height.
    func isAbove(_ height: Double, _ exact: Double) -> Bool {
      height >= exact * (1 - 1e-12) && height <= exact * (1 + 1.1e-3)
    }
    // (z − i)² + 5 is least at i; exp(z) is least at −∞; exp(z) − 2z at log 2.
    let squares = try #require(loss { z, i in ((z - Double(i)) * (z - Double(i)) + 5, 2 * (z - Double(i)), 2) })
    let sum = (0..<Self.n).reduce(0.0) { $0 + Double($1 * $1) }
    #expect(isAbove(atZero(squares), sum))
    let exponential = try #require(loss { z, _ in (Double.exp(z), Double.exp(z), Double.exp(z)) })
    #expect(isAbove(atZero(exponential), n))
    let poisson = try #require(
      loss { z, _ in (Double.exp(z) - 2 * z, Double.exp(z) - 2, Double.exp(z)) })
    #expect(isAbove(atZero(poisson), n * (1 - (2 - 2 * Double.log(2)))))
    #expect(loss { z, _ in (z, 1, 0) } == nil)
    #expect(loss { z, _ in (.nan, .nan, 0) } == nil)
  }
}
