import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import Testing

/// One-sided derivatives at kinks of sorted norms, ordered sums and the largest size, against differences of solutions.
@Suite struct OrderedKinkTests {
  let weights: Vector<Double> = [4, 3, 2, 1, 0.5]

  /// A cluster that may part, and zeros the first or all of which may enter.
  @Test func sortedNorm() throws {
    let g = SortedL1(weights: weights)
    let w: [Double] = [4, -2, 2, 0, 0]
    try KinkCase(g, [1], solution: w, subgradient: [4, -2.5, 2.5, 0.75, 0.5]).check(weak: 0)
    try KinkCase(g, [1], solution: w, subgradient: [4, -3, 2, 0.75, 0.25]).check(weak: 1)
    try KinkCase(g, [1], solution: w, subgradient: [4, -3, 2, 1, -0.25]).check(weak: 2)
    try KinkCase(g, [1], solution: w, subgradient: [4, -2.5, 2.5, -1, 0.5]).check(weak: 2)
    // Two zeros of one size whose sum is what their weights allow enter together.
    try KinkCase(g, [1], solution: w, subgradient: [4, -2.5, 2.5, 0.75, -0.75]).check(weak: 1)
    try KinkCase(
      SortedL1(weights: [3, 2, 1, 0.5]), [1], solution: [2, 2, -2, 0], subgradient: [3, 1.5, -1.5, -0.5]
    ).check(weak: 2)
    try KinkCase(g, [1], solution: [0, 0, 0, 0, 0], subgradient: [4, -3, 2, 0.5, 0]).check(weak: 3)
    let record = try KinkAnalysis(KinkCase(g, [1], solution: w, subgradient: [4, -3, 2, 0.75, 0.25]).problem)
      .weaklyActive[0]
    #expect(record.place == .cluster([1]) && record.description.contains("part from those of its size"))
  }

  /// Entries of equal weights pass each other without a kink, and each of them may enter or part by itself: with all weights equal it is the 1-norm.
  @Test func equalWeights() throws {
    let one = SortedL1<Double>(weights: [1, 1, 1, 1])
    try KinkCase(one, [1], solution: [2, -2, 0, 0], subgradient: [1, -1, 1, 0.5]).check(weak: 1)
    try KinkCase(one, [1], solution: [2, -2, 0, 0], subgradient: [1, -1, 1, -1]).check(weak: 2)
    let two = SortedL1<Double>(weights: [2, 2, 1, 1])
    try KinkCase(two, [1], solution: [2, -2, 2, 2], subgradient: [2, -2, 1, 1]).refused()
    try KinkCase(two, [1], solution: [2, -2, 2, 0], subgradient: [2, -2, 1, 1]).check(weak: 3)
    try KinkCase(two, [1], solution: [2, -2, 2, 0], subgradient: [2, -1.5, 1.5, 0.5]).check(weak: 1)
    let three = SortedL1<Double>(weights: [3, 2, 2, 1])
    try KinkCase(three, [1], solution: [2, 2, 2, 2], subgradient: [3, 2, 2, 1]).refused()
    try KinkCase(three, [1], solution: [2, 2, 2, 0], subgradient: [3, 2, 2, 0.5]).check(weak: 2)
    // Weights of nothing leave zeros free of both signs.
    try KinkCase(
      SortedL1<Double>(weights: [2, 1, 0, 0]), [1], solution: [3, 1, 0, 0], subgradient: [2, 1, 0, 0]
    ).check(weak: 0)
  }

  @Test func largestOfAll() throws {
    let g = LInfinityNorm<Double>()
    try KinkCase(g, [2], solution: [2, -2, 1, 0], subgradient: [1, -1, 0, 0]).check(weak: 0)
    try KinkCase(g, [2], solution: [2, -2, 2, 0], subgradient: [1, -1, 0, 0]).check(weak: 1)
    try KinkCase(g, [2], solution: [2, -2, 2, 2], subgradient: [1, -1, 0, 0]).check(weak: 2)
    try KinkCase(g, [2], solution: [2, -2, 0, 1], subgradient: [2, 0, 0, 0]).check(weak: 1)
    try KinkCase(g, [2], solution: [0, 0, 0, 0], subgradient: [0.5, -0.5, 0.5, -0.5]).check(weak: 1)
    try KinkCase(g, [2], solution: [0, 0, 0, 0], subgradient: [0.5, -0.5, 0.5, 0.25]).check(weak: 0)
    try KinkCase(g, [2], solution: [0, 0, 0, 0], subgradient: [1, -1, 0, 0]).refused()
  }

  @Test func sumOfTheLargest() throws {
    let g = OrderedSum<Double>.largest(2, of: 5)
    try KinkCase(g, [1], solution: [3, 1, 1, 1, -2], subgradient: [1, 0.5, 0.25, 0.25, 0]).check(weak: 0)
    try KinkCase(g, [1], solution: [3, 1, 1, 1, -2], subgradient: [1, 0.5, 0.5, 0, 0]).check(weak: 1)
    try KinkCase(g, [1], solution: [3, 1, 1, 1, -2], subgradient: [1, 1, 0, 0, 0]).check(weak: 2)
    try KinkCase(g, [1], solution: [1, 1, 1, 1, 1], subgradient: [1, 0.5, 0.5, 0, 0]).check(weak: 3)
    try KinkCase(g, [1], solution: [1, 1, 1, 1, 1], subgradient: [1, 1, 0, 0, 0]).refused()
  }

  /// Random exact kinks: clusters of random levels, the weights now equal and now not.
  @Test(arguments: [true, false])
  func random(_ usesSizes: Bool) throws {
    var random = RandomStream(seed: usesSizes ? 31 : 32)
    var (checked, weak) = (0, 0)
    for _ in 0..<60 {
      let one = RandomOrder(&random, count: 6, usesSizes: usesSizes)
      func check<G: PolyhedralPenalty<Double>>(_ g: G) throws {
        let test = KinkCase(g, [1], solution: one.solution, subgradient: one.subgradient)
        guard let analysis = try? KinkAnalysis(test.problem) else { return }
        checked += 1
        weak += analysis.weaklyActive.count
        try test.check(weak: analysis.weaklyActive.count)
      }
      if usesSizes { try check(SortedL1(weights: one.weights)) } else { try check(OrderedSum(weights: one.weights)) }
    }
    // Few are of more pieces than two.
    #expect(checked >= 40 && weak >= 30, "\(checked) cases with \(weak) kinks")
  }

  /// Solutions along a direction, with all their breakpoints, against the iteration.
  @Test func paths() throws {
    func follow<G: PolyhedralPenalty<Double>>(_ one: KinkCase<G>) throws {
      var complete = 0
      for δ in one.directions where one.map.violation(parameters: one.problem.parameters + δ) == nil {
        let path = try PathPredictor().path(of: one.problem, along: δ)
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
    try follow(
      KinkCase(
        SortedL1(weights: weights), [1], solution: [4, -2, 2, 0, 0], subgradient: [4, -3, 2, 0.75, 0.25]))
    try follow(KinkCase(LInfinityNorm(), [2], solution: [2, -2, 2, 0], subgradient: [1, -1, 0, 0]))
    try follow(
      KinkCase(
        OrderedSum<Double>.largest(2, of: 5), [1], solution: [3, 1, 1, 1, -2], subgradient: [1, 0.5, 0.5, 0, 0]))
  }
}

extension KinkCase {
  /// More than two pieces meet, and the analysis says so.
  func refused(_ place: SourceLocation = #_sourceLocation) throws {
    do throws(KinkRefusal) {
      _ = try KinkAnalysis(problem)
      Issue.record("more than two pieces that meet were not refused", sourceLocation: place)
    } catch {
      guard case .meetingKinks = error else { throw error }
    }
  }
}

/// A point with clusters and a subgradient of an ordered penalty there, split into levels whose sums are those of their weights.
private struct RandomOrder {
  var weights = Vector<Double>.zeros(0)
  var solution: [Double] = []
  var subgradient: [Double] = []

  init(_ random: inout RandomStream, count p: Int, usesSizes: Bool) {
    // Means of two, three and four multiples of ¾ are exact.
    var weight = 0.75 * Double(1 + random.nextIndex(below: 3)) - (usesSizes ? 0 : 3)
    var falling: [Double] = []
    for _ in 0..<p {
      falling.append(weight)
      weight += 0.75 * Double(random.nextIndex(below: 3))
    }
    weights = Vector(falling.reversed())
    var (w, v) = ([Double](repeating: 0, count: p), [Double](repeating: 0, count: p))
    var (start, value) = (0, 6.0)
    while start < p {
      let size = min(p - start, 1 + random.nextIndex(below: 4))
      let isZero = usesSizes && start + size == p && random.nextUniform() < 0.6
      var first = start
      while first < start + size {
        let count = min(start + size - first, 1 + random.nextIndex(below: 3))
        let places = first..<first + count
        let isHeld = isZero && first + count == p && random.nextUniform() < 0.5
        let mean = places.reduce(0) { $0 + weights[$1] } / Double(count)
        for i in places {
          w[i] = isZero ? 0 : value
          // Of what stays at zero less than its weights.
          v[i] = isHeld ? weights[p - 1] / 2 : mean
        }
        first += count
      }
      start += size
      value -= Double(1 + random.nextIndex(below: 2))
      if usesSizes && value <= 0 { value = 0.5 }
    }
    // Any order, any signs.
    let order = (0..<p).map { ($0, random.nextUniform()) }.sorted { $0.1 < $1.1 }.map(\.0)
    let signs = (0..<p).map { _ in usesSizes && random.nextUniform() < 0.5 ? -1.0 : 1.0 }
    solution = order.indices.map { signs[$0] * w[order[$0]] }
    subgradient = order.indices.map { signs[$0] * v[order[$0]] }
  }
}
