import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing

/// The stochastic form of `f + g`: means over samples, and NSID on it.
@Suite struct FunctionsStochasticTests {
  /// Every sample's T̂ and adjoints average to those of all samples, which are the map's: the oracle is unbiased.
  private func check<F: SampledFunction>(
    _ map: ProximalGradientMap<F, L1Norm<Double>>, _ λ: Vector<Double>, _ what: String
  )
  where F.Element == Double {
    let (n, p) = (map.sampleCount, map.stateCount)
    let w: Vector<Double> = FunctionsDerivativeTests.vector(p, seed: 51)
    let z: Vector<Double> = FunctionsDerivativeTests.vector(p, seed: 52)
    let oracle = map.makeOracle()
    oracle.prepare(at: w, parameters: λ)
    let L = map.makeLinearization()
    var next = w
    map.linearize(at: w, parameters: λ, into: L, value: &next)
    // Sums of n samples' terms in another order, of the size of w, z and their products.
    let roundoff = Double(8 * (n + p)) * .ulpOfOne * (1 + w.norm) * (1 + z.norm)
    let single = (0..<n).map { Minibatch([$0]) }
    for batches in [single, [.all(of: n)], [Minibatch(Array((0..<n).reversed()))]] {
      let mean = 1 / Double(batches.count)
      var (u, x, g) = (Vector<Double>.zeros(p), Vector<Double>.zeros(p), Vector<Double>.zeros(λ.count))
      var B1z = z
      // G is linearized at the mean.
      for ξ in batches { oracle.addValue(ξ, scale: mean, to: &u) }
      let outer = map.makeOuterLinearization()
      map.linearizeOuter(at: u, parameters: λ, into: outer)
      var got = w
      map.applyOuter(u, parameters: λ, relaxation: 1, into: &got)
      #expect(got.distance(to: next) <= roundoff, "\(what): value")
      outer.applyStateAdjoint(z, into: &B1z)
      for ξ in batches {
        oracle.addStateAdjoint(ξ, B1z, scale: mean, to: &x)
        oracle.addParametersAdjoint(ξ, B1z, scale: mean, to: &g)
      }
      outer.addParametersAdjoint(z, scale: 1, to: &g)
      var (expected, expectedG) = (x, g)
      L.state.applyAdjoint(z, into: &expected)
      L.parameters.applyAdjoint(z, into: &expectedG)
      #expect(x.distance(to: expected) <= roundoff, "\(what): state")
      #expect(g.distance(to: expectedG) <= roundoff, "\(what): parameters")
    }
    // At another point, at once: nothing of the last is kept.
    oracle.prepare(at: z, parameters: λ)
    map.linearize(at: z, parameters: λ, into: L, value: &next)
    var x = Vector<Double>.zeros(p)
    oracle.addStateAdjoint(.all(of: n), w, scale: 1, to: &x)
    var expected = w
    L.hessian.apply(w, into: &expected)
    expected.combine(1, w, -L.step)
    #expect(x.distance(to: expected) <= roundoff, "\(what): moved")
  }

  let X: Matrix<Double> = FunctionsDerivativeTests.features(rows: 40, columns: 6, seed: 53)
  var targets: Vector<Double> { FunctionsDerivativeTests.vector(40, seed: 54) }
  var labels: Vector<Double> { Vector(count: 40) { targets[$0] < 0 ? -1 : 1 } }
  let λ: Vector<Double> = [0.02, 0.1]

  @Test(arguments: FunctionsDerivativeTests.Storage.allCases)
  func oraclesAreUnbiased(_ storage: FunctionsDerivativeTests.Storage) {
    let design = FunctionsDerivativeTests.design(X, storage)
    check(
      ProximalGradientMap(LinearModel<QuadraticLoss<Double>>(features: design, targets: targets), L1Norm()), λ,
      "squares \(storage)")
    check(
      ProximalGradientMap(LinearModel<LogisticLoss<Double>>(features: design, targets: labels), L1Norm()), λ,
      "logistic \(storage)")
    check(
      ProximalGradientMap(
        LinearModel<HuberLoss<Double>>(features: design, targets: targets, ridge: .fixed(0.1)), L1Norm()),
      [0.02], "Huber \(storage)")
    check(
      ProximalGradientMap(
        MultinomialFunction(features: design, labels: (0..<40).map { $0 * 7 % 3 }, classCount: 3), L1Norm()), λ,
      "multinomial \(storage)")
  }

  /// With all samples in every batch and a step of 1 NSID is the fixed-point iteration of AID: it ends at its answer, q^k away.
  private func fullBatches<F: SampledFunction>(_ map: ProximalGradientMap<F, L1Norm<Double>>) throws
  where F.Element == Double {
    typealias Map = ProximalGradientMap<F, L1Norm<Double>>
    let w = try FixedPointSolver<Double>(acceleration: .anderson(memory: 5)).solve(map, parameters: λ).get()
    let problem = FixedPointProblem(map, parameters: λ, state: w)
    let c: Vector<Double> = FunctionsDerivativeTests.vector(map.stateCount, seed: 55)
    let exact = try AID<Map>(.direct).vjp(problem, cotangent: c).estimate
    let got = try NSID<Map>(
      iterations: 400, innerBatches: 1, batchSize: 40, steps: .constant(1), sampling: .reshuffledEpochs
    ).vjp(problem, cotangent: c).estimate
    // q ≤ (L − μ)/(L + μ) with L about 0.5 and μ ≥ 0.1: 400 steps leave nothing but the rounding of the sums.
    #expect(relativeError(got, exact) <= 1e-11, "\(got) \(exact)")
  }

  @Test func nsidOnFullBatchesIsAID() throws {
    let design = DenseDesign(X)
    try fullBatches(
      ProximalGradientMap(LinearModel<QuadraticLoss<Double>>(features: design, targets: targets), L1Norm()))
    try fullBatches(ProximalGradientMap(LinearModel<LogisticLoss<Double>>(features: design, targets: labels), L1Norm()))
    try fullBatches(
      ProximalGradientMap(
        MultinomialFunction(features: X, labels: (0..<40).map { $0 * 7 % 3 }, classCount: 3), L1Norm()))
  }
}
