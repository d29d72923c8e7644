import Datasets
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import TestSupport
import Testing

/// Sparse logistic regression beyond its reference case: the solver on wide data, sparse storage, minibatches, allocations.
@Suite struct LogisticTests {
  typealias Map = SparseLogisticMap<Double>

  /// Gaussian features with labels drawn from the logistic model of a sparse w.
  static func draw(_ n: Int, _ p: Int, seed: UInt64) -> (features: Matrix<Double>, labels: Vector<Double>) {
    let data = SyntheticRegression<Double>(rows: n, columns: p, informative: min(10, p), noise: 0.5, seed: seed)
    return (data.features, Vector(count: n) { data.targets[$0] > 0 ? 1 : -1 })
  }

  static func problem(_ n: Int, _ p: Int, strength: Double, ridge: Double) -> (map: Map, parameters: Vector<Double>) {
    let (X, y) = draw(n, p, seed: 11)
    let map = PenalizedMap(features: X, labels: y)
    var g = Vector<Double>.zeros(p)
    map.smooth.loss.gradient(at: .zeros(p), into: &g)
    return (map, [strength * g.maxNorm, ridge])
  }

  /// A point w is the minimizer where Φ(w) = w: the residual of the map is a check that shares no step with the solver.
  @Test(arguments: [(80, 30), (60, 300), (400, 50)], [(0.3, 0.01), (0.05, 0.01), (0.1, 0)])
  func theSolverEndsAtTheFixedPoint(_ shape: (Int, Int), _ strengths: (Double, Double)) {
    let (map, λ) = Self.problem(shape.0, shape.1, strength: strengths.0, ridge: strengths.1)
    let found = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ)
    #expect(found.outcome == .converged)
    let residual = map.residual(at: found.estimate, parameters: λ)
    // The evaluation's own rounding, and the solver's conditions to 32 ulps of each gradient's size, s ‖∇f‖ of them.
    let allowed =
      2 * map.evaluationError(at: found.estimate, parameters: λ)
      + 64 * Double.ulpOfOne * map.stepSize(parameters: λ) * map.smooth.loss.gradientMagnitude(at: found.estimate)
    #expect(residual <= allowed, "\(found)")
    // ‖r‖ bounds nothing by itself: the gap is at the rounding of the objective too.
    #expect(found.dualityGap <= 1e-13)
  }

  @Test func theGapBoundsTheSuboptimality() {
    let (map, λ) = Self.problem(60, 300, strength: 0.1, ridge: 0.01)
    let tight = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ)
    for limit in 1...3 {
      let loose = WorkingSetSolver<Double>(passLimit: limit).solve(map.smooth.loss, parameters: λ)
      #expect(loose.dualityGap >= 0)
      // The gap is that of the pass's start, the objective too.
      #expect(loose.objective - tight.objective <= loose.dualityGap + 1e-15)
    }
    #expect(tight.screened > 0)
  }

  @Test func strengthsByFeatureMatchScaledColumns() {
    // |wⱼ| t wⱼ/t: the problem with strengths tⱼ is that of columns xⱼ/tⱼ with strength 1 and solution tⱼ wⱼ (no ridge).
    let (X, y) = Self.draw(200, 20, seed: 4)
    let t = Vector<Double>(count: 20) { 0.02 * Double(1 + $0 % 4) }
    let λ = Vector<Double>(count: 21) { $0 < 20 ? t[$0] : 0 }
    let w = WorkingSetSolver<Double>().solve(
      LogisticLoss(features: X, targets: y), shared: .perCoordinate(20), parameters: λ)
    let scaled = Matrix<Double>(rows: 200, columns: 20) { X[$0, $1] / t[$1] }
    let v = WorkingSetSolver<Double>().solve(LogisticLoss(features: scaled, targets: y), parameters: [1, 0])
    #expect(w.outcome == .converged && v.outcome == .converged)
    let back = Vector<Double>(count: 20) { v.estimate[$0] / t[$0] }
    #expect(relativeError(w.estimate, back) <= 1e-10)
  }

  @Test func separableDataWithoutRidgeStaysBounded() {
    // The 1-norm alone keeps w finite where a hyperplane separates the labels.
    let X = Matrix<Double>(rows: 6, columns: 2) { i, j in
      j == 0 ? (i < 3 ? 1 + Double(i) : -1 - Double(i)) : 0.1 * Double(i)
    }
    let loss = LogisticLoss(features: X, targets: [1, 1, 1, -1, -1, -1])
    let found = WorkingSetSolver<Double>().solve(loss, parameters: [1e-4, 0])
    #expect(found.outcome == .converged)
    #expect(PenalizedMap(loss: loss).residual(at: found.estimate, parameters: [1e-4, 0]) <= 1e-14)
  }

  @Test func aNaNIsAnOutcome() {
    var (X, y) = Self.draw(30, 5, seed: 2)
    X[3, 2] = .nan
    let loss = LogisticLoss(features: X, targets: y)
    y[0] = 1
    #expect(WorkingSetSolver<Double>().solve(loss, parameters: [0.01, 0.01]).outcome == .notFinite())
  }

  @Test func centralDifferencesAgreeOnSparseData() throws {
    var random = RandomStream(seed: 9)
    let X = Matrix<Double>(rows: 300, columns: 120) { _, _ in
      random.nextIndex(below: 10) == 0 ? random.nextNormal() : 0
    }
    let y = Vector<Double>(count: 300) { X[$0, 0] + X[$0, 1] - X[$0, 2] + 0.2 * random.nextNormal() > 0 ? 1 : -1 }
    let map = PenalizedMap(features: SparseMatrix(X), labels: y)
    let objective = HeldOutLogisticLoss<Double>(features: SparseMatrix(X), targets: y)
    let λ: Vector<Double> = [0.004, 0.01]
    func solve(_ λ: Vector<Double>) -> Vector<Double> {
      WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ).estimate
    }
    let w = solve(λ)
    #expect(w.nonzeroCount > 5 && w.nonzeroCount < 120)
    let got = try AID<Map>().hypergradient(of: objective, FixedPointProblem(map, parameters: λ, state: w)).get()
    for j in 0..<2 {
      // Truncation h² f‴/6 is near 1e-12 for derivatives of order 1. Solutions that differ from the exact ones by some 1e-13 move f
      // by as much, which h = 1e-6 makes 1e-7 of the quotient; a digit is left for the conditioning.
      let h = 1e-6
      var (up, down) = (Vector(copying: λ), Vector(copying: λ))
      up[j] += h
      down[j] -= h
      let (above, below) = (solve(up), solve(down))
      #expect(IndexSubset(nonzerosOf: above) == IndexSubset(nonzerosOf: below))
      let difference =
        (objective.value(at: above, parameters: up) - objective.value(at: below, parameters: down)) / (2 * h)
      #expect(abs(difference - got[j]) <= 1e-6 * abs(got[j]))
    }
  }

  /// More support than samples: the direct method factors the samples' matrix, weighted by the curvatures. The general
  /// solver knows nothing of that.
  @Test func supportsLargerThanTheSamples() throws {
    let (X, y) = Self.draw(40, 150, seed: 6)
    let λ: Vector<Double> = [1e-4, 0.05]
    let objective = HeldOutLogisticLoss<Double>(features: X, targets: y)
    var gradients: [Vector<Double>] = []
    for features in [DenseDesign(X), SparseMatrix(X)] as [any DesignMatrix<Double>] {
      let map = PenalizedMap(features: features, labels: y)
      let w = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ).estimate
      #expect(w.nonzeroCount > 40)
      let problem = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true)
      for solver in [.direct, .conjugateGradient, .gmres()] as [AID<Map>.Solver] {
        gradients.append(try AID<Map>(solver).hypergradient(of: objective, problem).get())
      }
    }
    for gradient in gradients.dropFirst() { #expect(relativeError(gradient, gradients[0]) <= 1e-9) }
  }

  @Test(arguments: [false, true])
  func theOracleOverAllSamplesIsTheMap(sparse: Bool) {
    let (X, y) = Self.draw(70, 12, seed: 3)
    let map = PenalizedMap(
      features: sparse ? SparseMatrix(X) as any DesignMatrix<Double> : DenseDesign(X), labels: y,
      strengths: .perCoordinate(12))
    let λ = Vector<Double>(count: 13) { 0.01 + 0.002 * Double($0) }
    let w = WorkingSetSolver<Double>().solve(map.smooth.loss, shared: map.penalty.strengths, parameters: λ).estimate
    let (oracle, outer, linearization) = (map.makeOracle(), map.makeOuterLinearization(), map.makeLinearization())
    oracle.prepare(at: w, parameters: λ)
    var value = w
    map.linearize(at: w, parameters: λ, into: linearization, value: &value)
    let v = Vector<Double>(count: 12) { Double(($0 * 29) % 13) - 6 }
    // Sums of n = 70 products of order 1.
    let roundoff = 70 * 8 * Double.ulpOfOne
    for batch in [Minibatch.all(of: 70), Minibatch(Array((0..<70).reversed()))] {
      var u = Vector<Double>.zeros(12)
      oracle.addValue(batch, scale: 1, to: &u)
      map.linearizeOuter(at: u, parameters: λ, into: outer)
      var got = w
      map.applyOuter(u, parameters: λ, relaxation: 1, into: &got)
      #expect(got.distance(to: value) <= roundoff * max(1, w.norm))
      var z = v
      outer.applyStateAdjoint(v, into: &z)
      var x = Vector<Double>.zeros(12)
      oracle.addStateAdjoint(batch, z, scale: 1, to: &x)
      var expected = x
      linearization.state.applyAdjoint(v, into: &expected)
      #expect(x.distance(to: expected) <= roundoff * expected.norm)
      var (g, expectedG) = (Vector<Double>.zeros(13), Vector<Double>.zeros(13))
      oracle.addParametersAdjoint(batch, z, scale: 1, to: &g)
      outer.addParametersAdjoint(v, scale: 1, to: &g)
      linearization.parameters.applyAdjoint(v, into: &expectedG)
      #expect(g.distance(to: expectedG) <= roundoff * expectedG.norm)
    }
  }

  /// With every sample in the batch and η = 1 the stochastic recursion is AID's fixed-point iteration.
  @Test func fullBatchesWithUnitStepsAreAID() throws {
    let (map, λ) = Self.problem(90, 15, strength: 0.1, ridge: 0.05)
    let w = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ).estimate
    let problem = FixedPointProblem(map, parameters: λ, state: w)
    let y = Vector<Double>(count: 15) { Double($0 % 3) - 1 }
    let nsid = NSID<Map>(
      iterations: 30, innerBatches: 1, batchSize: 90, steps: .constant(1), sampling: .reshuffledEpochs)
    let aid = try AID<Map>(.fixedPoint, stopping: .iterations(30)).vjp(problem, cotangent: y).get()
    let got = try nsid.vjp(problem, cotangent: y).get()
    #expect(got.distance(to: aid) <= 30 * 90 * .ulpOfOne * aid.norm)
  }

  @Test(.enabled(if: Allocations.areCounted), arguments: [SharedStrengths.single, .perCoordinate(20)])
  func linearizingAndProductsAllocateNothing(_ groups: SharedStrengths) throws {
    let (X, labels) = Self.draw(100, 20, seed: 5)
    let map = PenalizedMap(features: X, labels: labels, strengths: groups)
    let λ = Vector<Double>(repeating: 0.02, count: groups.count + 1)
    var w = Vector<Double>(count: 20) { Double($0 % 5) - 2 }
    let linearization = map.makeLinearization()
    var (x, g) = (w, Vector<Double>.zeros(groups.count + 1))
    var V = Matrix<Double>.zeros(20, 3)
    let M = Matrix<Double>.zeros(groups.count + 1, 3)
    func pass() {
      map.linearize(at: w, parameters: λ, into: linearization, value: &x)
      linearization.state.apply(w, into: &x)
      linearization.state.applyAdjoint(x, into: &w)
      linearization.parameters.applyAdjoint(w, into: &g)
      linearization.parameters.apply(g, into: &x)
      linearization.parameters.apply(block: M, into: &V)
      map.apply(x, parameters: λ, into: &w)
    }
    pass()
    #expect(Allocations.count { for _ in 0..<10 { pass() } }.allocations == 0)
  }
}
