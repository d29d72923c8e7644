import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import Testing

/// One-sided derivatives at kinks that were made exact, against closed forms and differences of solutions.
@Suite struct DirectionalDerivativeTests {
  /// Q = I: w = soft(c, λ), and coordinate 1 is at its threshold.
  @Test func softThresholdingAtItsThreshold() throws {
    let map = ProximalGradientMap(QuadraticFunction(Matrix<Double>.identity(3), linear: [3, -2, 1]), L1Norm<Double>())
    let problem = FixedPointProblem(map, parameters: [2], state: [1, 0, 0])
    let analysis = try KinkAnalysis(problem, radius: 1.5)
    #expect(analysis.weaklyActive.map(\.place) == [.coordinate(1)])
    #expect(analysis.weaklyActive[0].distance == 0)
    #expect(analysis.weaklyActive[0].description.hasPrefix("feature 1 would enter with sign −; distance 0.0"))
    // Within 1.5 there are features 0, 1 away from leaving, and 2, 1 away from entering.
    #expect(analysis.records.count == 3)
    #expect(analysis.records.contains { $0.description.hasPrefix("feature 0 would leave the support; distance 1.0") })
    #expect(analysis.records.contains { $0.description.hasPrefix("feature 2 would enter with sign +; distance 1.0") })
    let up = analysis.directionalDerivative(along: [1])
    #expect(try up.get() == [-1, 0, 0])
    #expect(up.branches == [.stays])
    let down = analysis.directionalDerivative(along: [-1])
    #expect(try down.get() == [1, -1, 0])
    #expect(down.branches == [.lower])
  }

  /// Feature 2 enters, feature 4 may, feature 1 is inside; a strength for each.
  @Test func weightedLasso() throws {
    let strengths = SharedStrengths([0, 0, 1, 1, 1], count: 2)
    try KinkCase(
      L1Norm(strengths), [2, 1], solution: [3, 0, 0, -2, 0], subgradient: [2, 0.5, 1, -1, -1]
    ).check(weak: 2)
    try KinkCase(L1Norm(), [1], solution: [0, 0, 0, 0, 0, 0], subgradient: [1, -1, 1, 1, -1, 0]).check(weak: 5)
  }

  /// With a strength of 0 three pieces meet, and only growing strengths are in the domain.
  @Test func strengthOfZero() throws {
    let one = KinkCase(L1Norm(), [0], solution: [3, 0, 0, -2], subgradient: [0, 0, 0, 0])
    try one.check(weak: 2)
    let outcome = try KinkAnalysis(one.problem).directionalDerivative(along: [-1, 0, 0]).derivative.report.outcome
    if case .outsideDomain(let violation) = outcome {
      #expect(violation.index == 0)
    } else {
      Issue.record("\(outcome)")
    }
  }

  @Test func boxes() throws {
    try KinkCase(
      Box(lower: .parameters(), upper: .fixed(2)), [-1], solution: [-1, 0, 2, -1, 2], subgradient: [-1, 0, 1, 0, 0]
    ).check(weak: 2)
    try KinkCase(
      Box(lower: .fixed(0), upper: .parameters(.perCoordinate(4))), [1, 2, 1, 3], solution: [0, 2, 1, 1],
      subgradient: [0, 0, 2, 0]
    ).check(weak: 2)
    // Bounds that meet and are no parameters are no kink.
    try KinkCase(
      Box(lower: .fixedEach([1, 0, 0]), upper: .fixedEach([1, 4, 4])), [], solution: [1, 2, 0], subgradient: [0, 0, 0]
    ).check(weak: 1)
  }

  @Test func simplex() throws {
    try KinkCase(Simplex(), [5], solution: [0, 2, 3, 0, 0], subgradient: [-1, 2, 2, 2, 2]).check(weak: 2)
    try KinkCase(Simplex(), [5], solution: [0, 5, 0, 0], subgradient: [2, 2, 1, 2]).check(weak: 2)
  }

  /// Nothing but the one coordinate is inside for sure, and rounding leaves the others a hair above or below the threshold.
  @Test(arguments: 0..<16)
  func oneCoordinateInside(_ k: Int) throws {
    let r = 1.5 + Double(k) / 7
    try KinkCase(Simplex(), [r], solution: [r, 0, 0, 0], subgradient: [1.5, 1.5, -2.5, 1.5]).check(weak: 2)
    try KinkCase(L1Ball(), [r], solution: [0, -r, 0, 0], subgradient: [1.5, -1.5, -1.5, 0.5]).check(weak: 2)
  }

  /// A strength of 0 that falls leaves the domain, whether or not a coordinate is at a kink to tell.
  @Test func leavingTheDomainAwayFromKinks() throws {
    let one = KinkCase(L1Norm(), [0], solution: [3, 1, -2], subgradient: [0, 0, 0])
    let analysis = try KinkAnalysis(one.problem)
    guard
      case .outsideDomain(let violation) = analysis.directionalDerivative(along: [-1, 0.5, 0]).derivative.report.outcome
    else {
      Issue.record("left without a word")
      return
    }
    #expect(violation.index == 0)
    _ = try analysis.directionalDerivative(along: [1, 0.5, 0]).get()
    _ = try analysis.directionalDerivative(along: [0, 0.5, 1]).get()
  }

  @Test func ballOfTheOneNorm() throws {
    try KinkCase(L1Ball(), [5], solution: [-2, 0, 3, 0, 0], subgradient: [-2, 2, 2, -2, 1]).check(weak: 2)
    // Just on the boundary, with nothing that holds it there.
    try KinkCase(L1Ball(), [5], solution: [-2, 2, 1], subgradient: [0, 0, 0]).check(weak: 1)
    // Inside.
    try KinkCase(L1Ball(), [6], solution: [-2, 2, 1], subgradient: [0, 0, 0]).check(weak: 0)
    let corner = KinkCase(L1Ball(), [5], solution: [-2, 3, 0], subgradient: [0, 0, 0])
    #expect(throws: KinkRefusal.self) { try KinkAnalysis(corner.problem) }
  }

  /// Subgradients λ Dᵀθ with θ = ±1 where a run may split: entries are θ_{j−1} − θ_j.
  @Test func totalVariation() throws {
    // θ = (1, −1, 0.5, −1, −1), the jumps being up at 0 and down at 4: edges 1 and 3 of the run may open downwards.
    try KinkCase(
      TotalVariation(), [1], solution: [1, 3, 3, 3, 3, 1], subgradient: [-1, 2, -1.5, 1.5, 0, -1]
    ).check(weak: 2)
  }

  /// Subgradients −Dᵀμ, μ ≥ 0 on equal neighbours, 0 where they may part: entries are μ_j − μ_{j−1}.
  @Test func isotonic() throws {
    try KinkCase(Isotonic(), [], solution: [1, 1, 1, 2, 2, 4], subgradient: [0, 1, -1, 0, 0, 0]).check(weak: 2)
  }

  /// As for the total variation with θ between −1 and 0: θ = (0, 0, −0.5, −1, −1), so that edge 1 may open upwards and edge 3 downwards.
  @Test func nearlyIsotonic() throws {
    try KinkCase(
      NearlyIsotonic(), [1], solution: [1, 3, 3, 3, 3, 1], subgradient: [0, 0, 0.5, 0.5, 0, -1]
    ).check(weak: 2)
  }

  @Test func piecewiseLinearMaps() throws {
    try KinkCase(AsymmetricL1(), [1, 2], solution: [3, 0, 0, -2, 0], subgradient: [2, 2, -1, -1, 0]).check(weak: 2)
    try KinkCase(NonnegativeL1(), [1], solution: [3, 0, 0, 2], subgradient: [1, 1, 0, 1]).check(weak: 1)
    try KinkCase(HingePenalty(), [1], solution: [3, 1, 1, -2, 1], subgradient: [0, 0, -1, -1, -0.5]).check(weak: 2)
    try KinkCase(
      InsensitivePenalty(), [1, 2], solution: [3, 2, 2, -2, 1, -2], subgradient: [1, 1, 0, -1, 0, 0]
    ).check(weak: 4)
    // The second derivative of w along a unit direction is below 4 ‖K⁻¹‖ ‖δ‖² (‖w'‖ + ‖w‖), with ‖K⁻¹‖ ≤ 1/3 and the latter below 12.
    try KinkCase(ElasticNet(), [1, 2], solution: [3, 0, 0, -2], subgradient: [7, 1, -1, -5]).check(
      weak: 2, curvature: 20)
    try KinkCase(LeakyRectifier(), [2], solution: [3, 0, 0, -2], subgradient: [0, 0, 0, -4]).check(
      weak: 2, curvature: 20)
    try KinkCase(HuberPenalty(), [1, 2], solution: [3, 2, -2, 1], subgradient: [2, 2, -2, 1]).check(
      weak: 2, curvature: 20)
    try KinkCase(LInfinityBall(), [2], solution: [2, -2, 0, 2, 1], subgradient: [0, -1, 0, 3, 0]).check(weak: 1)
    try KinkCase(
      Translated(L1Norm(), by: [1, -1, 0, 0]), [1], solution: [1, 0, 0, -2], subgradient: [1, 1, -1, -1]
    ).check(weak: 2)
    try KinkCase(FixedParameters(L1Norm(), [1]), [], solution: [2, 0, 0], subgradient: [1, 1, -1]).check(weak: 2)
  }

  /// Away from kinks it is AID's tangent; both solve one positive definite system, whose condition number is at most 3.
  @Test func withoutKinksItIsTheTangent() throws {
    let one = KinkCase(L1Norm(), [1], solution: [3, 0, 0, -2, 1], subgradient: [1, 0.5, -0.25, -1, 1])
    let analysis = try KinkAnalysis(one.problem)
    #expect(analysis.weaklyActive.isEmpty)
    for δ in one.directions {
      let expected = try AID<KinkCase<L1Norm<Double>>.Map>(.direct).jvp(one.problem, direction: δ).get()
      let got = try analysis.directionalDerivative(along: δ).get()
      #expect((got - expected).maxNorm <= 64 * .ulpOfOne * max(1, expected.maxNorm))
    }
  }

  /// Single precision has the same branches.
  @Test func singlePrecision() throws {
    let Q = Matrix<Float>(converting: KinkCase<L1Norm<Double>>.hessian(4))
    let w: Vector<Float> = [3, 0, 0, -2]
    let map = ProximalGradientMap(QuadraticFunction(Q, linear: Q * w + [1, 1, -1, -1]), L1Norm<Float>())
    let analysis = try KinkAnalysis(FixedPointProblem(map, parameters: [1], state: w))
    let double = KinkCase(L1Norm(), [1], solution: [3, 0, 0, -2], subgradient: [1, 1, -1, -1])
    let truth = try KinkAnalysis(double.problem)
    #expect(analysis.weaklyActive.map(\.place) == truth.weaklyActive.map(\.place))
    for sign in [1.0, -1] {
      let got = analysis.directionalDerivative(along: [Float(sign)])
      let expected = truth.directionalDerivative(along: [sign, 0, 0])
      #expect(got.branches == expected.branches)
      // A few dozen operations on numbers below 1 with a condition number of at most 3.
      let difference = Vector<Double>(converting: try got.get()) - (try expected.get())
      #expect(difference.maxNorm <= 64 * Double(Float.ulpOfOne))
    }
  }

  /// Two equal columns that both enter: the solution is not unique there.
  @Test func dependentColumnsThatEnter() throws {
    let Q = Matrix<Double>([[2, 0, 0], [0, 1, 1], [0, 1, 1]])
    let map = ProximalGradientMap(QuadraticFunction(Q, linear: [3, 1, 1]), L1Norm<Double>(), step: .fixed(0.5))
    let analysis = try KinkAnalysis(FixedPointProblem(map, parameters: [1], state: [1, 0, 0]))
    #expect(analysis.weaklyActive.count == 2)
    // One of the two is enough to meet the conditions of both.
    let down = analysis.directionalDerivative(along: [-1])
    #expect(down.derivative.report.outcome == .converged)
    let set = analysis.hypergradientSet(of: SumObjective())
    #expect(set.singularCount == 1 && set.selectionCount == 4)
    #expect(throws: KinkRefusal.singular) {
      try KinkAnalysis(FixedPointProblem(map, parameters: [0.5], state: [1.25, 0.25, 0.25]))
    }
  }
}

/// E(w) = Σ aⱼ wⱼ, a = (1, 1, …) unless given.
struct SumObjective: OuterObjective {
  var weights: Vector<Double>?
  func value(at w: Vector<Double>, parameters λ: Vector<Double>) -> Double {
    (0..<w.count).reduce(0) { $0 + (weights?[$1] ?? 1) * w[$1] }
  }
  func gradient(
    at w: Vector<Double>, parameters λ: Vector<Double>, support: IndexSubset?, state: inout Vector<Double>,
    parameters: inout Vector<Double>
  ) {
    for j in 0..<w.count { state[j] = weights?[j] ?? 1 }
    parameters.fill(0)
  }
}
