import Datasets
import Foundation
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing

/// The logistic and the weighted case with known exact answers, through every strategy, dense and sparse.
@Suite struct PenalizedReferenceTests {
  /// What case.json holds for both.
  struct Answer: Decodable {
    let lambda1: Double?
    let lambda2: Double?
    let value: Double
    let hypergradient: [Double]
    let solution: [Double]
    let support: [Int]
    let margin: Double
  }

  /// A case, its map and objective; the inner problem is solved on construction.
  struct Case<Loss: SmoothLoss<Double>> {
    let answer: Answer
    let map: PenalizedMap<Loss>
    let objective: HeldOutLoss<Loss>
    let parameters: Vector<Double>
    let solution: WorkingSetSolution<Double>
    /// ∂f/∂λ without the ridge's where the case has none.
    let exact: Vector<Double>

    init(_ name: String, sparse: Bool = false) throws {
      let folder = ReferenceCase.root + "/" + name
      answer = try JSONDecoder().decode(Answer.self, from: Data(contentsOf: URL(filePath: folder + "/case.json")))
      let data = try HeldOutData<Double>(directory: folder)
      func design(_ X: Matrix<Double>) -> any DesignMatrix<Double> { sparse ? SparseMatrix(X) : DenseDesign(X) }
      var groups = SharedStrengths.single
      if let λ1 = answer.lambda1, let λ2 = answer.lambda2 {
        parameters = [λ1, λ2]
      } else {
        let strengths = try NPY.vector(at: folder + "/weights.npy", as: Double.self)
        groups = .perCoordinate(strengths.count)
        parameters = Vector(count: strengths.count + 1) { $0 < strengths.count ? strengths[$0] : 0 }
      }
      map = PenalizedMap(
        loss: Loss(features: design(data.trainFeatures), targets: data.trainTargets), strengths: groups)
      objective = HeldOutLoss(features: design(data.validationFeatures), targets: data.validationTargets)
      solution = WorkingSetSolver<Double>().solve(map.smooth.loss, shared: groups, parameters: parameters)
      exact = Vector(answer.hypergradient)
    }

    var problem: FixedPointProblem<PenalizedMap<Loss>> {
      FixedPointProblem(map, parameters: parameters, state: solution.estimate)
    }

    /// The part of a gradient that the case gives.
    func known(_ gradient: Vector<Double>) -> Vector<Double> { gradient[segment: 0..<exact.count] }

    func innerSolutionIsExact() {
      #expect(solution.outcome == .converged)
      #expect(IndexSubset(nonzerosOf: solution.estimate).elements == answer.support)
      // Both solvers end at the rounding of a system with a condition number of at most L/(μ + λ2) on the support, 1e3 for
      // these cases; the case's own digits are float64.
      #expect(relativeError(solution.estimate, Vector(answer.solution)) <= 1e-11)
      #expect(abs(objective.value(at: solution.estimate, parameters: parameters) / answer.value - 1) <= 1e-11)
      let margin = map.dualMargin(at: solution.estimate, parameters: parameters)
      #expect(abs(margin - answer.margin) <= 1e-10)
    }

    func everyStrategyMeetsTheExactHypergradient() throws {
      typealias Map = PenalizedMap<Loss>
      var vouched = problem
      vouched.stateIsSolution = true
      for solver in [.automatic, .conjugateGradient, .minres, .gmres(), .bicgstab, .direct] as [AID<Map>.Solver] {
        for p in [problem, vouched] {
          let got = try AID<Map>(solver).hypergradient(of: objective, p).get()
          #expect(relativeError(known(got), exact) <= 1e-9, "\(solver)")
        }
      }
      let fp = try AID<Map>(.fixedPoint).hypergradient(of: objective, problem).get()
      #expect(relativeError(known(fp), exact) <= 1e-7)
      let start = FixedPointProblem(map, parameters: parameters)
      for strategy in [ForwardITD(), ReverseITD()] as [any AdjointStrategy<Map>] {
        let got = try strategy.hypergradient(of: objective, start).get()
        #expect(relativeError(known(got), exact) <= 1e-7, "\(strategy.name)")
      }
    }

    func tangentsAndAdjointsAgree() throws {
      let J = try AID<PenalizedMap<Loss>>(.automatic).jacobian(problem).get()
      var y = Vector<Double>.zeros(map.stateCount)
      var unused = Vector<Double>.zeros(parameters.count)
      objective.gradient(
        at: solution.estimate, parameters: parameters, support: nil, state: &y, parameters: &unused)
      #expect(relativeError(known(J.transposed * y), exact) <= 1e-9)
    }
  }

  @Test(arguments: [false, true])
  func logistic(sparse: Bool) throws {
    let reference = try Case<LogisticLoss<Double>>("logistic-breast-cancer", sparse: sparse)
    reference.innerSolutionIsExact()
    try reference.everyStrategyMeetsTheExactHypergradient()
    try reference.tangentsAndAdjointsAgree()
  }

  @Test(arguments: [false, true])
  func weightedLasso(sparse: Bool) throws {
    let reference = try Case<QuadraticLoss<Double>>("weighted-lasso-diabetes", sparse: sparse)
    reference.innerSolutionIsExact()
    try reference.everyStrategyMeetsTheExactHypergradient()
    try reference.tangentsAndAdjointsAgree()
  }

  /// The strong convexity that the bound needs comes from λ2 for the logistic loss.
  @Test func theErrorBoundOfTheLogisticCaseHolds() throws {
    let reference = try Case<LogisticLoss<Double>>("logistic-breast-cancer")
    let strategy = AID<SparseLogisticMap<Double>>(.automatic)
    let workspace = strategy.makeWorkspace(for: reference.map)
    var gradient = Vector<Double>.zeros(2)
    var scratch = gradient
    _ = try strategy.hypergradient(
      of: reference.objective, reference.problem, into: &gradient, scratch: &scratch, workspace: workspace)
    let certificate = try #require(
      strategy.certificate(for: reference.problem, objective: reference.objective, workspace: workspace))
    let bound = try #require(certificate.hypergradientErrorBound)
    #expect(gradient.distance(to: reference.exact) <= bound)
    #expect(bound <= 1e-5 * reference.exact.norm, "a bound that says nothing")
    // Away from the solution too: a state moved by δ within its piece has a hypergradient within its bound.
    var moved = reference.problem
    var w = Vector(copying: reference.solution.estimate)
    for j in reference.answer.support { w[j] += 1e-6 * (j % 2 == 0 ? 1 : -1) }
    moved.state = w
    _ = try strategy.hypergradient(
      of: reference.objective, moved, into: &gradient, scratch: &scratch, workspace: workspace)
    let wide = try #require(
      strategy.certificate(for: moved, objective: reference.objective, workspace: workspace))
    #expect(gradient.distance(to: reference.exact) <= (try #require(wide.hypergradientErrorBound)))
    #expect(wide.stateErrorBound >= w.distance(to: reference.solution.estimate))
  }

  /// Every kink rule differentiates one element, forward and adjoint alike, with and without groups.
  @Test(arguments: KinkRule.allCases)
  func kinksWithThresholdsByFeature(_ kink: KinkRule) throws {
    // X = √3 I, n = 3, step 1: u = √3 y/3 = (2, 1, 0.5) up to rounding. Thresholds (1, u₁, 0) put entry 1 at its kink.
    let root = 3.0.squareRoot()
    let X = Matrix<Double>(rows: 3, columns: 3) { $0 == $1 ? root : 0 }
    let map = PenalizedMap(
      features: X, targets: [2 * root, root, 0.5 * root], strengths: .perCoordinate(3), step: .fixed(1), kink: kink)
    let linearization = map.makeLinearization()
    var value = Vector<Double>.zeros(3)
    map.apply(.zeros(3), parameters: [0, 0, 0, 0], into: &value)
    let strengths: Vector<Double> = [value[0] / 2, value[1], 0, 0]
    map.linearize(at: .zeros(3), parameters: strengths, into: linearization, value: &value)
    #expect(linearization.proximal.derivative == [1, kink.derivative, 1])
    #expect(linearization.kinkDistance == 0)
    #expect(linearization.proximal.isMask == (kink != .midpoint))
    let A2 = linearization.parameters.dense()
    var back = Vector<Double>.zeros(4)
    linearization.parameters.applyAdjoint([1, 10, 100], into: &back)
    #expect(back == A2.transposed * [1, 10, 100])
    #expect(A2.column(1) == [0, -kink.derivative, 0])
  }

  /// With a strength of 0 the derivative with respect to it jumps where its coordinate is 0: no bound is claimed there.
  @Test func aZeroStrengthAtAZeroCoordinateHasNoBound() throws {
    // Orthogonal columns, the second orthogonal to y: w₂ = 0 whatever the other strength.
    let X = Matrix<Double>([[1, 1], [1, -1]])
    let map = PenalizedMap(features: X, targets: [2, 2], strengths: .perCoordinate(2))
    let λ: Vector<Double> = [0.5, 0, 0.1]
    let w = try FixedPointSolver<Double>(stopping: .tolerance(1e-15)).solve(map, parameters: λ).get()
    #expect(abs(w[1]) <= 1e-15)
    let problem = FixedPointProblem(map, parameters: λ, state: w)
    let objective = HeldOutSquaredError<Double>(features: X, targets: [1, 3])
    let strategy = AID<ElasticNetMap<Double>>(.automatic)
    let workspace = strategy.makeWorkspace(for: map)
    var (g, scratch) = (Vector<Double>.zeros(3), Vector<Double>.zeros(3))
    _ = try strategy.hypergradient(of: objective, problem, into: &g, scratch: &scratch, workspace: workspace)
    #expect(
      strategy.certificate(for: problem, objective: objective, workspace: workspace)?.hypergradientErrorBound == nil)
    // With a strength there the bound is back.
    let positive: Vector<Double> = [0.5, 0.2, 0.1]
    let other = FixedPointProblem(
      map, parameters: positive, state: try FixedPointSolver<Double>().solve(map, parameters: positive).get())
    _ = try strategy.hypergradient(of: objective, other, into: &g, scratch: &scratch, workspace: workspace)
    #expect(
      strategy.certificate(for: other, objective: objective, workspace: workspace)?.hypergradientErrorBound != nil)
  }

  @Test func groupsShareTheirStrengths() throws {
    let reference = try ReferenceCase("elastic-net-diabetes")
    let groups = SharedStrengths([0, 0, 1, 1, 2, 2, 0, 0, 1, 1], count: 3)
    let λ: Vector<Double> = [2, 1.5, 3, 0.1]
    func gradient(_ groups: SharedStrengths, _ λ: Vector<Double>) throws -> Vector<Double> {
      let map = PenalizedMap(
        features: reference.data.trainFeatures, targets: reference.data.trainTargets, strengths: groups)
      let w = WorkingSetSolver<Double>().solve(map.smooth.loss, shared: groups, parameters: λ).estimate
      return try AID<ElasticNetMap<Double>>().hypergradient(
        of: HeldOutSquaredError(
          features: reference.data.validationFeatures, targets: reference.data.validationTargets),
        FixedPointProblem(map, parameters: λ, state: w)
      ).get()
    }
    let grouped = try gradient(groups, λ)
    // The chain rule: a group's derivative is the sum over its features of theirs.
    let g = [0, 0, 1, 1, 2, 2, 0, 0, 1, 1]
    let each = try gradient(.perCoordinate(10), Vector(count: 11) { $0 < 10 ? λ[g[$0]] : λ[3] })
    var sums = Vector<Double>.zeros(4)
    for j in 0..<10 { sums[g[j]] += each[j] }
    sums[3] = each[10]
    #expect(relativeError(grouped, sums) <= 1e-12)
  }
}
