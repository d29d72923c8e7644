import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import Testing

/// The path of solutions against the minimizers found by trying every pattern of signs.
@Suite struct SolutionPathTests {
  typealias Map = ProximalGradientMap<QuadraticFunction<Double>, L1Norm<Double>>

  /// Q = XᵀX/n + I/10 and c = Xᵀy/n of random data, so that the condition number is what eigenvalues between 0.1 and ‖Q‖ say.
  static func data(_ p: Int, seed: UInt64) -> (Q: Matrix<Double>, c: Vector<Double>) {
    var random = RandomStream(seed: seed)
    let n = 8
    let X = Matrix<Double>(rows: n, columns: p) { _, _ in random.nextNormal() }
    let y = Vector<Double>(count: n) { _ in random.nextNormal() }
    var Q = X.transposed * X
    Q.scale(by: 1 / Double(n))
    Q.addToDiagonal(0.1)
    return (Q, (1 / Double(n)) * (X.transposed * y))
  }

  /// An error bound of minimizers: of backward stable solves with p unknowns, (a dozen) p ulps times the condition number, ‖w‖ ≤ ‖c‖/0.1; twice, for the truth
  /// is as accurate.
  static func tolerance(_ Q: Matrix<Double>, _ c: Vector<Double>) -> Double {
    24 * Double(c.count) * .ulpOfOne * Q.frobeniusNorm / 0.1 * (c.norm / 0.1)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
  func lassoPath(_ seed: UInt64) throws {
    let p = 3 + Int(seed) % 4
    let (Q, c) = Self.data(p, seed: seed)
    let map = Map(QuadraticFunction(Q, linear: c), L1Norm())
    let start = 1.25 * c.maxNorm
    let problem = FixedPointProblem(map, parameters: [start], state: .zeros(p))
    let path = try PathPredictor().path(of: problem, along: [-0.99 * start])
    #expect(path.outcome == .complete)
    // The first feature enters where the strength is the largest |c|: 0.25 of 1.25 in 0.99 steps.
    #expect(abs(path.breakpoints[0] - 0.2 / 0.99) <= 64 * .ulpOfOne)
    let tolerance = Self.tolerance(Q, c)
    for k in 0...64 {
      let t = Double(k) / 64
      let truth = LassoTruth.minimizer(Q, c, Vector(repeating: start * (1 - 0.99 * t), count: p))
      #expect(truth.violation <= tolerance)
      #expect((path.state(at: t) - truth.w).maxNorm <= tolerance, "t = \(t)")
    }
    // Between two breakpoints the pattern of signs stays, and across one it changes.
    let bends = [0] + path.breakpoints + [1]
    let patterns = zip(bends, bends.dropFirst()).map { a, b in
      LassoTruth.minimizer(Q, c, Vector(repeating: start * (1 - 0.99 * (a + b) / 2), count: p)).w.map { $0.sign0 }
    }
    #expect(zip(patterns, patterns.dropFirst()).allSatisfy { $0 != $1 })
  }

  /// On the ℓ1 ball an entry of the argument may pass zero, which is no kink, and come to the threshold from the other side.
  @Test func argumentsThatPassZero() throws {
    let Q = KinkCase<L1Ball<Double>>.hessian(3)
    let w: Vector<Double> = [0, 2, 1]
    // u moves from −½ to beyond ½ + the threshold's own way.
    let f = QuadraticFunction(
      Q, linear: Q * w + [-0.5, 2, 2], parameters: Matrix(rows: 3, columns: 1) { i, _ in i == 0 ? 1 : 0 })
    let map = ProximalGradientMap(f, L1Ball<Double>())
    let problem = FixedPointProblem(map, parameters: [3, 0], state: w)
    let path = try PathPredictor().path(of: problem, along: [0, 8])
    #expect(path.outcome == .complete && path.breakpoints.count >= 1)
    for k in 0...16 {
      let t = Double(k) / 16
      let truth = map.iterate(at: [3, 8 * t], from: path.state(at: t))
      // Eigenvalues of 3 to 9: the iteration is off by at most 2 residuals of at most four errors of Φ.
      let error = 8 * map.evaluationError(at: truth.state, parameters: [3, 8 * t])
      #expect((truth.state - path.state(at: t)).maxNorm <= 2 * error, "t = \(t)")
    }
    // Both signs in one path: the entry is −, then 0, then +.
    #expect(path.state(at: 1)[0] > 0)
  }

  /// Several strengths that move at different rates, up and down, from a point on the way.
  @Test(arguments: [11, 12, 13, 14] as [UInt64])
  func weightedPath(_ seed: UInt64) throws {
    let p = 5
    let (Q, c) = Self.data(p, seed: seed)
    let map = Map(QuadraticFunction(Q, linear: c), L1Norm(.perCoordinate(p)))
    let λ = Vector<Double>(count: p) { 0.1 * c.maxNorm * Double($0 + 1) }
    let δ = Vector<Double>(count: p) { 0.5 * c.maxNorm - λ[$0] }
    let first = LassoTruth.minimizer(Q, c, λ).w
    let path = try PathPredictor().path(of: FixedPointProblem(map, parameters: λ, state: first), along: δ)
    #expect(path.outcome == .complete)
    for k in 0...32 {
      let t = Double(k) / 32
      let truth = LassoTruth.minimizer(Q, c, λ + t * δ)
      #expect((path.state(at: t) - truth.w).maxNorm <= Self.tolerance(Q, c), "t = \(t)")
    }
  }

  /// All features enter at once, in opposite directions: Q = I, |c| equal.
  @Test func severalKinksAtOnePoint() throws {
    let map = Map(QuadraticFunction(.identity(4), linear: [2, -2, 2, 1]), L1Norm())
    let path = try PathPredictor().path(of: FixedPointProblem(map, parameters: [4], state: .zeros(4)), along: [-4])
    #expect(path.outcome == .complete)
    #expect(path.breakpoints.first == 0.5)
    #expect(path.nodes.first { $0.t == 0.5 }?.kinks.count == 3)
    for k in 0...8 {
      let λ = 4 * (1 - Double(k) / 8)
      let expected: Vector<Double> = [max(0, 2 - λ), -max(0, 2 - λ), max(0, 2 - λ), max(0, 1 - λ)]
      #expect((path.state(at: Double(k) / 8) - expected).maxNorm <= 16 * .ulpOfOne)
    }
  }

  /// Every polyhedral penalty: the path ends where the iteration solves at the end, and bends on the way.
  @Test func otherPenalties() throws {
    try Self.follow(
      KinkCase(Simplex(), [5], solution: [0, 2, 3, 0, 0], subgradient: [-1, 2, 2, 2, 2]),
      by: [[-2, 3, 5], [4, -4, 2]])
    try Self.follow(
      KinkCase(L1Ball(), [5], solution: [-2, 0, 3, 0, 0], subgradient: [-2, 2, 2, -2, 1]),
      by: [[-2, 3, 5], [6, 0, 0], [4, -4, 2]])
    try Self.follow(
      KinkCase(L1Ball(), [6], solution: [-2, 2, 1], subgradient: [0, 0, 0]),
      by: [[-3, 0, 0], [-2, 9, -9], [0, 20, 5]])
    try Self.follow(
      KinkCase(TotalVariation(), [1], solution: [1, 3, 3, 3, 3, 1], subgradient: [-1, 2, -1.5, 1.5, 0, -1]),
      by: [[-0.9, 0, 0], [20, 0, 0], [1, 8, -9], [0, -9, 6]])
    try Self.follow(
      KinkCase(Isotonic(), [], solution: [1, 1, 1, 2, 2, 4], subgradient: [0, 1, -1, 0, 0, 0]),
      by: [[9, 0], [-9, 9], [0, -12]])
    try Self.follow(
      KinkCase(NearlyIsotonic(), [1], solution: [1, 3, 3, 3, 3, 1], subgradient: [0, 0, 0.5, 0.5, 0, -1]),
      by: [[-0.9, 0, 0], [20, 0, 0], [1, 8, -9], [0, -9, 6]])
    try Self.follow(
      KinkCase(
        Box(lower: .parameters(), upper: .fixed(2)), [-1], solution: [-1, 0, 2, -1, 2], subgradient: [-1, 0, 1, 0, 0]),
      by: [[2, 5, 0], [-3, 9, 9], [1, -9, 4]])
    try Self.follow(
      KinkCase(InsensitivePenalty(), [1, 2], solution: [3, 2, 2, -2, 1, -2], subgradient: [1, 1, 0, -1, 0, 0]),
      by: [[1, -1, 3, 0], [4, 1, 9, 9], [-0.9, 0, -9, 2]])
    try Self.follow(
      KinkCase(ElasticNet(), [1, 2], solution: [3, 0, 0, -2], subgradient: [7, 1, -1, -5]),
      by: [[20, 0, 0, 0], [-0.9, 0, 9, 9]])
    try Self.follow(
      KinkCase(HuberPenalty(), [1, 2], solution: [3, 2, -2, 1], subgradient: [2, 2, -2, 1]),
      by: [[0, -1.5, 9, 3], [0, 2, 0, -9]])
  }

  /// The tolerance is that of ``KinkCase/check(weak:curvature:_:)``, and as much for the path itself.
  private static func follow<G>(_ one: KinkCase<G>, by ends: [[Double]]) throws {
    for end in ends {
      let δ = Vector(end)
      let path = try PathPredictor().path(of: one.problem, along: δ)
      #expect(path.outcome == .complete, "\(G.self) \(end)")
      for t in [0.125, 0.25, 0.5, 0.75, 1] {
        let λ = one.problem.parameters + t * δ
        let truth = one.map.iterate(at: λ)
        #expect(truth.outcome == .converged)
        let error = 16 * one.map.evaluationError(at: truth.state, parameters: λ)
        guard t <= path.nodes.last!.t else { continue }
        #expect((path.state(at: t) - truth.state).maxNorm <= error, "\(G.self) \(end) at \(t)")
      }
    }
  }

  /// Paths that are curved are refused.
  @Test func curvedPaths() throws {
    let X = Matrix<Double>([[1, 2], [3, -1], [0, 1]])
    let logistic = SparseLogisticMap<Double>(features: X, labels: [1, -1, 1])
    #expect(throws: KinkRefusal.self) {
      try PathPredictor().path(of: logistic.solve(at: [0.1, 0.1]).problem, along: [0.1, 0])
    }
    let net = ElasticNetMap<Double>(features: X, targets: [1, -1, 2])
    let problem = net.solve(at: [0.1, 0.1]).problem
    #expect(throws: KinkRefusal.self) { try PathPredictor().path(of: problem, along: [0.1, 0.1]) }
    #expect(try PathPredictor().path(of: problem, along: [0.1, 0]).outcome == .complete)
    #expect(throws: KinkRefusal.self) { try PathPredictor().path(of: problem, along: [-0.2, 0]) }
  }
}

extension Double {
  fileprivate var sign0: Int { self > 0 ? 1 : self < 0 ? -1 : 0 }
}
