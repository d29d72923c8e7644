import ImplicitDiff
import LinAlg
import Models
import RandomStreams
import RealModule
import TestSupport
import Testing

/// A plan is a promise: the root mean square errors of v and of the hypergradient stay below what was asked for.
@Suite struct NSIDPlanTests {
  typealias Map = ElasticNetMap<Double>

  /// An elastic net drawn from a seed, with v̄ and A2ᵀ v̄ by a dense factorization.
  struct Drawn {
    let problem: FixedPointProblem<Map>
    let cotangent: Vector<Double>
    let batchSize: Int
    let adjoint: Vector<Double>
    let product: Vector<Double>

    init(seed: Int) throws {
      var random = RandomStream(seed: UInt64(seed))
      // Every fifth problem has samples enough, and noise little enough, for u to be sampled.
      let isLarge = seed % 5 == 4
      let n = isLarge ? 600 : [8, 20, 40, 80][random.nextIndex(below: 4)]
      let p = [1, 2, 5, 9, 14][random.nextIndex(below: 5)]
      let noise = isLarge ? 0.02 : [0.05, 0.5, 2][random.nextIndex(below: 3)]
      let correlation = [0, 0.3, 0.7][random.nextIndex(below: 3)]
      let λ: Vector<Double> = [
        [0.02, 0.1, 0.3][random.nextIndex(below: 3)], [0.3, 1, 2][random.nextIndex(below: 3)],
      ]
      batchSize = [1, 3, 8][random.nextIndex(below: 3)]
      let common = Vector<Double>(count: n) { _ in random.nextNormal() }
      let X = Matrix<Double>(rows: n, columns: p) { i, _ in
        (1 - correlation).squareRoot() * random.nextNormal() + correlation.squareRoot() * common[i]
      }
      let y = Vector<Double>(count: n) { i in
        (0..<(p + 1) / 2).reduce(0.0) { $0 + X[i, $1] } + noise * random.nextNormal()
      }
      let map = Map(features: X, targets: y)
      let w = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ).estimate
      problem = FixedPointProblem(map, parameters: λ, state: w)
      let cotangent = Vector<Double>(count: p) { _ in random.nextNormal() }
      self.cotangent = cotangent
      (adjoint, product) = try exactAdjoint(problem, cotangent)
    }
  }

  static let seeds = 32
  /// Steps that one run of a problem may take, so that all take seconds.
  static let affordable = 3000

  /// The accuracy is the smallest of a few that a problem's run can afford. The mean of R squares of normal errors, as uneven
  /// as they may be, is at most χ²_R/R times ε²; R = 32 exceeds 1.94 in one case of a thousand (Wilson and Hilferty: (1 −
  /// 2/(9R) + 3.09 √(2/(9R)))³). Over P problems the mean of the quotients has the deviation √(2/(R P)) at most, of which
  /// three are allowed: this is the sharp check.
  @Test func theErrorsStayBelowTheAccuracy() throws {
    let R = Double(Self.seeds)
    let allowed = Double.pow(1 - 2 / (9 * R) + 3.09 * (2 / (9 * R)).squareRoot(), 3)
    var adjointQuotients = 0.0
    var productQuotients = 0.0
    var problems = 0.0
    var sampled = 0
    var accuracies: Set<Double> = []
    for seed in 0..<60 {
      let drawn = try Drawn(seed: seed)
      guard drawn.batchSize <= drawn.problem.map.sampleCount, drawn.product.norm > 0 else { continue }
      for quantity in [PlannedQuantity.adjoint, .hypergradient] {
        guard let (ε, plan) = affordablePlan(drawn, quantity) else { continue }
        var adjoint = 0.0
        var product = 0.0
        let workspace = NSID<Map>(plan: plan).makeWorkspace(for: drawn.problem.map)
        var g = Vector<Double>.zeros(2)
        for run in 0..<Self.seeds {
          let report = try NSID<Map>(plan: plan, seed: UInt64(run)).vjp(
            drawn.problem, into: &g, workspace: workspace
          ) { $2.copy(from: drawn.cotangent) }
          #expect(report.outcome == .fixedIterations)
          adjoint += squaredRatio(workspace.v, drawn.adjoint) / R
          product += squaredRatio(g, drawn.product) / R
        }
        problems += 0.5
        accuracies.insert(ε)
        if plan.innerPass == .sampled { sampled += 1 }
        switch quantity {
        case .adjoint:
          adjointQuotients += adjoint / (ε * ε)
          #expect(
            adjoint <= allowed * ε * ε, "v, problem \(seed): \(adjoint.squareRoot()) for \(ε)\n\(plan.explanation)")
        default:
          productQuotients += product / (ε * ε)
          #expect(
            product <= allowed * ε * ε, "g, problem \(seed): \(product.squareRoot()) for \(ε)\n\(plan.explanation)")
        }
      }
    }
    #expect(problems >= 40 && sampled >= 5, "\(problems) problems, \(sampled) plans with a sampled u")
    #expect(accuracies == [0.01, 0.03, 0.1, 0.3], "\(accuracies)")
    let mean = 1 + 3 * (2 / (R * problems)).squareRoot()
    #expect(adjointQuotients / problems <= mean)
    #expect(productQuotients / problems <= mean)
    // It is no promise either to ask for hundreds of times the steps: an error of a tenth of the accuracy in the mean would be.
    #expect(adjointQuotients / problems >= 0.01)
    #expect(productQuotients / problems >= 0.01)
  }

  private func affordablePlan(_ drawn: Drawn, _ quantity: PlannedQuantity) -> (Double, NSIDPlan<Double>)? {
    for ε in [0.01, 0.03, 0.1, 0.3] {
      guard
        let plan = try? NSID<Map>.plan(
          drawn.problem, cotangent: drawn.cotangent, batchSize: drawn.batchSize, relativeAccuracy: ε, of: quantity)
      else { continue }
      if plan.iterations <= Self.affordable { return (ε, plan) }
    }
    return nil
  }

  /// Both bounds hold in a plan for both, and the strategy is the plan.
  @Test func thePlanIsWhatRuns() throws {
    let drawn = try Drawn(seed: 4)
    let plan = try NSID<Map>.plan(
      drawn.problem, cotangent: drawn.cotangent, batchSize: drawn.batchSize, relativeAccuracy: 0.2)
    #expect(plan.adjointBound <= 0.2)
    #expect(try #require(plan.hypergradientBound) <= 0.2)
    #expect(plan.explanation.contains("k = \(plan.iterations)"))
    let strategy = NSID<Map>(plan: plan, seed: 9)
    #expect(strategy.iterations == plan.iterations && strategy.innerBatches == plan.innerBatches)
    #expect(strategy.batchSize == plan.batchSize && strategy.steps == plan.steps)
    #expect(strategy.innerPass == plan.innerPass && strategy.seed == 9)
    #expect(strategy.sampling == .withReplacement && strategy.replicates == 1 && !strategy.forced)
  }

  /// Near a stationary point of f the hypergradient is what is left of two terms: none of its digits can be had.
  @Test func aHypergradientThatCancelsIsRefusedWithItsFigures() throws {
    let drawn = try Drawn(seed: 4)
    struct Objective: OuterObjective {
      typealias Element = Double
      let y: Vector<Double>
      let direct: Vector<Double>
      func value(at w: Vector<Double>, parameters λ: Vector<Double>) -> Double { 0 }
      func gradient(
        at w: Vector<Double>, parameters λ: Vector<Double>, support: IndexSubset?, state: inout Vector<Double>,
        parameters: inout Vector<Double>
      ) {
        state.copy(from: y)
        parameters.copy(from: direct)
      }
    }
    let cancelling = Objective(y: drawn.cotangent, direct: -(drawn.product))
    let refused = #expect(throws: DifferentiationError.self) {
      try NSID<Map>.plan(
        drawn.problem, objective: cancelling, batchSize: drawn.batchSize, relativeAccuracy: 0.1)
    }
    guard case .plan(.hypergradientTooSmall(let norm, let terms, let accuracy))? = refused else {
      Issue.record("\(String(describing: refused))")
      return
    }
    #expect(norm <= 1e-10 * drawn.product.norm && terms >= drawn.product.norm && accuracy == 0.1)
    // Its adjoint can be had all the same, and so can a hypergradient that adds up.
    _ = try NSID<Map>.plan(
      drawn.problem, objective: cancelling, batchSize: drawn.batchSize, relativeAccuracy: 0.1, of: .adjoint)
    let adding = Objective(y: drawn.cotangent, direct: 9 * drawn.product)
    let easy = try NSID<Map>.plan(
      drawn.problem, objective: adding, batchSize: drawn.batchSize, relativeAccuracy: 0.03)
    let hard = try NSID<Map>.plan(
      drawn.problem, cotangent: drawn.cotangent, batchSize: drawn.batchSize, relativeAccuracy: 0.03, of: .hypergradient)
    #expect(easy.iterations < hard.iterations)
  }

  @Test func whatCannotBePlannedIsThrown() throws {
    let drawn = try Drawn(seed: 4)
    func failure(
      _ problem: FixedPointProblem<Map>, _ y: Vector<Double>, batchSize: Int = 3, _ ε: Double = 0.1
    ) -> DifferentiationError? {
      var error: DifferentiationError?
      do {
        _ = try NSID<Map>.plan(problem, cotangent: y, batchSize: batchSize, relativeAccuracy: ε)
      } catch let caught {
        error = caught
      }
      return error
    }
    let map = drawn.problem.map
    let y = drawn.cotangent
    #expect(failure(drawn.problem, y) == nil)
    for (batchSize, ε) in [(0, 0.1), (map.sampleCount + 1, 0.1), (3, 0), (3, -1), (3, .nan), (3, .infinity)] {
      guard case .plan(.invalidArgument)? = failure(drawn.problem, y, batchSize: batchSize, ε) else {
        Issue.record("accepted batch \(batchSize), accuracy \(ε)")
        continue
      }
    }
    func expect(_ error: DifferentiationError?, _ text: String) {
      #expect(error?.description.contains(text) == true, "\(String(describing: error))")
    }
    expect(failure(drawn.problem, Vector(count: y.count + 1) { _ in 1 }), "entries")
    expect(failure(drawn.problem, Double.nan * y), "NaN")
    var state = drawn.problem.state
    state[0] = .infinity
    expect(failure(FixedPointProblem(map, parameters: drawn.problem.parameters, state: state), y), "NaN")
    let expanding = Map(loss: map.smooth.loss, step: .fixed(10 * map.stepSize(parameters: drawn.problem.parameters)))
    let expandingProblem = FixedPointProblem(
      expanding, parameters: drawn.problem.parameters, state: drawn.problem.state)
    expect(failure(expandingProblem, y), "contraction factor")
    expect(failure(drawn.problem, y, 1e-16), "out of reach")
  }

  /// SID's map is no mean over samples where batches straddle a kink: a plan for it would promise what it cannot hold.
  @Test func aBiasedOracleIsNoticed() throws {
    let X = Matrix<Double>(rows: 30, columns: 2) { i, j in Double((i * 7 + 3 * j) % 11) - 5 }
    let y = Vector<Double>(count: 30) { Double(($0 * 5) % 7) - 3 }
    let map = Map(features: X, targets: y)
    let λ: Vector<Double> = [0.3, 0.5]
    let w = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ).estimate
    let problem = FixedPointProblem(SampledOuterMap(map), parameters: λ, state: w)
    let refused = #expect(throws: DifferentiationError.self) {
      try NSID<SampledOuterMap<Map>>.plan(problem, cotangent: [1, 2], batchSize: 3, relativeAccuracy: 0.1)
    }
    guard case .plan(.notAMean(let difference))? = refused else {
      Issue.record("\(String(describing: refused))")
      return
    }
    #expect(difference > 0.01)
  }

  /// One sample, one unknown, no support, no cotangent, zeros for data; in Float, an accuracy that its digits allow.
  @Test func degenerateProblemsHaveTheirPlans() throws {
    func check<E: Scalar>(_ X: Matrix<E>, _ y: Vector<E>, _ λ: Vector<E>, _ c: Vector<E>, ε: E) throws {
      let map = ElasticNetMap<E>(features: X, targets: y)
      let w = WorkingSetSolver<E>().solve(map.smooth.loss, parameters: λ).estimate
      let problem = FixedPointProblem(map, parameters: λ, state: w)
      let plan = try NSID<ElasticNetMap<E>>.plan(problem, cotangent: c, batchSize: 1, relativeAccuracy: ε)
      let (adjoint, product) = try exactAdjoint(problem, c)
      var g = Vector<E>.zeros(2)
      var square: E = 0
      for seed in 0..<16 {
        let strategy = NSID<ElasticNetMap<E>>(plan: plan, seed: UInt64(seed))
        let workspace = strategy.makeWorkspace(for: map)
        let report = try strategy.vjp(problem, into: &g, workspace: workspace) { $2.copy(from: c) }
        #expect(report.outcome == .fixedIterations)
        let d = g.distance(to: product)
        let e = workspace.v.distance(to: adjoint)
        if product.norm == 0 { #expect(d == 0) } else { square += d * d / product.dot(product) / 16 }
        if adjoint.norm == 0 { #expect(e == 0) }
      }
      // χ²₁₆/16 exceeds 2.45 in one case of a thousand.
      #expect(square <= 2.45 * ε * ε)
    }
    try check(Matrix<Double>([[2]]), [3], [0.1, 0.5], [1], ε: 0.01)
    try check(Matrix<Double>([[2, 1]]), [3], [0.1, 0.5], [1, -2], ε: 0.01)
    try check(Matrix<Double>([[2], [1], [1.5]]), [3, 1, 2], [0.1, 0.5], [1], ε: 0.05)
    try check(Matrix<Double>([[2], [1], [1.5]]), [3, 1, 2], [0.1, 0.5], [0], ε: 0.05)
    try check(Matrix<Double>([[2], [1], [1.5]]), [3, 1, 2], [100, 0.5], [1], ε: 0.05)
    try check(Matrix<Double>([[0, 0], [0, 0]]), [1, 2], [0.1, 0.5], [1, 2], ε: 0.05)
    try check(Matrix<Float>([[2, 1], [1, 1], [1.5, -1]]), [3, 1, 2], [0.1, 0.5], [1, -1], ε: 0.1)
  }

  /// The noise is large and p is above what is looked at one by one: norms come from random directions.
  @Test func manyActiveCoordinatesAreBounded() throws {
    var random = RandomStream(seed: 5)
    let X = Matrix<Double>(rows: 60, columns: 90) { _, _ in random.nextNormal() }
    let y = Vector<Double>(count: 60) { _ in random.nextNormal() }
    let map = Map(features: X, targets: y)
    let λ: Vector<Double> = [0.0001, 3]
    let w = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ).estimate
    #expect(w.nonzeroCount > 64)
    let problem = FixedPointProblem(map, parameters: λ, state: w)
    let c = Vector<Double>(count: 90) { _ in random.nextNormal() }
    let plan = try NSID<Map>.plan(problem, cotangent: c, batchSize: 20, relativeAccuracy: 0.3, of: .adjoint)
    let (adjoint, _) = try exactAdjoint(problem, c)
    var square = 0.0
    var g = Vector<Double>.zeros(2)
    for seed in 0..<8 {
      let strategy = NSID<Map>(plan: plan, seed: UInt64(seed))
      let workspace = strategy.makeWorkspace(for: map)
      _ = try strategy.vjp(problem, into: &g, workspace: workspace) { $2.copy(from: c) }
      square += squaredRatio(workspace.v, adjoint) / 8
    }
    // The error is spread over 90 coordinates: the mean of eight squares is near their expectation.
    #expect(square.squareRoot() <= 0.3)
  }
}

/// ‖a − b‖²/‖b‖².
private func squaredRatio(_ a: Vector<Double>, _ b: Vector<Double>) -> Double {
  let d = a.distance(to: b)
  return d * d / b.dot(b)
}

/// v̄ = (I − A1ᵀ)⁻¹ y by LU, and A2ᵀ v̄.
private func exactAdjoint<E: Scalar>(
  _ problem: FixedPointProblem<ElasticNetMap<E>>, _ y: Vector<E>
) throws -> (Vector<E>, Vector<E>) {
  let linearization = problem.map.makeLinearization()
  problem.map.linearize(atSolution: problem.state, parameters: problem.parameters, into: linearization)
  var v = Vector(copying: y)
  try LU(Matrix<E>.identity(y.count) - linearization.state.dense().transposed).solve(&v)
  var g = Vector<E>.zeros(problem.parameters.count)
  linearization.parameters.applyAdjoint(v, into: &g)
  return (v, g)
}
