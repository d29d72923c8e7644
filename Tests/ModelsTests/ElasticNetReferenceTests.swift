import ImplicitDiff
import LinAlg
import Models
import TestSupport
import Testing

/// Every strategy on every elastic-net case with a known exact answer.
@Suite struct ElasticNetReferenceTests {
  /// A case with its inner problem solved.
  struct Solved {
    let reference: ReferenceCase
    let map: ElasticNetMap<Double>
    let objective: HeldOutSquaredError<Double>
    let solution: FixedPointSolution<Double>
    let exact: Vector<Double>

    init(_ name: String, acceleration: FixedPointSolver<Double>.Acceleration = .anderson(memory: 5)) throws {
      reference = try ReferenceCase(name)
      map = ElasticNetMap(features: reference.data.trainFeatures, targets: reference.data.trainTargets)
      objective = HeldOutSquaredError(
        features: reference.data.validationFeatures, targets: reference.data.validationTargets)
      solution = FixedPointSolver(acceleration: acceleration).solve(map, parameters: reference.parameters)
      exact = Vector(reference.answer.hypergradient)
    }

    var problem: FixedPointProblem<ElasticNetMap<Double>> {
      FixedPointProblem(map, parameters: reference.parameters, state: solution.estimate)
    }
  }

  typealias Map = ElasticNetMap<Double>

  @Test(arguments: ReferenceCase.elasticNetNames)
  func theInnerSolverReachesTheExactSolution(_ name: String) throws {
    let solved = try Solved(name)
    let exact = Vector(solved.reference.answer.solution)
    #expect(solved.solution.outcome == .converged)
    // ‖w − w*‖ ≤ ρ/(1 − q), ρ at most tolerance · ‖w‖ with a tolerance of 64 ε.
    let bound =
      64 * Double.ulpOfOne * max(1, exact.norm) / (1 - solved.reference.answer.contraction)
    #expect(solved.solution.estimate.distance(to: exact) <= 2 * bound)
    #expect(IndexSubset(nonzerosOf: solved.solution.estimate).elements == solved.reference.answer.support)
  }

  @Test(arguments: ReferenceCase.elasticNetNames)
  func stepContractionAndMarginAreTheExactOnes(_ name: String) throws {
    let solved = try Solved(name)
    let answer = solved.reference.answer
    // Eigenvalues by LAPACK on both sides: errors of some p ulps of the largest.
    let roundoff = 1e3 * Double.ulpOfOne
    #expect(abs(solved.map.stepSize(parameters: solved.reference.parameters) / answer.step_size - 1) <= roundoff)
    let q = try #require(solved.map.contractionBound(parameters: solved.reference.parameters))
    #expect(abs(q - answer.contraction) <= roundoff)
    let margin = solved.map.dualMargin(at: solved.solution.estimate, parameters: solved.reference.parameters)
    // The gradient moves by at most L e for a state error e, and s ≤ 2/L.
    let e = 64 * Double.ulpOfOne * max(1, solved.solution.estimate.norm) / (1 - answer.contraction)
    if let expected = answer.margin { #expect(abs(margin - expected) <= 2 / answer.step_size * e + 1e-13) }
  }

  static let aidSolvers: [AID<Map>.Solver] = [
    .automatic, .conjugateGradient, .minres, .gmres(), .bicgstab, .direct,
  ]

  @Test(arguments: ReferenceCase.elasticNetNames, aidSolvers)
  func aidMeetsTheExactHypergradient(_ name: String, _ solver: AID<Map>.Solver) throws {
    let solved = try Solved(name)
    let got = try AID<Map>(solver).hypergradient(of: solved.objective, solved.problem).get()
    #expect(relativeError(got, solved.exact) <= 1e-9, "\(name), \(solver)")
  }

  @Test(arguments: ReferenceCase.elasticNetNames, aidSolvers)
  func aidReadsItsPieceOffASolution(_ name: String, _ solver: AID<Map>.Solver) throws {
    let solved = try Solved(name)
    var problem = solved.problem
    problem.stateIsSolution = true
    let got = try AID<Map>(solver).hypergradient(of: solved.objective, problem).get()
    #expect(relativeError(got, solved.exact) <= 1e-9, "\(name), \(solver)")
  }

  @Test(arguments: ReferenceCase.elasticNetNames)
  func aidFixedPointMeetsTheExactHypergradient(_ name: String) throws {
    let solved = try Solved(name)
    let got = try AID<Map>(.fixedPoint).hypergradient(of: solved.objective, solved.problem).get()
    #expect(relativeError(got, solved.exact) <= 1e-7)
  }

  @Test(
    arguments: ReferenceCase.elasticNetNames,
    [IterateMemory?.none, .all, .checkpoints])
  func itdMeetsTheExactHypergradient(_ name: String, _ memory: IterateMemory?) throws {
    let solved = try Solved(name)
    let fromZero = FixedPointProblem(solved.map, parameters: solved.reference.parameters)
    let strategy: any AdjointStrategy<Map> = memory.map { ReverseITD($0) } ?? ForwardITD()
    let got = try strategy.hypergradient(of: solved.objective, fromZero).get()
    #expect(relativeError(got, solved.exact) <= 1e-7, "\(name), \(strategy.name)")
  }

  @Test(arguments: ReferenceCase.elasticNetNames)
  func jacobiansMeetTheExactColumns(_ name: String) throws {
    let solved = try Solved(name)
    let answer = solved.reference.answer
    var exact = Matrix<Double>.zeros(solved.map.stateCount, 2)
    for (k, j) in answer.support.enumerated() {
      exact[j, 0] = answer.jacobian_lambda1[k]
      exact[j, 1] = answer.jacobian_lambda2[k]
    }
    for solver in Self.aidSolvers + [.fixedPoint] {
      let J = try AID<Map>(solver).jacobian(solved.problem).get()
      let allowed = solver == .fixedPoint ? 1e-7 : 1e-9
      #expect((J - exact).frobeniusNorm <= allowed * exact.frobeniusNorm, "\(name), \(solver)")
    }
    let J = try ForwardITD<Map>().jacobian(FixedPointProblem(solved.map, parameters: solved.reference.parameters))
      .get()
    #expect((J - exact).frobeniusNorm <= 1e-7 * exact.frobeniusNorm)
  }

  @Test(arguments: ReferenceCase.elasticNetNames)
  func theErrorBoundHoldsAndIsOfUse(_ name: String) throws {
    let solved = try Solved(name)
    let strategy = AID<Map>(.conjugateGradient)
    let workspace = strategy.makeWorkspace(for: solved.map)
    var gradient = Vector<Double>.zeros(2)
    var scratch = gradient
    _ = try strategy.hypergradient(
      of: solved.objective, solved.problem, into: &gradient, scratch: &scratch, workspace: workspace)
    let certificate = try #require(
      strategy.certificate(for: solved.problem, objective: solved.objective, workspace: workspace))
    let bound = try #require(certificate.hypergradientErrorBound, "margin \(certificate.kinkDistance)")
    #expect(gradient.distance(to: solved.exact) <= bound)
    #expect(bound <= 1e-5 * solved.exact.norm, "a bound that says nothing")
    // A modulus is no larger than the least eigenvalue on the support, which the reference's factor tells: q_S = 1 − s λ_min.
    let leastEigenvalue =
      (1 - solved.reference.answer.contraction_on_support)
      / solved.map.stepSize(parameters: solved.reference.parameters)
    #expect(certificate.solution.strongConvexity <= leastEigenvalue * (1 + 1e-9))
  }

  /// Central differences of the outer objective at the solved problem: a check that shares nothing with adjoints.
  @Test(arguments: ReferenceCase.elasticNetNames)
  func finiteDifferencesAgree(_ name: String) throws {
    let solved = try Solved(name)
    let got = try AID<Map>(.automatic).hypergradient(of: solved.objective, solved.problem).get()
    for j in 0..<2 {
      // f is C² on the piece: truncation h² f'''/6 against rounding δ/h, where δ ≈ 1e-13 is the inner accuracy. A step of
      // 1e-5 of λ stays within every case's margin and leaves both near 1e-7 relative at the conditioning of these cases.
      let h = 1e-5 * solved.reference.parameters[j]
      func objective(_ shift: Double) throws -> Double {
        var λ = solved.reference.parameters
        λ[j] += shift
        let w = try FixedPointSolver<Double>(acceleration: .anderson(memory: 5)).solve(
          solved.map, parameters: λ, from: solved.solution.estimate
        ).get()
        return solved.objective.value(at: w, parameters: λ)
      }
      let difference = try (objective(h) - objective(-h)) / (2 * h)
      #expect(abs(difference - got[j]) <= 1e-5 * abs(got[j]), "\(name), λ\(j + 1)")
    }
  }

  /// The steps of theory: the support of figure A's problems is identified at 175 and 587.
  @Test(arguments: zip(["elastic-net-paper-sparse", "elastic-net-paper-dense"], [175, 587]))
  func supportsAreIdentifiedWhereTheyShould(_ name: String, _ step: Int) throws {
    let solved = try Solved(name, acceleration: .none)
    #expect(solved.solution.identification.stableStep == step)
  }
}
