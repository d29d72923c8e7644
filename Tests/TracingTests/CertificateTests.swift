import ImplicitDiff
import LinAlg
import NonsmoothMaps
import RandomStreams
import Reliability
import Testing
import Tracing

/// The bound on the error of a hypergradient of a traced problem is never below the error: against solutions in extended precision, converged and moved away from.
@Suite struct CertificateTests {
  struct Count {
    var bounded = 0
    var converged = 0
    var runs = 0
    var ratios: [Double] = []
  }

  private func run<E: Scalar>(_ loss: ScoredLoss, _ seed: UInt64, _ count: inout Count, _: E.Type) throws {
    var random = RandomStream(seed: seed &* 977)
    let (n, p) = (18, 8)
    let X = Matrix<E>(rows: n, columns: p) { _, _ in E(random.nextNormal()) }
    let isBinary = loss == .logistic || loss == .squaredHinge
    let y = Vector<E>(count: n) { isBinary ? (X[$0, 0] > 0 ? 1 : -1) : X[$0, 0] / 2 + E(random.nextNormal()) / 4 }
    let c = Vector<E>(count: p) { _ in E(random.nextNormal()) }
    let λ: Vector<E> = [E(0.02 + 0.1 * random.nextUniform()), E(0.02 + 0.2 * random.nextUniform())]
    let map = ProximalGradientMap(try loss.trace(X, y), L1Norm<E>(), step: .fixed(E(0.05)))
    let objective = try TracedObjective<E>(state: p, parameters: 2) { w, λ in norm2(w - c) / 2 + λ[0] * λ[1] }
    let solution = map.solve(at: λ)
    guard solution.outcome == .converged else { return }
    for shift in [0, 1e-9, 1e-5, 1e-2] {
      var w = solution.state
      for j in 0..<p where w[j] != 0 { w[j] *= 1 + E(shift * random.nextNormal()) }
      let problem = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true)
      let got = try AID(.direct).boundedHypergradient(of: objective, problem)
      count.runs += 1
      if shift == 0 { count.converged += 1 }
      guard let bound = got.errorBound else {
        #expect(got.absence != nil)
        continue
      }
      let truth = try #require(ScoreTruth(loss, X, y, parameters: λ, near: w, target: c))
      #expect(truth.isSolution, "\(loss), seed \(seed): a piece was proven that is not the solution's")
      let error = zip(got.estimate, truth.hypergradient).map { (DoubleDouble(Double($0)) - $1) }.norm
      #expect(error <= Double(bound), "\(loss), seed \(seed), moved by \(shift): \(error) is above \(bound)")
      if shift == 0 {
        count.bounded += 1
        count.ratios.append(Double(bound) / max(error, .leastNormalMagnitude))
        #expect(
          Double(bound) <= 1e5 * Double(E.ulpOfOne) * (1 + Double(got.estimate.norm)) / Double(λ[1] * λ[1]), "\(loss)")
      }
    }
  }

  @Test(arguments: ScoredLoss.allCases) func theBoundIsNeverBelowTheError(_ loss: ScoredLoss) throws {
    var (double, single) = (Count(), Count())
    for seed in UInt64(1)...40 {
      try run(loss, seed, &double, Double.self)
      try run(loss, seed, &single, Float.self)
    }
    for count in [double, single] {
      #expect(count.converged >= 30)
      // Scores near a jump of φ″, entries and margins near zero are where nothing is claimed.
      let mayJump = loss == .huber || loss == .squaredHinge
      #expect(
        count.bounded >= (mayJump ? count.converged / 3 : count.converged * 9 / 10),
        "\(loss): \(count.bounded) of \(count.converged)")
    }
  }

  /// By the other methods: the distance to AID's answer comes on top.
  @Test func otherMethodsHaveBounds() throws {
    var random = RandomStream(seed: 8)
    let X = Matrix<Double>(rows: 30, columns: 8) { _, _ in random.nextNormal() }
    let y = Vector<Double>(count: 30) { X[$0, 0] + random.nextNormal() / 3 }
    let c = Vector<Double>.zeros(8)
    let f = try TracedFiniteSum<Double>(samples: 30, state: 8, parameters: 1) { w, λ, ξ in
      let r = ξ.rows(of: X) * w - ξ.rows(of: y)
      return mean(softplus(2 * r) - r) + λ[0] * norm2(w) / 2
    }
    let map = ProximalGradientMap(f, L1Norm<Double>())
    let objective = try TracedObjective<Double>(state: 8, parameters: 2) { w, λ in norm2(w) / 2 + λ[0] * λ[1] }
    let problem = map.solve(at: [0.05, 0.1]).problem
    let truth = try #require(
      ScoreTruth(.logCosh, X, y, parameters: problem.parameters, near: problem.state, target: c))
    func check(_ result: BoundedHypergradient<Double>, _ limit: Double) throws {
      let bound = try result.get().errorBound
      let error = zip(result.estimate, truth.hypergradient).map { DoubleDouble($0) - $1 }.norm
      #expect(error <= bound && bound <= limit, "\(result)")
    }
    try check(AID().boundedHypergradient(of: objective, problem), 1e-10)
    try check(AID(.fixedPoint).boundedHypergradient(of: objective, problem), 1e-8)
    try check(ForwardITD().boundedHypergradient(of: objective, problem), 1e-8)
    try check(ReverseITD().boundedHypergradient(of: objective, problem), 1e-8)
    let nsid = NSID<ProximalGradientMap<TracedFiniteSum<Double>, L1Norm<Double>>>(
      iterations: 400, innerBatches: 400, batchSize: 10, steps: .constant(0.05))
    try check(nsid.boundedHypergradient(of: objective, problem), 1)
  }

  /// ½‖w − y‖² has no design: w is y shrunk, and its derivative by λ minus its sign.
  @Test func denoisingHasABound() throws {
    let y: Vector<Double> = [1.5, -0.75, 0.25, 2.25, -3]
    let f = try TracedFunction<Double>(state: 5) { w, _ in norm2(w - y) / 2 }
    let objective = try TracedObjective<Double>(state: 5, parameters: 1) { w, _ in norm2(w) / 2 }
    let problem = ProximalGradientMap(f, L1Norm<Double>()).solve(at: [0.5]).problem
    let (gradient, bound) = try AID().boundedHypergradient(of: objective, problem).get()
    // −(1 + 0.25 + 1.75 + 2.5), in numbers that are exact; rounding alone makes a bound.
    #expect(abs(gradient[0] + 5.5) <= bound && bound <= 1e-12, "\(gradient), \(bound)")
  }

  /// The rows of two designs are those of one.
  @Test func twoDesignsHaveABound() throws {
    var random = RandomStream(seed: 9)
    let X = Matrix<Double>(rows: 20, columns: 6) { _, _ in random.nextNormal() }
    let y = Vector<Double>(count: 20) { X[$0, 0] + random.nextNormal() }
    let (top, bottom) = (X[rows: 0..<12], X[rows: 12..<20])
    let (first, second) = (y[segment: 0..<12], y[segment: 12..<20])
    let whole = try TracedFunction<Double>(state: 6) { w, _ in norm2(X * w - y) / 2 }
    let parts = try TracedFunction<Double>(state: 6) { w, _ in
      norm2(top * w - first) / 2 + norm2(bottom * w - second) / 2
    }
    let objective = try TracedObjective<Double>(state: 6, parameters: 1) { w, _ in norm2(w) / 2 }
    func bounded(_ f: TracedFunction<Double>) throws -> (hypergradient: Vector<Double>, errorBound: Double) {
      let problem = ProximalGradientMap(f, L1Norm<Double>()).solve(at: [4]).problem
      return try AID().boundedHypergradient(of: objective, problem).get()
    }
    let (one, two) = (try bounded(whole), try bounded(parts))
    #expect(one.hypergradient.norm > 0.01)
    #expect(one.hypergradient.distance(to: two.hypergradient) <= one.errorBound + two.errorBound)
    #expect(two.errorBound <= 1e-9, "\(two)")
  }

  /// No bound comes with its reason.
  @Test func reasonsAreGiven() throws {
    let X = Matrix<Double>(rows: 6, columns: 4) { Double(($0 * 3 + $1 * 5) % 7) - 3 }
    let own = RowOperator(A: X)
    let f = try TracedFunction<Double>(state: 4) { w, _ in norm2(own * w - 1) / 2 + norm2(w) / 2 }
    let solution = ProximalGradientMap(f, L1Norm<Double>(), step: .fixed(0.01)).solve(at: [0.1])
    let objective = try TracedObjective<Double>(state: 4, parameters: 1) { w, _ in norm2(w) }
    let got = try AID(.direct).boundedHypergradient(of: objective, solution.problem)
    #expect(got.errorBound == nil && got.absence == .functionHasNoBound)
    let all = IndexSubset([0, 1, 2, 3], universe: 4)
    let obstacle = f.boundObstacle(at: solution.state, parameters: [], active: all)
    #expect(obstacle?.contains("operator0") ?? false, "\(obstacle ?? "none")")
    // The derivative of a detached value is not how it changes.
    let cut = try TracedFunction<Double>(state: 4) { w, _ in norm2(detach(w) * w) + norm2(w) / 2 }
    #expect(cut.boundObstacle(at: solution.state, parameters: [], active: all) != nil)
    // An objective whose curvature is unbounded knows no constant.
    let steep = try TracedObjective<Double>(state: 4, parameters: 1) { w, _ in sum(exp(w)) }
    #expect(steep.gradientLipschitzConstant(on: all) == nil)
    let logistic = try TracedObjective<Double>(state: 4, parameters: 1) { w, _ in sum(softplus(X * w)) }
    let constant = try #require(logistic.gradientLipschitzConstant(on: all))
    #expect(constant >= 0 && constant <= 0.2501 * X.frobeniusNorm * X.frobeniusNorm)
  }
}
