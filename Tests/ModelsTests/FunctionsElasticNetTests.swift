import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing

/// The elastic net as f plus g over every storage: its derivatives on every case with a known answer.
@Suite struct FunctionsElasticNetTests {
  typealias Map<E: Scalar> = ProximalGradientMap<LinearModel<QuadraticLoss<E>>, L1Norm<E>>
  typealias Storage = FunctionsDerivativeTests.Storage

  /// A case with its map, solved by working sets.
  struct Solved {
    let reference: ReferenceCase
    let map: Map<Double>
    let objective: HeldOutSquaredError<Double>
    let w: Vector<Double>
    let exact: Vector<Double>

    init(_ name: String, _ storage: Storage) throws {
      reference = try ReferenceCase(name)
      let (data, design) = (reference.data, FunctionsDerivativeTests.design(reference.data.trainFeatures, storage))
      map = ProximalGradientMap(LinearModel(features: design, targets: data.trainTargets), L1Norm())
      objective = HeldOutLoss(
        features: FunctionsDerivativeTests.design(data.validationFeatures, storage), targets: data.validationTargets)
      let solution = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: reference.parameters)
      #expect(solution.outcome == .converged)
      w = solution.estimate
      exact = Vector(reference.answer.hypergradient)
    }

    func problem(isSolution: Bool = false) -> FixedPointProblem<Map<Double>> {
      FixedPointProblem(map, parameters: reference.parameters, state: w, stateIsSolution: isSolution)
    }
  }

  /// The tolerances of `ElasticNetReferenceTests`.
  @Test(arguments: ReferenceCase.elasticNetNames, Storage.allCases)
  func everyStrategyMeetsTheExactHypergradient(_ name: String, _ storage: Storage) throws {
    typealias M = Map<Double>
    let solved = try Solved(name, storage)
    for solver in [.automatic, .conjugateGradient, .minres, .gmres(), .bicgstab, .direct] as [AID<M>.Solver] {
      for isSolution in [false, true] {
        let got = try AID<M>(solver).hypergradient(of: solved.objective, solved.problem(isSolution: isSolution)).get()
        #expect(relativeError(got, solved.exact) <= 1e-9, "\(name), \(solver)")
      }
      let J = try AID<M>(solver).jacobian(solved.problem()).get()
      let answer = solved.reference.answer
      for (k, j) in answer.support.enumerated() {
        #expect(abs(J[j, 0] - answer.jacobian_lambda1[k]) <= 1e-9 * J.frobeniusNorm, "\(name), \(solver)")
        #expect(abs(J[j, 1] - answer.jacobian_lambda2[k]) <= 1e-9 * J.frobeniusNorm, "\(name), \(solver)")
      }
    }
    let fp = try AID<M>(.fixedPoint).hypergradient(of: solved.objective, solved.problem()).get()
    #expect(relativeError(fp, solved.exact) <= 1e-7, "\(name)")
    // Thousands of steps: products alone take the same as dense ones and are left out.
    if storage == .products { return }
    let start = FixedPointProblem(solved.map, parameters: solved.reference.parameters)
    for strategy in [ForwardITD(), ReverseITD()] as [any AdjointStrategy<M>] {
      let got = try strategy.hypergradient(of: solved.objective, start).get()
      #expect(relativeError(got, solved.exact) <= 1e-7, "\(name), \(strategy.name)")
    }
  }

  /// The relative error of a solve is the condition number on the support, at most (1 + q_S)/(1 − q_S), times the residual it stops at and some
  /// tens of ulps.
  @Test(arguments: ["elastic-net-paper-sparse", "elastic-net-diabetes"], Storage.allCases)
  func singlePrecisionMeetsIt(_ name: String, _ storage: Storage) throws {
    typealias M = Map<Float>
    let reference = try ReferenceCase(name)
    let X = Matrix<Float>(converting: reference.data.trainFeatures)
    let map = M(
      LinearModel(
        features: FunctionsDerivativeTests.design(X, storage), targets: Vector(converting: reference.data.trainTargets)),
      L1Norm())
    let objective = HeldOutSquaredError<Float>(
      features: Matrix(converting: reference.data.validationFeatures),
      targets: Vector(converting: reference.data.validationTargets))
    let λ = Vector<Float>(converting: reference.parameters)
    let w = Vector<Float>(converting: Vector(reference.answer.solution))
    let exact = Vector(reference.answer.hypergradient)
    for solver in [.automatic, .conjugateGradient, .minres, .gmres(), .bicgstab, .direct] as [AID<M>.Solver] {
      let problem = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true)
      let got = try AID<M>(solver).hypergradient(of: objective, problem).get()
      let q = reference.answer.contraction_on_support
      let tolerance = Double(AID<M>.defaultTolerance + 64 * .ulpOfOne)
      #expect(
        relativeError(Vector(converting: got), exact) <= (1 + q) / (1 - q) * tolerance, "\(name), \(storage), \(solver)"
      )
    }
  }

  /// As `OutcomeTests.repeatedSymmetricSolvesAllocateNothing` asks.
  @Test(
    .enabled(if: Allocations.areCounted),
    arguments: [.direct, .conjugateGradient, .minres] as [AID<Map<Double>>.Solver],
    [false, true])
  func repeatedAdjointsAllocateNothing(_ solver: AID<Map<Double>>.Solver, _ isSolution: Bool) throws {
    let solved = try Solved("elastic-net-paper-sparse", .dense)
    let strategy = AID<Map<Double>>(solver)
    let workspace = strategy.makeWorkspace(for: solved.map)
    let problem = solved.problem(isSolution: isSolution)
    let c = Vector<Double>(count: solved.map.stateCount) { Double($0 % 5) - 1.5 }
    var g = Vector<Double>.zeros(2)
    // The runtime's own caches fill during the first calls.
    let counts = try (0..<4).map { _ in
      try Allocations.count {
        _ = try strategy.vjp(problem, into: &g, workspace: workspace) { $2.copy(from: c) }
      }.allocations
    }
    #expect(counts.min() == 0, "\(counts)")
  }
}
