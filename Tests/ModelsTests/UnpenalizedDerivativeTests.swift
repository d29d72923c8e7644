import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import RealModule
import TestSupport
import Testing

/// Penalty factors, 0 among them: derivatives against differences of solutions, and the bounds on their errors.
@Suite struct UnpenalizedDerivativeTests {
  typealias Storage = FunctionsDerivativeTests.Storage
  typealias Draw = UnpenalizedTests.Draw

  private func derivative<Loss: SmoothLoss>(_: Loss.Type, labels: Bool, _ storage: Storage) throws {
    typealias E = Loss.Element
    typealias Map = ProximalGradientMap<LinearModel<Loss>, L1Norm<E>>
    let draw = Draw<E>(rows: 50, columns: 30, seed: 6, labels: labels)
    let shared = SharedStrengths((0..<30).map { $0 % 2 }, count: 2, factors: draw.factors)
    let model = LinearModel<Loss>(
      Loss(features: FunctionsDerivativeTests.design(draw.X, storage), targets: draw.y),
      ridgeFactors: Vector(count: 30) { $0 == 1 ? 0 : E($0 % 3) })
    let map = Map(model, L1Norm(shared))
    let λ: Vector<E> = [0.05, 0.03, 0.02]
    let w = try map.solve(at: λ).get()
    // w is smooth on a piece: central differences err by h² and by the solutions' rounding over h.
    let h = E.root(E.ulpOfOne, 3) / 32
    var exact = Matrix<E>.zeros(30, 3)
    for k in 0..<3 {
      let step = Vector<E>(count: 3) { $0 == k ? h : 0 }
      let (up, down) = try (map.solve(at: λ + step).get(), map.solve(at: λ - step).get())
      #expect(up.signPattern == w.signPattern && down.signPattern == w.signPattern, "the piece ends too near")
      exact.setColumn(k, E(1) / (2 * h) * (up - down))
    }
    let allowed = 4096 * E.root(E.ulpOfOne, 3) * E.root(E.ulpOfOne, 3) * exact.frobeniusNorm
    for solver in [.automatic, .conjugateGradient, .minres, .gmres(), .bicgstab, .direct] as [AID<Map>.Solver] {
      for isSolution in [false, true] {
        let problem = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: isSolution)
        let J = try AID<Map>(solver).jacobian(problem).get()
        #expect((J - exact).frobeniusNorm <= allowed, "\(Loss.self) \(storage) \(solver)")
        let c: Vector<E> = FunctionsDerivativeTests.vector(30, seed: 2)
        let v = try AID<Map>(solver).vjp(problem, cotangent: c).get()
        #expect(v.distance(to: exact.transposed * c) <= allowed * c.norm, "\(Loss.self) \(storage) \(solver)")
      }
    }
  }

  @Test(arguments: Storage.allCases)
  func derivativesAreDifferencesOfSolutions(_ storage: Storage) throws {
    try derivative(QuadraticLoss<Double>.self, labels: false, storage)
    try derivative(LogisticLoss<Double>.self, labels: true, storage)
    try derivative(QuadraticLoss<Float>.self, labels: false, storage)
    try derivative(LogisticLoss<Float>.self, labels: true, storage)
  }

  /// Of more features than samples with a ridge, where the factors keep the Hessian from its low rank.
  @Test(arguments: [Storage.dense, .sparse])
  func wideDerivativesAgree(_ storage: Storage) throws {
    typealias Map = ElasticNetMap<Double>
    let draw = Draw<Double>(rows: 20, columns: 90, seed: 3)
    let model = LinearModel<QuadraticLoss<Double>>(
      QuadraticLoss(features: FunctionsDerivativeTests.design(draw.X, storage), targets: draw.y),
      ridgeFactors: Vector(count: 90) { $0 == 1 ? 0 : 1 })
    let map = Map(model, L1Norm(.single(factors: draw.factors)))
    let λ: Vector<Double> = [1e-4, 0.5]
    let w = try map.solve(at: λ).get()
    #expect(w.nonzeroCount > 40)
    let problem = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true)
    let direct = try AID<Map>(.direct).jacobian(problem).get()
    let h = 1e-6
    for k in 0..<2 {
      let step = Vector<Double>(count: 2) { $0 == k ? h : 0 }
      let (up, down) = try (map.solve(at: λ + step).get(), map.solve(at: λ - step).get())
      // h² and 10⁻¹³/h.
      #expect((1 / (2 * h) * (up - down)).distance(to: direct.column(k)) <= 1e-6 * direct.frobeniusNorm)
    }
    for solver in [.automatic, .conjugateGradient, .minres] as [AID<Map>.Solver] {
      let J = try AID<Map>(solver).jacobian(problem).get()
      #expect((J - direct).frobeniusNorm <= 1e-9 * direct.frobeniusNorm, "\(solver)")
    }
  }

  /// A solution that passes through 0 in a coordinate without a penalty stays on its piece.
  @Test func zeroIsNoKinkWithoutAPenalty() throws {
    let w: Vector<Double> = [0, 0.5, 0, -1]
    let penalty = L1Norm<Double>(.single(factors: [0, 1, 2, 1]))
    let L = penalty.makeLinearization(count: 4)
    #expect(penalty.linearize(atSolution: w, step: 0.5, parameters: [0.25], into: L))
    #expect(L.active.elements == [0, 1, 3] && L.derivative == [1, 1, 0, 1])
    var x = Vector<Double>.zeros(4)
    L.addParameters([1], to: &x)
    #expect(x == [0, -0.5, 0, 0.5])
    let u: Vector<Double> = [0, 0.75, 0.125, -1.25]
    penalty.linearize(at: u, step: 0.5, parameters: [0.25], kink: .midpoint, into: L)
    #expect(L.derivative == [1, 1, 0, 1] && L.isMask && L.kinkDistance == 0.125)
    var δ = u
    #expect(penalty.margins(at: u, step: 0.5, parameters: [0.25], into: &δ) && δ[0] == .infinity)
    #expect(penalty.signature(at: w, parameters: [1]) == penalty.signature(at: [-2, 1, 0, -1], parameters: [1]))
    #expect(penalty.signature(at: w, parameters: [1]) != penalty.signature(at: [0, -1, 0, -1], parameters: [1]))
    #expect(penalty.value(at: [7, 1, 2, -1], parameters: [0.5]) == 3)
    #expect(penalty.normBound(excess: 1, parameters: [1]) == nil)
  }

  @Test(arguments: [Storage.dense, .sparse])
  func theErrorBoundHolds(_ storage: Storage) throws {
    typealias Map = ElasticNetMap<Double>
    let draw = Draw<Double>(rows: 50, columns: 30, seed: 6)
    let model = LinearModel<QuadraticLoss<Double>>(
      QuadraticLoss(features: FunctionsDerivativeTests.design(draw.X, storage), targets: draw.y),
      ridgeFactors: Vector(count: 30) { $0 == 1 ? 0 : 1 })
    let map = Map(model, L1Norm(.single(factors: draw.factors)))
    let λ: Vector<Double> = [0.05, 0.02]
    let w = try map.solve(at: λ).get()
    let objective = HeldOutSquaredError<Double>(features: draw.X, targets: -1 * draw.y)
    let strategy = AID<Map>(.direct)
    let workspace = strategy.makeWorkspace(for: map)
    var (exact, g, scratch) = (Vector<Double>.zeros(2), Vector<Double>.zeros(2), Vector<Double>.zeros(2))
    let problem = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true)
    _ = try strategy.hypergradient(of: objective, problem, into: &exact, scratch: &scratch, workspace: workspace)
    let own = try #require(strategy.certificate(for: problem, objective: objective, workspace: workspace))
    #expect(own.isIdentified)
    // A state that is off, also where nothing is penalized.
    let off = Vector<Double>(count: 30) { w[$0] == 0 ? 0 : w[$0] + 1e-8 * Double($0 % 3 - 1) }
    let rough = FixedPointProblem(map, parameters: λ, state: off, stateIsSolution: true)
    _ = try strategy.hypergradient(of: objective, rough, into: &g, scratch: &scratch, workspace: workspace)
    let certificate = try #require(strategy.certificate(for: rough, objective: objective, workspace: workspace))
    let bound = try #require(certificate.hypergradientErrorBound)
    #expect(certificate.isIdentified && certificate.stateErrorBound >= off.distance(to: w))
    #expect(g.distance(to: exact) <= bound)
    #expect(bound <= 1e-3 * exact.norm, "a bound that says nothing")
  }
}
