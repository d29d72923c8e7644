import Datasets
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing

/// Multinomial regression with strengths that are tuned.
@Suite struct FunctionsMultinomialTests {
  typealias Storage = FunctionsDerivativeTests.Storage
  typealias Map<E: Scalar> = ProximalGradientMap<MultinomialFunction<E>, L1Norm<E>>

  /// 60 × 8 in 3 classes: labels by noisy linear scores.
  struct Data {
    let X: Matrix<Double> = FunctionsDerivativeTests.features(rows: 60, columns: 8, seed: 31)
    let labels: [Int]
    let λ: Vector<Double> = [0.03, 0.05]

    init() {
      let W: Matrix<Double> = FunctionsDerivativeTests.features(rows: 8, columns: 3, seed: 32)
      let noise: Matrix<Double> = FunctionsDerivativeTests.features(rows: 60, columns: 3, seed: 33)
      var Z = noise
      Z.assignProduct(X, W, alpha: 1, beta: 1)
      let scores = Z
      labels = (0..<60).map { i in (0..<3).max { scores[i, $0] < scores[i, $1] }! }
    }

    func map(_ storage: Storage) -> Map<Double> {
      Map(
        MultinomialFunction(
          features: FunctionsDerivativeTests.design(X, storage), labels: labels, classCount: 3), L1Norm())
    }
  }

  func solve(_ map: Map<Double>, _ λ: Vector<Double>) throws -> Vector<Double> {
    try FixedPointSolver<Double>(acceleration: .anderson(memory: 5)).solve(map, parameters: λ).get()
  }

  @Test(arguments: Storage.allCases)
  func strengthsAreTuned(_ storage: Storage) throws {
    let data = Data()
    let (map, λ) = (data.map(storage), data.λ)
    let w = try solve(map, λ)
    let S = IndexSubset(nonzerosOf: w)
    #expect((1..<24).contains(S.count))
    let objective = HeldOutCrossEntropy(
      features: FunctionsDerivativeTests.design(data.X, storage), labels: data.labels.reversed(), classCount: 3)
    var (y, unused) = (w, Vector<Double>.zeros(2))
    objective.gradient(at: w, parameters: λ, support: nil, state: &y, parameters: &unused)
    // The optimality conditions differentiated: H_SS dw = −(σ, w_S) dλ, H by central differences of the gradient.
    let h = 1e-5
    var H = Matrix<Double>.zeros(S.count, S.count)
    for k in 0..<S.count {
      var (up, down) = (w, w)
      up[S[k]] += h
      down[S[k]] -= h
      var (a, b) = (w, w)
      map.smooth.gradient(at: up, parameters: [λ[1]], into: &a)
      map.smooth.gradient(at: down, parameters: [λ[1]], into: &b)
      for i in 0..<S.count { H[i, k] = (a[S[i]] - b[S[i]]) / (2 * h) }
    }
    var v = Vector<Double>(count: S.count) { y[S[$0]] }
    try LU(H).solve(&v)
    var kkt: Vector<Double> = [0, 0]
    for k in 0..<S.count {
      kkt[0] -= (w[S[k]] > 0 ? 1 : -1) * v[k]
      kkt[1] -= w[S[k]] * v[k]
    }
    let problem = FixedPointProblem(map, parameters: λ, state: w)
    var vouched = problem
    vouched.stateIsSolution = true
    typealias M = Map<Double>
    for solver in [.automatic, .conjugateGradient, .minres, .gmres(), .bicgstab, .direct, .fixedPoint]
      as [AID<M>.Solver]
    {
      for p in [problem, vouched] {
        let got = try AID<M>(solver).hypergradient(of: objective, p).get()
        // H's differences err by h² f⁗/6 and ε/h, 1e-10, times a condition number of at most 1/λ2 · L.
        #expect(relativeError(got, kkt) <= 1e-7, "\(storage), \(solver)")
      }
    }
    let start = FixedPointProblem(map, parameters: λ)
    for strategy in [ForwardITD(), ReverseITD()] as [any AdjointStrategy<M>] {
      let got = try strategy.hypergradient(of: objective, start).get()
      #expect(relativeError(got, kkt) <= 1e-7, "\(storage), \(strategy.name)")
    }
    // Differences of solutions share nothing with any of that.
    for j in 0..<2 {
      let δ = 1e-5 * λ[j]
      var (up, down) = (λ, λ)
      up[j] += δ
      down[j] -= δ
      let slope =
        try
        (objective.value(at: solve(map, up), parameters: up) - objective.value(at: solve(map, down), parameters: down))
        / (2 * δ)
      #expect(abs(slope - kkt[j]) <= 1e-5 * kkt.norm, "\(j): \(slope) \(kkt[j])")
    }
  }

  @Test func singlePrecision() throws {
    let data = Data()
    let map = data.map(.dense)
    let w = try solve(map, data.λ)
    let single = Map<Float>(
      MultinomialFunction(features: Matrix<Float>(converting: data.X), labels: data.labels, classCount: 3), L1Norm())
    let c = Vector<Double>(count: 24) { Double($0 * 5 % 7) - 3 }
    let exact = try AID(.direct).vjp(
      FixedPointProblem(map, parameters: data.λ, state: w, stateIsSolution: true), cotangent: c
    ).estimate
    for solver in [.direct, .conjugateGradient, .gmres()] as [AID<Map<Float>>.Solver] {
      let got = try AID(solver).vjp(
        FixedPointProblem(
          single, parameters: Vector(converting: data.λ), state: Vector(converting: w), stateIsSolution: true),
        cotangent: Vector(converting: c)
      ).estimate
      // A residual of tol ‖c‖ is an error of at most tol ‖c‖/λ2 of the adjoint, which is multiplied by the columns σ and w; data and solves round
      // at some tens of ulps.
      let columns = (Double(w.nonzeroCount) + w.dot(w)).squareRoot()
      let tolerance = Double(AID<Map<Float>>.defaultTolerance + 64 * .ulpOfOne)
      #expect(Vector(converting: got).distance(to: exact) <= columns * tolerance * c.norm / data.λ[1], "\(solver)")
    }
  }

  @Test func aBoundOfTheHeldOutGradientHolds() throws {
    let data = Data()
    let objective = HeldOutCrossEntropy(features: data.X, labels: data.labels, classCount: 3)
    let S = IndexSubset((0..<24).filter { $0 % 3 != 0 }, universe: 24)
    let L = try #require(objective.gradientLipschitzConstant(on: S))
    let a: Vector<Double> = FunctionsDerivativeTests.vector(24, seed: 1)
    var b = a
    for k in 0..<S.count { b[S[k]] += 0.01 * Double(k % 3) }
    var (ga, gb, unused) = (a, a, Vector<Double>.zeros(2))
    objective.gradient(at: a, parameters: data.λ, support: S, state: &ga, parameters: &unused)
    objective.gradient(at: b, parameters: data.λ, support: S, state: &gb, parameters: &unused)
    var moved = 0.0
    for k in 0..<S.count { moved += (ga[S[k]] - gb[S[k]]) * (ga[S[k]] - gb[S[k]]) }
    #expect(moved.squareRoot() <= L * a.distance(to: b))
    let errors = try #require(objective.gradientRoundingErrors(at: a, parameters: data.λ, support: S))
    #expect(errors.state > 0 && errors.state < 1e-12 && errors.parameters == 0)
    // The same in single precision errs by no more than its bound, and by the data's own rounding.
    let single = HeldOutCrossEntropy(features: Matrix<Float>(converting: data.X), labels: data.labels, classCount: 3)
    let af = Vector<Float>(converting: a)
    let exactObjective = HeldOutCrossEntropy(
      features: Matrix<Double>(converting: Matrix<Float>(converting: data.X)), labels: data.labels, classCount: 3)
    var (gf, unusedF) = (af, Vector<Float>.zeros(2))
    single.gradient(at: af, parameters: [0, 0], support: S, state: &gf, parameters: &unusedF)
    exactObjective.gradient(at: Vector(converting: af), parameters: data.λ, support: S, state: &ga, parameters: &unused)
    var off = 0.0
    for k in 0..<S.count { off += (ga[S[k]] - Double(gf[S[k]])) * (ga[S[k]] - Double(gf[S[k]])) }
    let bound = try #require(single.gradientRoundingErrors(at: af, parameters: [0, 0], support: S)).state
    #expect(off.squareRoot() <= Double(bound))
  }
}
