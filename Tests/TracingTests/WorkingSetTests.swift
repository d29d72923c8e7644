import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import TestSupport
import Testing
import Tracing

/// Traced functions of scores are solved by working sets, as linear models are, and to the same point as the iteration.
@Suite struct WorkingSetTests {
  /// Closures over n = 40 rows and p = 15 columns that are F(X w) + (ρ/2) ‖w‖²; φ with and without a bound on φ″, smooth and with a jump of it.
  enum Loss: String, CaseIterable {
    case squares, halfOfSquares, weightedSquares, logistic, zeroOne, logCosh, poisson, huber, squaredHinge, rowMajor

    func trace<E: Scalar>(_ X: Matrix<E>, _ y: Vector<E>) throws -> TracedFunction<E> {
      let n = E(X.rows)
      let weights = Vector<E>(count: X.rows) { 1 + E($0 % 3) / 2 }
      let ones = Vector<E>(count: X.rows) { y[$0] > 0 ? 1 : 0 }
      let signs = Vector<E>(count: X.rows) { y[$0] > 0 ? 1 : -1 }
      let byRows = X.with(layout: .rowMajor)
      return try TracedFunction<E>(state: X.columns, parameters: 1) { w, λ in
        let z = self == .rowMajor ? byRows * w : X * w
        let r = z - y
        let loss: Traced<E> =
          switch self {
          case .squares, .rowMajor: norm2(r) / (2 * n)
          case .halfOfSquares: norm2(r) / 2
          case .weightedSquares: mean(weights * square(r)) * exp(λ[0])
          case .logistic: mean(log(1 + exp(-signs * z)))
          case .zeroOne: mean(softplus(z) - ones * z)
          case .logCosh: mean(softplus(2 * r) - r)
          case .poisson: mean(exp(z) - (1 + square(y)) * z)
          case .huber: mean(square(r) - square(positivePart(r - 1)) - square(positivePart(-r - 1))) / 2
          case .squaredHinge: mean(square(positivePart(1 - signs * z))) / 2
          }
        return loss + λ[0] * norm2(w) / 2
      }
    }
  }

  static func data<E: Scalar>(_ seed: UInt64) -> (X: Matrix<E>, y: Vector<E>) {
    var random = RandomStream(seed: seed)
    let X = Matrix<E>(rows: 40, columns: 15) { _, _ in E(random.nextNormal()) }
    let y = Vector<E>(count: 40) { X[$0, 0] - X[$0, 3] + E(random.nextNormal()) / 2 }
    return (X, y)
  }

  /// Both end at residuals of rounding: 64 ulps of an iterate, to which a contraction q adds a factor 1/(1 − q), at most (L + ρ)/ρ, some hundreds here.
  private func agree<E: Scalar, G: ProximalMap<E>>(_ f: TracedFunction<E>, _ g: G, _ λ: Vector<E>, _ what: String)
    throws
  {
    let byIteration = ProximalGradientMap(
      f, g, step: .fixed(f.hasCurvatureBounds(parameters: [λ[λ.count - 1]]) ? 0.02 : 0.01))
    let solution = ProximalGradientMap(f, g).solve(at: λ)
    #expect(solution.method == "working-sets" && solution.outcome == .converged, "\(what)")
    let (w, slow) = (try solution.get(), try byIteration.iterate(at: λ).get())
    #expect(w.distance(to: slow) <= 20_000 * .ulpOfOne * (1 + slow.norm), "\(what): \(w.distance(to: slow))")
    if let gap = solution.dualityGap {
      #expect(
        gap >= 0 && gap <= 1000 * .ulpOfOne * (1 + abs(byIteration.objective(at: w, parameters: λ))), "\(what): \(gap)")
    }
  }

  @Test(arguments: Loss.allCases) func theSolutionIsThatOfTheIteration(_ loss: Loss) throws {
    let (X, y): (Matrix<Double>, Vector<Double>) = Self.data(3)
    let f = try loss.trace(X, y)
    let t = loss == .halfOfSquares ? 4.0 : 0.1
    try agree(f, L1Norm<Double>(), [t, 0.1], "\(loss), 1-norm")
    try agree(f, GroupLasso<Double>(Groups(count: 15, size: 3)), [t, 0.1], "\(loss), groups")
    try agree(f, Box<Double>(lower: .fixed(-0.2), upper: .fixed(0.3)), [0.1], "\(loss), box")
  }

  @Test(arguments: Loss.allCases) func inSinglePrecision(_ loss: Loss) throws {
    let (X, y): (Matrix<Float>, Vector<Float>) = Self.data(4)
    try agree(try loss.trace(X, y), L1Norm<Float>(), [loss == .halfOfSquares ? 4 : 0.1, 0.1], "\(loss)")
  }

  /// The built-in loss is what solves traced squares: the same numbers, but for the rounding of y, which came through a gradient.
  @Test(arguments: ReferenceCase.elasticNetNames) func tracedSquaresAreTheElasticNet(_ name: String) throws {
    let reference = try ReferenceCase(name)
    let (X, y) = (reference.data.trainFeatures, reference.data.trainTargets)
    let f = try Loss.squares.trace(X, y)
    let traced = ProximalGradientMap(f, L1Norm<Double>()).solve(at: reference.parameters)
    let own = ElasticNetMap(features: X, targets: y).solve(at: reference.parameters)
    #expect(traced.method == own.method && traced.iterations <= own.iterations + 1)
    // A relative change of some ulps in y and 1/n, times the condition of these cases, below 1e4.
    #expect(relativeError(try traced.get(), try own.get()) <= 1e5 * .ulpOfOne)
  }

  @Test func theMapSaysWhatWasRecognised() throws {
    let (X, y): (Matrix<Double>, Vector<Double>) = Self.data(5)
    let f = try Loss.logistic.trace(X, y)
    let text = "\(ProximalGradientMap(f, L1Norm<Double>()))"
    for part in [
      "L1Norm<Double>", "c Xᵀ D X (40 rows) + ρ I", "F a sum over 40 scores: solved by working sets", "softplus",
    ] {
      #expect(text.contains(part), "\(text)")
    }
  }

  /// What is no function of scores alone is iterated, as before.
  @Test func otherFunctionsIterate() throws {
    let (X, y): (Matrix<Double>, Vector<Double>) = Self.data(5)
    let functions: [(Traced<Double>) -> Traced<Double>] = [
      { w in logSumExp(X * w) + norm2(w) / 2 },
      { w in norm2(X * w - y) / 80 + dot(w, Vector(count: 15) { Double($0) / 40 }) + norm2(w) / 2 },
      { w in norm2(X * (w - 1)) / 80 + norm2(w) / 2 },
      { w in norm2(X * w) / 80 + sum(square(w) * Vector(count: 15) { 1 + Double($0) }) / 2 },
      { w in norm2(X * w - detach(X * w) / 2) / 80 + norm2(w) / 2 },
    ]
    for (k, f) in functions.enumerated() {
      let f = try TracedFunction<Double>(state: 15) { w, _ in f(w) }
      let solution = ProximalGradientMap(f, L1Norm<Double>(), step: .fixed(0.05)).solve(at: [0.01])
      #expect(solution.method == "fixed-point", "\(k)")
    }
  }
}
