import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import Testing

/// The distance that a solution can have is bounded by the objective at zero only where no w has a smaller g than zero: otherwise the solution
/// was taken for an iterate that is too far off, and the iteration did not end.
@Suite struct SolutionNormTests {
  /// f(w) = w² with no targets to fit: XᵀX/n = 1 and a ridge of 1.
  static var f: LinearModel<QuadraticLoss<Double>> {
    LinearModel<QuadraticLoss<Double>>(
      features: DenseDesign(Matrix([[1], [1]])), targets: [0, 0], ridge: .fixed(1))
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var penalty: any ProximalMap<Double>
    var parameters: Vector<Double>
    /// The minimizer of w² + g(w).
    var solution: Double
  }

  static let cases = [
    // 2w = 2 at the kink w = 1, less than the slope 10 left of it.
    Case(testDescription: "hinge", penalty: HingePenalty<Double>(), parameters: [10], solution: 1),
    Case(testDescription: "simplex", penalty: Simplex<Double>(), parameters: [3], solution: 3),
    Case(testDescription: "box", penalty: Box<Double>(lower: .fixed(2), upper: .none), parameters: [], solution: 2),
    Case(testDescription: "hyperplane", penalty: Hyperplane<Double>(normal: [2]), parameters: [8], solution: 4),
    // |w − 5| has the slope 1 of w² at ½.
    Case(
      testDescription: "translated", penalty: Translated(L1Norm<Double>(), by: [5]), parameters: [1], solution: 0.5),
    // w² + w²/2 − 6w.
    Case(
      testDescription: "linear term",
      penalty: WithQuadratic(Box<Double>(lower: .none, upper: .none), curvature: 1, linear: [-6]), parameters: [],
      solution: 2),
  ]

  @Test(arguments: cases)
  func penaltiesThatZeroDoesNotMinimize(_ subject: Case) throws { try check(subject.penalty, subject) }

  private func check(_ penalty: some ProximalMap<Double>, _ subject: Case) throws {
    let map = ProximalGradientMap(Self.f, penalty)
    if let bound = map.solutionNormBound(parameters: subject.parameters) { #expect(bound >= subject.solution) }
    // A few hundred steps of a map with the factor 0 are plenty.
    let w = try map.iterate(at: subject.parameters, iterationLimit: 500).get()
    // Steps of at most 64 ulps, and as much again for the rounding of a handful of operations.
    #expect(abs(w[0] - subject.solution) <= 128 * .ulpOfOne * subject.solution)
  }

  /// Where zero minimizes g the bound stays.
  @Test func penaltiesThatZeroMinimizes() throws {
    let f = LinearModel<QuadraticLoss<Double>>(
      features: DenseDesign(Matrix([[1], [1]])), targets: [2, 0], ridge: .fixed(1))
    // f(0) = 1 and f ≥ w²/2: ‖w‖ ≤ √2.
    let bound = try #require(ProximalGradientMap(f, L2Ball<Double>()).solutionNormBound(parameters: [7]))
    #expect(abs(bound - 2.0.squareRoot()) <= 4 * .ulpOfOne)
  }
}
