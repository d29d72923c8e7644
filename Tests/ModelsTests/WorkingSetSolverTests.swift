import Datasets
import ImplicitDiff
import LinAlg
import Models
import RealModule
import TestSupport
import Testing

@Suite struct WorkingSetSolverTests {
  @Test(arguments: ReferenceCase.elasticNetNames)
  func meetsTheExactSolution(_ name: String) throws {
    let reference = try ReferenceCase(name)
    let loss = QuadraticLoss(features: reference.data.trainFeatures, targets: reference.data.trainTargets)
    let solution = WorkingSetSolver<Double>().solve(loss, parameters: reference.parameters)
    #expect(solution.outcome == .converged)
    // The last Newton step solves M w = b with a condition number at most 1/(1 − q_S): an error of that times p ulps.
    let condition = 1 / (1 - reference.answer.contraction_on_support)
    let exact = Vector(reference.answer.solution)
    #expect(solution.estimate.distance(to: exact) <= 100 * condition * .ulpOfOne * exact.norm, "\(solution)")
    #expect(IndexSubset(nonzerosOf: solution.estimate).elements == reference.answer.support)
    #expect(solution.dualityGap <= 1e-12 * loss.targets.dot(loss.targets))
  }

  @Test(arguments: ReferenceCase.elasticNetNames)
  func sparseStorageGivesTheSameSolutionAndDerivative(_ name: String) throws {
    let reference = try ReferenceCase(name)
    let sparse = SparseMatrix(reference.data.trainFeatures)
    let map = ElasticNetMap(features: sparse, targets: reference.data.trainTargets)
    let objective = HeldOutSquaredError(
      features: SparseMatrix(reference.data.validationFeatures), targets: reference.data.validationTargets)
    let solution = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: reference.parameters)
    #expect(solution.outcome == .converged)
    let problem = FixedPointProblem(
      map, parameters: reference.parameters, state: solution.estimate, stateIsSolution: true)
    let exact = Vector(reference.answer.hypergradient)
    for solver in ElasticNetReferenceTests.aidSolvers {
      let got = try AID<ElasticNetMap<Double>>(solver).hypergradient(of: objective, problem).get()
      #expect(relativeError(got, exact) <= 1e-9, "\(solver)")
    }
    let itd = try ForwardITD<ElasticNetMap<Double>>().hypergradient(
      of: objective, FixedPointProblem(map, parameters: reference.parameters, state: solution.estimate)
    ).get()
    #expect(relativeError(itd, exact) <= 1e-7)
  }

  /// A loose tolerance stops earlier, and the gap it reports bounds the true suboptimality.
  @Test(arguments: [1e-2, 1e-4, 1e-6])
  func theGapBoundsTheSuboptimality(_ tolerance: Double) throws {
    let reference = try ReferenceCase("elastic-net-wide")
    let loss = QuadraticLoss(features: reference.data.trainFeatures, targets: reference.data.trainTargets)
    let loose = WorkingSetSolver<Double>(tolerance: tolerance).solve(loss, parameters: reference.parameters)
    let tight = WorkingSetSolver<Double>().solve(loss, parameters: reference.parameters)
    #expect(loose.outcome == .converged)
    #expect(loose.passes <= tight.passes)
    #expect(loose.objective - tight.objective <= loose.dualityGap)
  }

  @Test func strengthsAboveTheLargestGiveZero() throws {
    let reference = try ReferenceCase("elastic-net-diabetes")
    let loss = QuadraticLoss(features: reference.data.trainFeatures, targets: reference.data.trainTargets)
    let largest =
      (reference.data.trainFeatures.transposed * reference.data.trainTargets).maxNorm / Double(loss.sampleCount)
    let solution = WorkingSetSolver<Double>().solve(loss, parameters: [largest * 1.01, 0])
    #expect(solution.outcome == .converged)
    #expect(solution.estimate.nonzeroCount == 0)
    #expect(solution.passes == 1)
    #expect(solution.screened > 0)
  }

  /// Plain lasso (λ2 = 0) on more features than samples, against the fixed-point iteration.
  @Test func theLassoAgreesWithTheFixedPoint() throws {
    let reference = try ReferenceCase("elastic-net-wide")
    let map = ElasticNetMap(features: reference.data.trainFeatures, targets: reference.data.trainTargets)
    let solution = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: [0.1, 0])
    #expect(solution.outcome == .converged)
    // A fixed point of the proximal-gradient map is a minimizer.
    #expect(map.residual(at: solution.estimate, parameters: [0.1, 0]) <= 1e-12)
  }

  @Test func warmStartsSavePasses() throws {
    let draw = SyntheticRegression<Double>(rows: 200, columns: 1000, informative: 20, noise: 0.5, seed: 3)
    let loss = QuadraticLoss(features: draw.features, targets: draw.targets)
    let largest = (draw.features.transposed * draw.targets).maxNorm / 200
    let first = WorkingSetSolver<Double>().solve(loss, parameters: [0.1 * largest, 0.01])
    let cold = WorkingSetSolver<Double>().solve(loss, parameters: [0.095 * largest, 0.01])
    let warm = WorkingSetSolver<Double>().solve(loss, parameters: [0.095 * largest, 0.01], from: first.estimate)
    #expect(warm.passes < cold.passes)
    #expect(warm.estimate.distance(to: cold.estimate) <= 1e-10 * cold.estimate.norm)
  }

  @Test func aNaNIsAnOutcome() throws {
    let reference = try ReferenceCase("elastic-net-diabetes")
    var X = reference.data.trainFeatures
    X[3, 4] = .nan
    let loss = QuadraticLoss(features: X, targets: reference.data.trainTargets)
    #expect(WorkingSetSolver<Double>().solve(loss, parameters: [2, 0.1]).outcome == .notFinite())
  }
}

/// Supports larger than the number of samples, where the direct method factors the samples' matrix.
@Suite struct WoodburyTests {
  @Test(arguments: [1.0, 1e-2, 1e-5])
  func agreesWithConjugateGradientAndTheDenseSystem(_ λ2: Double) throws {
    let draw = SyntheticRegression<Double>(rows: 30, columns: 120, informative: 60, noise: 0.5, seed: 8)
    let map = ElasticNetMap(features: draw.features, targets: draw.targets)
    let λ: Vector<Double> = [1e-3 * λ2, λ2]
    let w = try FixedPointSolver<Double>(
      stopping: .tolerance(1e-13, limit: 2_000_000), acceleration: .anderson(memory: 10)
    )
    .solve(map, parameters: λ, from: WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ).estimate).get()
    #expect(w.nonzeroCount > 30)
    let problem = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true)
    let y = Vector<Double>(count: 120) { Double(($0 * 7) % 5) - 2 }
    let direct = try AID<ElasticNetMap<Double>>(.direct).vjp(problem, cotangent: y)
    // The support's system written out: M = X_SᵀX_S/n + λ2 I, g = −(σᵀM⁻¹y_S, w_SᵀM⁻¹y_S).
    let S = IndexSubset(nonzerosOf: w)
    let X = draw.features.columns(S)
    var M = Matrix<Double>.zeros(S.count, S.count)
    M.assignGram(X, alpha: 1.0 / 30)
    M.addToDiagonal(λ2)
    var v = Vector<Double>(count: S.count) { y[S[$0]] }
    let size = v.norm
    try Cholesky(M).solve(&v)
    let exact: Vector<Double> = [
      -(0..<S.count).reduce(0) { $0 + (w[S[$1]] > 0 ? v[$1] : -v[$1]) },
      -(0..<S.count).reduce(0) { $0 + w[S[$1]] * v[$1] },
    ]
    // Both solves lose the condition number of M, at most (‖X‖²/n + λ2)/λ2.
    let condition = (map.smooth.loss.spectrum.largest + λ2) / λ2
    let scale = size / λ2 * (Double(S.count).squareRoot() + w.norm)
    #expect(try direct.get().distance(to: exact) <= 100 * condition * .ulpOfOne * scale)
    #expect(direct.report.residual! <= 1e-10 * size)
    let jacobian = try AID<ElasticNetMap<Double>>(.direct).jacobian(problem).get()
    #expect((jacobian.transposed * y).distance(to: exact) <= 100 * condition * .ulpOfOne * scale)
  }
}

/// Features on scales from 1 to 1000: the diagonal of the support's system takes that out of conjugate gradient.
@Suite struct JacobiTests {
  @Test(arguments: [AID<ElasticNetMap<Double>>.Solver.conjugateGradient, .minres])
  func unevenFeaturesDoNotSlowTheKrylovMethods(_ solver: AID<ElasticNetMap<Double>>.Solver) throws {
    let draw = SyntheticRegression<Double>(rows: 300, columns: 40, informative: 40, noise: 0.1, seed: 4)
    var X = draw.features
    for j in 0..<40 {
      var column = Vector(copying: X.column(j))
      column.scale(by: Double.pow(10, 3 * Double(j) / 39))
      X.setColumn(j, column)
    }
    let map = ElasticNetMap(features: X, targets: draw.targets)
    let λ: Vector<Double> = [1e-3, 1e-3]
    let w = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ).estimate
    let problem = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true)
    let y = Vector<Double>(count: 40) { Double(($0 * 7) % 5) - 2 }
    let direct = try AID<ElasticNetMap<Double>>(.direct).vjp(problem, cotangent: y).get()
    let krylov = try AID<ElasticNetMap<Double>>(solver).vjp(problem, cotangent: y)
    // Scaled to a unit diagonal the Gram matrix of 300 × 40 Gaussian entries has a condition number near
    // ((1 + √(40/300))/(1 − √(40/300)))² ≈ 4.6, and each step gains a factor (√4.6 + 1)/(√4.6 − 1) ≈ 2.7: 1.8e-12 in some
    // thirty. Unscaled the condition number is 10⁶, and forty unknowns would need all of them and more.
    #expect(krylov.report.iterations <= 36, "\(krylov.report)")
    #expect(relativeError(try krylov.get(), direct) <= 1e-6)
  }
}
