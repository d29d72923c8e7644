import Datasets
import Foundation
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing
import Tracing

/// The reference cases with a known exact answer out of closures, through `f + g`.
@Suite struct ReferenceFunctionTests {
  struct Answer: Decodable {
    let lambda1: Double?
    let lambda2: Double?
    let hypergradient: [Double]
    let solution: [Double]
    let support: [Int]
  }

  struct Case {
    let data: HeldOutData<Double>
    let answer: Answer
    let folder: String
    init(_ name: String) throws {
      folder = ReferenceCase.root + "/" + name
      answer = try JSONDecoder().decode(Answer.self, from: Data(contentsOf: URL(filePath: folder + "/case.json")))
      data = try HeldOutData(directory: folder)
    }
  }

  typealias Map = ProximalGradientMap<TracedFunction<Double>, L1Norm<Double>>
  static let solvers: [AID<Map>.Solver] = [.automatic, .conjugateGradient, .minres, .gmres(), .bicgstab, .direct]

  /// The tolerance of the issue. What the reference and AID's default tolerance of ε^{3/4} leave is less at the conditioning of these cases.
  static let tolerance = 1e-8

  private func check(_ map: Map, _ λ: Vector<Double>, _ objective: some OuterObjective<Double>, _ answer: Answer) throws
  {
    let solution = map.solve(at: λ)
    let w = try solution.get()
    #expect(relativeError(w, Vector(answer.solution)) <= Self.tolerance)
    #expect(IndexSubset(nonzerosOf: w).elements == answer.support)
    for solver in Self.solvers {
      let got = try AID<Map>(solver).hypergradient(of: objective, solution.problem).get()
      #expect(relativeError(got, Vector(answer.hypergradient)) <= Self.tolerance, "\(solver)")
    }
    for strategy in [ForwardITD(), ReverseITD()] as [any AdjointStrategy<Map>] {
      let got = try strategy.hypergradient(of: objective, solution.problem).get()
      #expect(relativeError(got, Vector(answer.hypergradient)) <= Self.tolerance, "\(strategy.name)")
    }
  }

  @Test(arguments: ReferenceCase.elasticNetNames)
  func elasticNets(_ name: String) throws {
    let problem = try Case(name)
    let (X, y) = (problem.data.trainFeatures, problem.data.trainTargets)
    let n = Double(X.rows)
    let f = try TracedFunction<Double>(state: X.columns, parameters: 1) { w, λ in
      0.5 * norm2(X * w - y) / n + λ[0] * norm2(w) / 2
    }
    let λ: Vector<Double> = [problem.answer.lambda1!, problem.answer.lambda2!]
    try check(
      Map(f, L1Norm()), λ,
      HeldOutSquaredError(features: problem.data.validationFeatures, targets: problem.data.validationTargets),
      problem.answer)
  }

  @Test func logistic() throws {
    let problem = try Case("logistic-breast-cancer")
    let (X, y) = (problem.data.trainFeatures, problem.data.trainTargets)
    let f = try TracedFunction<Double>(state: X.columns, parameters: 1) { w, λ in
      mean(log(1 + exp(-y * (X * w)))) + λ[0] / 2 * norm2(w)
    }
    let λ: Vector<Double> = [problem.answer.lambda1!, problem.answer.lambda2!]
    try check(
      Map(f, L1Norm()), λ,
      HeldOutLogisticLoss(features: problem.data.validationFeatures, targets: problem.data.validationTargets),
      problem.answer)
  }

  @Test func weightedLasso() throws {
    let problem = try Case("weighted-lasso-diabetes")
    let (X, y) = (problem.data.trainFeatures, problem.data.trainTargets)
    let λ = try NPY.vector(at: problem.folder + "/weights.npy", as: Double.self)
    let f = try TracedFunction<Double>(state: X.columns) { w, _ in mean(square(X * w - y)) / 2 }
    try check(
      Map(f, L1Norm(.perCoordinate(X.columns))), λ,
      HeldOutSquaredError(features: problem.data.validationFeatures, targets: problem.data.validationTargets),
      problem.answer)
  }

  /// The tape tells what LAPACK tells of the Gram matrix: eigenvalues to some p ulps of the largest.
  @Test(arguments: ReferenceCase.elasticNetNames)
  func curvatureIsThatOfTheBuiltInModel(_ name: String) throws {
    let problem = try Case(name)
    let (X, y) = (problem.data.trainFeatures, problem.data.trainTargets)
    let f = try TracedFunction<Double>(state: X.columns, parameters: 1) { w, λ in
      mean(square(X * w - y)) / 2 + λ[0] * norm2(w) / 2
    }
    let own = LinearModel<QuadraticLoss<Double>>(features: DenseDesign(X), targets: y)
    let (got, expected) = (f.curvatureBounds(parameters: [0.3]), own.curvatureBounds(parameters: [0.3]))
    let roundoff = 1e4 * Double.ulpOfOne * expected.largest
    #expect(abs(got.largest - expected.largest) <= roundoff)
    #expect(abs(got.smallest - expected.smallest) <= roundoff)
  }
}
