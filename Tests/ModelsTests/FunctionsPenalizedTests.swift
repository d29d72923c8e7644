import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing

/// The weighted reference case without a ridge, with the tolerances of `PenalizedReferenceTests`.
@Suite struct FunctionsPenalizedTests {
  private func check<Loss: SmoothLoss<Double>>(
    _ reference: PenalizedReferenceTests.Case<Loss>, _ f: LinearModel<Loss>, _ strengths: SharedStrengths,
    _ λ: Vector<Double>
  ) throws {
    typealias Map = ProximalGradientMap<LinearModel<Loss>, L1Norm<Double>>
    let map = Map(f, L1Norm(strengths))
    let w = reference.solution.estimate
    for solver in [.automatic, .conjugateGradient, .minres, .gmres(), .bicgstab, .direct] as [AID<Map>.Solver] {
      for isSolution in [false, true] {
        let problem = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: isSolution)
        let got = try AID<Map>(solver).hypergradient(of: reference.objective, problem).get()
        #expect(relativeError(reference.known(got), reference.exact) <= 1e-9, "\(solver)")
      }
    }
    let start = FixedPointProblem(map, parameters: λ)
    for strategy in [ForwardITD(), ReverseITD()] as [any AdjointStrategy<Map>] {
      // A block of a tangent per feature is slow without block products.
      if strategy is ForwardITD<Map> && λ.count > 50 { continue }
      let got = try strategy.hypergradient(of: reference.objective, start).get()
      #expect(relativeError(reference.known(got), reference.exact) <= 1e-7, "\(strategy.name)")
    }
  }

  /// Without a ridge, one strength per feature: all parameters are the penalty's.
  @Test(arguments: [false, true])
  func weightedLasso(sparse: Bool) throws {
    let reference = try PenalizedReferenceTests.Case<QuadraticLoss<Double>>("weighted-lasso-diabetes", sparse: sparse)
    let count = reference.parameters.count - 1
    try check(
      reference, LinearModel(reference.map.smooth.loss, ridge: .none), .perCoordinate(count),
      reference.parameters[segment: 0..<count])
  }
}
