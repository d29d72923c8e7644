import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing
import Tracing

/// Traced means over samples: minibatches average to the whole, and NSID runs on them.
@Suite struct FiniteSumTests {
  static let n = 40
  static let p = 6
  static let X = FunctionTests.matrix(40, 6, 1)
  static let y = FunctionTests.vector(40, 2)

  static func squares(_ X: Matrix<Double>, _ y: Vector<Double>) throws -> TracedFiniteSum<Double> {
    try TracedFiniteSum(samples: X.rows, state: X.columns, parameters: 1) { w, λ, ξ in
      mean(square(ξ.rows(of: X) * w - ξ.rows(of: y))) / 2 + λ[0] * norm2(w) / 2
    }
  }

  static func logistic(sparse: Bool) throws -> TracedFiniteSum<Double> {
    let labels = Vector(count: n) { y[$0] < 0 ? -1.0 : 1 }
    let S = SparseMatrix(X)
    return try TracedFiniteSum(samples: n, state: p, parameters: 1) { w, λ, ξ in
      let scores = sparse ? ξ.rows(of: S) * w : ξ.rows(of: X) * w
      return mean(log(1 + exp(-ξ.rows(of: labels) * scores))) + square(λ[0]) * norm2(w)
    }
  }

  /// Every sample's parts average to the whole, to sums of n terms in another order.
  @Test func minibatchesAverageToTheWhole() throws {
    let w = FunctionTests.vector(6, 3)
    let x = FunctionTests.vector(6, 4)
    let λ: Vector<Double> = [0.3]
    for f in [try Self.squares(Self.X, Self.y), try Self.logistic(sparse: false), try Self.logistic(sparse: true)] {
      let H = f.makeHessian()
      var g = w
      f.linearize(at: w, parameters: λ, into: H, gradient: &g)
      var Hx = x
      H.apply(x, into: &Hx)
      var mixed: Vector<Double> = [0]
      f.addMixedDerivativeAdjoint(x, at: w, parameters: λ, hessian: H, scale: 1, to: &mixed)
      let single = (0..<Self.n).map { Minibatch([$0]) }
      let pairs = (0..<Self.n / 2).map { Minibatch([2 * $0, 2 * $0 + 1]) }
      for batches in [single, pairs, [.all(of: Self.n)], [Minibatch(Array((0..<Self.n).reversed()))]] {
        var (gradient, product, cross) = (0 * w, 0 * x, Vector<Double>([0]))
        let scale = 1 / Double(batches.count)
        for ξ in batches {
          f.addSampleGradient(ξ, at: w, parameters: λ, scale: scale, to: &gradient)
          f.addSampleHessianProduct(ξ, at: w, parameters: λ, x, scale: scale, to: &product)
          f.addSampleMixedDerivativeAdjoint(ξ, at: w, parameters: λ, x, scale: scale, to: &cross)
        }
        let roundoff = 64 * Double.ulpOfOne
        #expect(gradient.distance(to: g) <= roundoff * (1 + g.norm))
        #expect(product.distance(to: Hx) <= roundoff * (1 + Hx.norm))
        #expect(cross.distance(to: mixed) <= roundoff * (1 + mixed.norm))
      }
    }
  }

  /// The stochastic answer comes as near to the exact one as that of the built-in model with the same draws does: both do the same sums.
  @Test func nsidIsThatOfTheBuiltInModel() throws {
    let λ: Vector<Double> = [0.02, 0.3]
    let traced = ProximalGradientMap(try Self.squares(Self.X, Self.y), L1Norm<Double>())
    let own = ProximalGradientMap(
      LinearModel<QuadraticLoss<Double>>(features: DenseDesign(Self.X), targets: Self.y), L1Norm<Double>())
    let w = try own.solve(at: λ).get()
    let y = FunctionTests.vector(6, 5)
    func answer<Map: CompositeStochasticMap<Double>>(_ map: Map) throws -> Vector<Double> {
      try NSID<Map>(
        iterations: 400, innerBatches: 1, batchSize: 8, steps: .decreasing(β: 2, γ: 20), innerPass: .sampled, seed: 7,
        forced: true
      ).vjp(FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true), cotangent: y).estimate
    }
    let (got, expected) = (try answer(traced), try answer(own))
    #expect(got.distance(to: expected) <= 1e-9 * (1 + expected.norm))
  }

  /// Batches of all samples leave no noise: NSID on traced sums then comes to AID's answer, with penalties of matrices, constraints and one that is not convex, in both precisions.
  @Test func nsidMeetsAIDWithoutNoise() throws {
    func meet<T: Scalar, G: ProximalMap<T>>(_ penalty: G, _ λ: [Double], _ tolerance: T, _ name: String) throws {
      let (X, y) = (Matrix<T>(converting: Self.X), Vector<T>(converting: Self.y))
      let f = try TracedFiniteSum<T>(samples: 40, state: 6, parameters: 1) { w, λ, ξ in
        mean(square(ξ.rows(of: X) * w - ξ.rows(of: y))) / 2 + λ[0] * norm2(w) / 2
      }
      typealias Map = ProximalGradientMap<TracedFiniteSum<T>, G>
      let map = Map(f, penalty, step: .fixed(0.25))
      let λ = Vector<T>(converting: Vector<Double>(λ))
      let solution = map.iterate(at: λ)
      #expect(solution.outcome == .converged, "\(name)")
      let c = Vector<T>(converting: FunctionTests.vector(6, 5))
      let expected = try AID<Map>(.gmres()).vjp(solution.problem, cotangent: c).get()
      let got = try NSID<Map>(
        iterations: 2000, innerBatches: 1, batchSize: 40, steps: .constant(1), sampling: .reshuffledEpochs,
        innerPass: .full, seed: 3, forced: true
      ).vjp(solution.problem, cotangent: c)
      #expect(got.report.outcome.isUsable, "\(name)")
      #expect(got.estimate.distance(to: expected) <= tolerance * (1 + expected.norm), "\(name)")
      // There is something to compare.
      #expect(expected.norm > 0.01, "\(name)")
    }
    func all<T: Scalar>(_: T.Type, _ tolerance: T) throws {
      try meet(SingularValues(L1Norm<T>(), rows: 2, columns: 3), [0.05, 0.5], tolerance, "nuclear norm \(T.self)")
      try meet(Eigenvalues(Simplex<T>()), [1, 0.5], tolerance, "spectraplex \(T.self)")
      try meet(MCP<T>(), [0.05, 4, 0.5], tolerance, "mcp \(T.self)")
      try meet(GroupLasso<T>(Groups(sizes: [2, 4])), [0.05, 0.5], tolerance, "groups \(T.self)")
      try meet(SortedL1<T>(weights: [6, 5, 4, 3, 2, 1]), [0.01, 0.5], tolerance, "sorted \(T.self)")
    }
    // f has curvatures of 0.5 and more, so that 2000 steps leave 0.875^2000 of the start; solutions and systems are to some hundred ulps times a condition number of ten.
    try all(Double.self, 1e-9)
    try all(Float.self, 1e-3)
  }

  @Test func whatIsNoMeanIsRefused() {
    let (X, y) = (Self.X, Self.y)
    func refused(_ f: (Traced<Double>, Traced<Double>, Samples<Double>) -> Traced<Double>) -> String {
      do {
        _ = try TracedFiniteSum<Double>(samples: 40, state: 6, parameters: 1, f)
        return ""
      } catch { return "\(error)" }
    }
    #expect(refused { w, _, ξ in sqrt(mean(square(ξ.rows(of: X) * w))) }.contains("not linear"))
    #expect(refused { w, _, ξ in mean(ξ.rows(of: X) * w) * mean(ξ.rows(of: X) * w) }.contains("not linear"))
    #expect(refused { w, _, ξ in sum(ξ.rows(of: X) * w) }.contains("mean"))
    #expect(refused { w, _, ξ in mean(ξ.rows(of: X) * w - y) }.contains("vector of batch and a vector of 40"))
    #expect(refused { w, _, ξ in mean(ξ.rows(of: y[segment: 0..<3])) }.contains("40 samples"))
  }
}
