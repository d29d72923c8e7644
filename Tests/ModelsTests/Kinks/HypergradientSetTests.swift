import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import Testing

/// All hypergradients at a kink.
@Suite struct HypergradientSetTests {
  /// Q = I and w = soft(c, λ): selection Z gives −Σ_Z aⱼ sign(cⱼ) beyond that of the support.
  @Test func independentFeatures() throws {
    let map = ProximalGradientMap(
      QuadraticFunction(Matrix<Double>.identity(6), linear: [3, -1, 1, 1, -1, 0]), L1Norm<Double>())
    let problem = FixedPointProblem(map, parameters: [1], state: [2, 0, 0, 0, 0, 0])
    let objective = SumObjective(weights: [1, 2, 4, -8, 16, 5])
    var seen: Set<Double> = []
    let set = try KinkAnalysis(problem).hypergradientSet(of: objective) { seen.insert($1![0]) }
    #expect(set.coverage == .complete && set.selectionCount == 16 && set.singularCount == 0)
    // −1 of the support, and any of 2, −4, 8, 16.
    #expect(set.lower == [-1 - 4] && set.upper == [-1 + 2 + 8 + 16])
    var expected: Set<Double> = []
    for k in 0..<16 {
      var sum = -1.0
      for (place, share) in [2.0, -4, 8, 16].enumerated() where k >> place & 1 == 1 { sum += share }
      expected.insert(sum)
    }
    #expect(seen == expected)
  }

  /// The selections of ``KinkRule`` are among them, and so are one-sided slopes along every direction in which they are attained.
  @Test func containsTheRulesAndTheSlopes() throws {
    let one = KinkCase(L1Norm(), [1], solution: [3, 0, 0, -2, 0], subgradient: [1, 1, -1, -1, 0.5])
    let objective = SumObjective(weights: [1, 2, -1, 0.5, 3])
    let analysis = try KinkAnalysis(one.problem)
    var all: [Vector<Double>] = []
    let set = analysis.hypergradientSet(of: objective) { all.append($1!) }
    #expect(all.count == 4)
    // A few dozen operations on numbers below 4.
    let tolerance = 256 * Double.ulpOfOne
    for kink in [KinkRule.zero, .one] {
      typealias M = KinkCase<L1Norm<Double>>.Map
      let map = M(one.map.smooth, L1Norm(), step: .fixed(0.125), kink: kink)
      let problem = FixedPointProblem(map, parameters: one.problem.parameters, state: one.problem.state)
      let ruled = try AID<M>(.direct).hypergradient(of: objective, problem).get()
      #expect(all.contains { ($0 - ruled).maxNorm <= tolerance })
    }
    for δ in one.directions {
      let slope = try analysis.slope(of: objective, along: δ).get()
      #expect(all.contains { abs($0.dot(δ) - slope) <= tolerance })
      for k in 0..<δ.count where abs(δ[k]) == 1 && δ.oneNorm == 1 {
        #expect(slope * δ[k] >= set.lower[k] - tolerance && slope * δ[k] <= set.upper[k] + tolerance)
      }
    }
  }

  /// Pieces with slopes on both sides, bounds that are parameters, sums: each selection against a difference of solutions on the directions that lead to it.
  @Test func otherPenaltiesContainTheirSlopes() throws {
    try contains(KinkCase(HuberPenalty(), [1, 2], solution: [3, 2, -2, 1], subgradient: [2, 2, -2, 1]), count: 4)
    try contains(KinkCase(Simplex(), [5], solution: [0, 2, 3, 0, 0], subgradient: [-1, 2, 2, 2, 2]), count: 4)
    try contains(
      KinkCase(
        Box(lower: .parameters(), upper: .fixed(2)), [-1], solution: [-1, 0, 2, -1, 2], subgradient: [-1, 0, 1, 0, 0]),
      count: 4)
    try contains(KinkCase(L1Norm(), [0], solution: [3, 0, 0, -2], subgradient: [0, 0, 0, 0]), count: 9)
  }

  private func contains<G>(_ one: KinkCase<G>, count: Int) throws {
    let objective = SumObjective(weights: Vector(count: one.map.stateCount) { 1 + Double($0 * $0) })
    let analysis = try KinkAnalysis(one.problem)
    var all: [Vector<Double>] = []
    let set = analysis.hypergradientSet(of: objective) { all.append($1!) }
    #expect(set.selectionCount == count)
    for δ in one.directions {
      guard let slope = try? analysis.slope(of: objective, along: δ).get() else { continue }
      // A few dozen operations on numbers below 64.
      #expect(all.contains { abs($0.dot(δ) - slope) <= 4096 * .ulpOfOne }, "\(G.self) \(δ)")
    }
  }

  /// Beyond 20 a sample is drawn, the same for the same seed.
  @Test func beyondTwentyItIsSampled() throws {
    let p = 21
    let map = ProximalGradientMap(
      QuadraticFunction(Matrix<Double>.identity(p), linear: Vector(repeating: 1, count: p)), L1Norm<Double>())
    let analysis = try KinkAnalysis(FixedPointProblem(map, parameters: [1], state: .zeros(p)))
    #expect(analysis.weaklyActive.count == p)
    let set = analysis.hypergradientSet(of: SumObjective(), seed: 3, sampleCount: 500)
    #expect(set.coverage == .sampled(seed: 3) && set.selectionCount == 500)
    // −1 times the number of features taken, which are all multiples of 1.
    #expect(set.lower[0] >= -21 && set.upper[0] <= 0 && set.lower[0] < -12 && set.upper[0] > -9)
    let again = analysis.hypergradientSet(of: SumObjective(), seed: 3, sampleCount: 500)
    #expect(again.lower == set.lower && again.upper == set.upper)
  }
}
