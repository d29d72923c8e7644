import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import Testing

/// One-sided derivatives at kinks of runs, rows and bounds that share a sum, against differences of solutions.
@Suite struct PolyhedralKinkTests {
  /// An edge that may open, a run that may enter, and both.
  @Test func fusedLasso() throws {
    func one(_ τ: Double, _ θ: Double) -> KinkCase<FusedLasso<Double>> {
      KinkCase(
        FusedLasso(), [1, 1], solution: [2, 2, 2, 0, 0], subgradient: [0.5, 1.5 - θ, 2 + θ, -1.25 + τ, 0.25 + τ])
    }
    try one(0.5, -0.5).check(weak: 0)
    try one(0.5, -1).check(weak: 1)
    try one(1, -0.5).check(weak: 1)
    try one(1, -1).check(weak: 2)
    try one(-1, -1).check(weak: 2)
  }

  @Test func polyhedron() throws {
    let A = Matrix<Double>([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 2]])
    let w: [Double] = [1, 2, 0, -1]
    try KinkCase(Polyhedron(A), [3, 2, -1, 5], solution: w, subgradient: [2, 2, 0, 0]).check(weak: 2)
    try KinkCase(Polyhedron(A), [3, 2, 4, 5], solution: w, subgradient: [2, 3, 1, 0]).check(weak: 0)
    try KinkCase(Polyhedron(A, equations: 1), [3, 2, -1, 5], solution: w, subgradient: [-1, 0, 1, 0]).check(weak: 1)
    // Rows that depend on each other.
    let B = Matrix<Double>([[1, 1, 0], [0, 1, 1], [1, 0, -1]])
    let one = KinkCase(Polyhedron(B), [3, 2, 1], solution: [1, 2, 0], subgradient: [1, 1, 0])
    #expect(throws: KinkRefusal.self) { try KinkAnalysis(one.problem) }
  }

  /// Knots that may appear; of order 1 it is total variation.
  @Test func trendFilter() throws {
    func one(_ order: Int, _ w: [Double], _ z: [Double]) -> KinkCase<TrendFilter<Double>> {
      var stencil: [Double] = [1]
      for _ in 0..<order { stencil = zip([0] + stencil, stencil + [0]).map { $0 - $1 } }
      var subgradient = [Double](repeating: 0, count: w.count)
      for i in z.indices { for k in 0...order { subgradient[i + k] += stencil[k] * z[i] } }
      return KinkCase(TrendFilter(order: order), [1], solution: w, subgradient: subgradient)
    }
    let roof: [Double] = [0, 1, 2, 3, 2, 1]
    try one(2, roof, [0.5, 0.25, -1, 0.5]).check(weak: 0)
    try one(2, roof, [1, 0.25, -1, 0.5]).check(weak: 1)
    try one(2, roof, [1, -1, -1, 0]).check(weak: 2)
    try one(2, roof, [-1, 1, -1, 1]).check(weak: 3)
    try one(1, [1, 1, 1, 2, 2], [1, -0.5, 1, -1]).check(weak: 2)
    try one(3, [0, 1, 4, 9, 16, 23, 28], [0.5, -1, -1, -1]).check(weak: 1)
    let record = try KinkAnalysis(one(2, roof, [1, 0.25, -1, 0.5]).problem).weaklyActive[0]
    #expect(record.place == .knot(0) && record.description.hasPrefix("the knot behind 0 would appear"))
  }

  /// A tree, whose edges saturate one by one; a chain, as total variation; a square, about which blocks part together.
  @Test func graphVariation() throws {
    func one(_ edges: [(Int, Int)], _ w: [Double], _ flows: [Double], weights: [Double]? = nil)
      -> KinkCase<GraphTotalVariation<Double>>
    {
      var subgradient = [Double](repeating: 0, count: w.count)
      for (k, edge) in edges.enumerated() {
        let flow = flows[k] * (weights?[k] ?? 1)
        subgradient[edge.0] += flow
        subgradient[edge.1] -= flow
      }
      return KinkCase(
        GraphTotalVariation(edges: edges, count: w.count, weights: weights), [1], solution: w, subgradient: subgradient)
    }
    let chain = [(0, 1), (1, 2), (2, 3), (3, 4)]
    try one(chain, [1, 1, 1, 2, 2], [-1, 0.5, -1, 1]).check(weak: 2)
    let star = [(0, 1), (0, 2), (0, 3), (3, 4)]
    try one(star, [1, 1, 1, 1, 3], [0.5, -0.25, 0.5, -1]).check(weak: 0)
    try one(star, [1, 1, 1, 1, 3], [1, -1, 0.5, -1], weights: [1, 0.5, 2, 1]).check(weak: 2)
    let square = [(0, 1), (1, 2), (2, 3), (3, 0), (3, 4)]
    try one(square, [1, 1, 1, 1, 4], [1, 0.5, -0.5, -1, -1]).check(weak: 1)
    try one(square, [1, 1, 1, 1, 4], [0.5, 0.5, -0.5, -0.5, -1]).check(weak: 0)
    // More can flow from 0 to 1 and 3, from there to 2: a circle of blocks.
    try one(square, [1, 1, 1, 1, 4], [-1, -1, 1, 1, -1]).refused()
    let record = try KinkAnalysis(one(square, [1, 1, 1, 1, 4], [1, 0.5, -0.5, -1, -1]).problem).weaklyActive[0]
    #expect(record.place == .cluster([0]))
  }

  @Test func boxAndHyperplane() throws {
    let g = BoxHyperplane<Double>(
      normal: [1, 2, 1, -1], lower: [0, 0, 0, 0], upper: [3, 3, 3, 3])
    let w: [Double] = [0, 1, 3, 2]
    try KinkCase(g, [3], solution: w, subgradient: [0.5, 2, 2, -1]).check(weak: 0)
    try KinkCase(g, [3], solution: w, subgradient: [1, 2, 2, -1]).check(weak: 1)
    try KinkCase(g, [3], solution: w, subgradient: [1, 2, 1, -1]).check(weak: 2)
    let corner = KinkCase(
      BoxHyperplane<Double>(normal: [1, 1], lower: [0, 0], upper: [1, 1]), [1], solution: [1, 0],
      subgradient: [1, 1])
    #expect(throws: KinkRefusal.self) { try KinkAnalysis(corner.problem) }
  }

  /// Solutions along a direction, with all their breakpoints, against the iteration.
  @Test(arguments: [0, 1, 2, 3])
  func paths(_ which: Int) throws {
    func follow<G: PolyhedralPenalty<Double>>(_ one: KinkCase<G>) throws {
      var complete = 0
      for δ in one.directions where one.map.violation(parameters: one.problem.parameters + δ) == nil {
        let path = try PathPredictor().path(of: one.problem, along: δ)
        // A path that comes to where more than two pieces meet ends there, and says so.
        guard path.outcome == .complete else { continue }
        complete += 1
        for t in [0.25, 0.5, 1] {
          let moved = one.map.iterate(at: one.problem.parameters + t * δ, from: one.problem.state)
          // Each node is off by some errors of Φ, and so is the solution; both times 1/(1 − q) ≤ 2 and a few.
          #expect((path.state(at: t) - moved.state).maxNorm <= 1e-11, "\(δ) at \(t)")
        }
      }
      #expect(complete >= 4)
    }
    switch which {
    case 0:
      try follow(
        KinkCase(FusedLasso(), [1, 1], solution: [2, 2, 2, 0, 0], subgradient: [0.5, 2.5, 1, -0.75, 0.75]))
    case 1:
      // Δ²ᵀ (1, ¼, −1, ½).
      try follow(
        KinkCase(
          TrendFilter(order: 2), [1], solution: [0, 1, 2, 3, 2, 1], subgradient: [1, -1.75, -0.5, 2.75, -2, 0.5]))
    case 2:
      try follow(
        KinkCase(
          GraphTotalVariation(edges: [(0, 1), (1, 2), (2, 3), (3, 0), (3, 4)], count: 5), [1],
          solution: [1, 1, 1, 1, 4], subgradient: [2, -0.5, -1, -1.5, 1]))
    default:
      let A = Matrix<Double>([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]])
      try follow(KinkCase(Polyhedron(A), [3, 2, 4], solution: [1, 2, 0, -1], subgradient: [2, 2, 0, 0]))
    }
  }
}
