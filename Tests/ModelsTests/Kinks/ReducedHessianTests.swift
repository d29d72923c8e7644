import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import Testing

/// Second derivatives of reduced objectives against closed forms and differences of hypergradients.
@Suite struct ReducedHessianTests {
  static func features(_ n: Int, _ p: Int, seed: UInt64) -> Matrix<Double> {
    var random = RandomStream(seed: seed)
    return Matrix(rows: n, columns: p) { _, _ in random.nextNormal() }
  }

  static func targets(_ n: Int, seed: UInt64) -> Vector<Double> {
    var random = RandomStream(seed: seed)
    return Vector(count: n) { _ in random.nextNormal() }
  }

  /// With M = X_SᵀX_S/n + λ2: w = M⁻¹(c − λ1 σ), so w₁₁ = 0, w₁₂ = M⁻²σ, w₂₂ = 2 M⁻²w, and ∇²f = w'ᵀ(∇²E)w' + Σ ∇E · w''.
  @Test func elasticNetInClosedForm() throws {
    let (n, p) = (20, 6)
    let (X, y) = (Self.features(n, p, seed: 1), Self.targets(n, seed: 2))
    let (V, z) = (Self.features(9, p, seed: 3), Self.targets(9, seed: 4))
    let map = ElasticNetMap<Double>(features: X, targets: y)
    let objective = HeldOutSquaredError(features: V, targets: z)
    let solution = map.solve(at: [0.15, 0.1])
    let w = try solution.get()
    let S = (0..<p).filter { w[$0] != 0 }
    #expect(S.count >= 2 && S.count < p)
    let M = S.map { a in
      S.map { b in (0..<n).reduce(0) { $0 + X[$1, a] * X[$1, b] } / Double(n) + (a == b ? 0.1 : 0) }
    }
    let σ = S.map { w[$0] < 0 ? -1.0 : 1 }
    let first = [LassoTruth.solve(M, σ).map { -$0 }, LassoTruth.solve(M, S.map { -w[$0] })]
    let mixed = LassoTruth.solve(M, LassoTruth.solve(M, σ))
    let second = LassoTruth.solve(M, first[1]).map { -2 * $0 }
    let residual = V * w - z
    let gradient = S.map { j in (0..<9).reduce(0) { $0 + V[$1, j] * residual[$1] } / 9 }
    func along(_ x: [Double]) -> [Double] { (0..<9).map { i in zip(S, x).reduce(0) { $0 + V[i, $1.0] * $1.1 } } }
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let bends = [[Array(repeating: 0, count: S.count), mixed], [mixed, second]]
    let H = try ReducedHessian().matrix(of: objective, solution.problem).get()
    for i in 0..<2 {
      for j in 0..<2 {
        let truth = dot(along(first[i]), along(first[j])) / 9 + dot(gradient, bends[i][j])
        // Three solves with M, whose condition number is below 100, each with 6 unknowns; w itself to 1e-12 by working sets.
        #expect(abs(H[i, j] - truth) <= 1e-9 * H.frobeniusNorm, "\(i), \(j)")
      }
    }
  }

  /// Every solver that AID has, and one that goes by the vouched-for solution.
  @Test(arguments: [false, true]) func logisticAgainstDifferences(_ isSolution: Bool) throws {
    let (n, p) = (40, 8)
    let X = Self.features(n, p, seed: 5)
    let labels = Self.targets(n, seed: 6).map { $0 < 0 ? -1.0 : 1 }
    let map = SparseLogisticMap<Double>(
      features: X, labels: Vector(labels), strengths: SharedStrengths([0, 0, 0, 0, 1, 1, 1, 1], count: 2))
    let objective = HeldOutLogisticLoss(
      features: Self.features(15, p, seed: 7), targets: Vector(Self.targets(15, seed: 8).map { $0 < 0 ? -1.0 : 1 }))
    for solver in [.direct, .conjugateGradient, .gmres()] as [AID<SparseLogisticMap<Double>>.Solver] {
      try Self.compare(map, objective, at: [0.03, 0.02, 0.05], solver, isSolution)
    }
  }

  /// A radius, whose column lies outside of D's range, and bounds; least squares on the ℓ1 ball and in a box.
  @Test func radiusAndBounds() throws {
    let objective = HeldOutLogisticLoss(
      features: Self.features(15, 6, seed: 11), targets: Vector(Self.targets(15, seed: 12).map { $0 < 0 ? -1.0 : 1 }))
    try Self.compareAwayFromKinks(L1Ball(), objective, at: [0.4, 0.05])
    try Self.compareAwayFromKinks(Box(lower: .parameters(), upper: .fixed(0.1)), objective, at: [-0.15, 0.05])
  }

  /// Runs, sums and rows: λ of the penalty, then the ridge.
  @Test func runsAndRows() throws {
    let objective = HeldOutLogisticLoss(
      features: Self.features(15, 6, seed: 11), targets: Vector(Self.targets(15, seed: 12).map { $0 < 0 ? -1.0 : 1 }))
    try Self.compareAwayFromKinks(FusedLasso(), objective, at: [0.05, 0.08, 0.05])
    try Self.compareAwayFromKinks(TotalVariation(), objective, at: [0.08, 0.05])
    try Self.compareAwayFromKinks(Simplex(), objective, at: [0.5, 0.05])
    let ones = Vector<Double>(repeating: 1, count: 6)
    try Self.compareAwayFromKinks(
      BoxHyperplane(normal: [1, -1, 1, 2, -1, 1], lower: -0.15 * ones, upper: 0.2 * ones), objective, at: [0.1, 0.05])
    let A = Matrix<Double>(rows: 3, columns: 6) { Double(($0 * 5 + $1 * 7) % 5) - 2 }
    try Self.compareAwayFromKinks(Polyhedron(A), objective, at: [0.05, 0.1, -0.1, 0.05])
  }

  /// In single precision it is that of double precision, to the errors of a solve.
  @Test func singlePrecision() throws {
    func hessian<T: Scalar>(_: T.Type) throws -> Matrix<Double> {
      let X = Matrix<T>(converting: Self.features(20, 6, seed: 1))
      let map = ElasticNetMap<T>(features: X, targets: Vector<T>(converting: Self.targets(20, seed: 2)))
      let objective = HeldOutSquaredError<T>(
        features: Matrix<T>(converting: Self.features(9, 6, seed: 3)),
        targets: Vector<T>(converting: Self.targets(9, seed: 4)))
      let solution = map.solve(at: [T(0.15), T(0.1)])
      return Matrix<Double>(converting: try ReducedHessian().matrix(of: objective, solution.problem).get())
    }
    let (single, double) = (try hessian(Float.self), try hessian(Double.self))
    // Three solves with a condition number below 100, of data rounded to half an ulp.
    for k in 0..<2 {
      let difference = single.column(k) - double.column(k)
      #expect(difference.norm <= 3 * 3 * 100 * 6 * Double(Float.ulpOfOne) * double.frobeniusNorm)
    }
  }

  /// On the first data whose solution has no kink within 0.01: differences must not cross one.
  private static func compareAwayFromKinks<G: PolyhedralPenalty<Double>>(
    _ penalty: G, _ objective: HeldOutLogisticLoss<Double>, at λ: Vector<Double>
  ) throws {
    for seed in UInt64(20)..<60 {
      let model = LinearModel<QuadraticLoss<Double>>(
        features: DenseDesign(Self.features(20, 6, seed: seed)), targets: Self.targets(20, seed: seed + 100))
      let map = ProximalGradientMap(model, penalty)
      let analysis = try KinkAnalysis(map.iterate(at: λ).problem, radius: 0.01)
      if analysis.records.isEmpty { return try compare(map, objective, at: λ, .direct, false) }
    }
    Issue.record("every solution is near a kink")
  }

  /// Central differences of the hypergradient along δ at h and h/2: their truncation errors are O(h²), so those at h/2 are off by a third of the difference of
  /// the two, within the next order; twice the difference is allowed. Each hypergradient is off by 1e-11 of itself: solutions to some 1e-13 and a system
  /// whose condition number is below 100.
  private static func compare<L: SmoothLoss, G: PolyhedralPenalty>(
    _ map: ProximalGradientMap<LinearModel<L>, G>, _ objective: some TwiceDifferentiableObjective<Double>,
    at λ: Vector<Double>, _ solver: AID<ProximalGradientMap<LinearModel<L>, G>>.Solver, _ isSolution: Bool
  ) throws where L.Element == Double, G.Element == Double {
    typealias Map = ProximalGradientMap<LinearModel<L>, G>
    let w = map.iterate(at: λ)
    #expect(w.outcome == .converged)
    func piece(_ w: Vector<Double>, _ λ: Vector<Double>) -> UInt64 {
      map.penalty.signature(at: w, parameters: λ[segment: 0..<map.penalty.parameterCount])
    }
    let home = piece(w.state, λ)
    func hypergradient(_ λ: Vector<Double>) throws -> Vector<Double> {
      let moved = map.iterate(at: λ, from: w.state)
      #expect(piece(moved.state, λ) == home)
      return try AID<Map>(.direct).hypergradient(
        of: objective, FixedPointProblem(map, parameters: λ, state: moved.state)
      ).get()
    }
    let problem = FixedPointProblem(map, parameters: λ, state: w.state, stateIsSolution: isSolution)
    let hessian = ReducedHessian(AID<Map>(solver))
    let H = try hessian.matrix(of: objective, problem).get()
    let h = 0x1p-12
    for k in 0..<λ.count {
      let δ = Vector<Double>(count: λ.count) { $0 == k ? 1 : 0 }
      func difference(_ h: Double) throws -> Vector<Double> {
        try (1 / (2 * h)) * (hypergradient(λ + h * δ) - hypergradient(λ - h * δ))
      }
      let (coarse, fine) = (try difference(h), try difference(h / 2))
      let noise = 1e-11 * (try hypergradient(λ)).norm / h
      #expect((H.column(k) - fine).norm <= 2 * (coarse - fine).norm + 2 * noise, "\(solver) \(k)")
      // What is compared is larger than what is allowed by far.
      #expect(2 * (coarse - fine).norm + 2 * noise <= 1e-3 * H.frobeniusNorm)
    }
    for i in 0..<λ.count { for j in 0..<i { #expect(abs(H[i, j] - H[j, i]) <= 1e-8 * H.frobeniusNorm) } }
  }

  @Test func refusals() throws {
    let (X, y) = (Self.features(20, 6, seed: 9), Self.targets(20, seed: 10))
    let objective = HeldOutSquaredError(features: X, targets: y)
    let net = ProximalGradientMap(
      LinearModel<QuadraticLoss<Double>>(features: DenseDesign(X), targets: y, ridge: .none), ElasticNet<Double>())
    #expect(throws: DifferentiationError.self) {
      try ReducedHessian().product(of: objective, net.solve(at: [0.1, 0.1]).problem, direction: [1, 0])
    }
    let unknown = ProximalGradientMap(
      LinearModel<SeparableLoss<UnknownScore>>(features: DenseDesign(X), targets: y), L1Norm<Double>())
    #expect(throws: DifferentiationError.self) {
      try ReducedHessian().product(of: objective, unknown.iterate(at: [0.1, 0.1]).problem, direction: [1, 0])
    }
  }
}

/// A loss of which nobody has said the third derivative: √(1 + t²) − 1, t = z − y.
private enum UnknownScore: ScoreLoss {
  typealias Element = Double
  static func value(score z: Double, target y: Double) -> Double { (1 + (z - y) * (z - y)).squareRoot() - 1 }
  static func residual(score z: Double, target y: Double) -> Double { (y - z) / (1 + (z - y) * (z - y)).squareRoot() }
  static func curvature(score z: Double, target y: Double) -> Double {
    let r = 1 / (1 + (z - y) * (z - y)).squareRoot()
    return r * r * r
  }
  static var curvatureBound: Double { 1 }
  static var curvatureLipschitzConstant: Double { 1 }
  static func conjugate(ofNegative r: Double, target y: Double) -> Double {
    1 - max(0, 1 - r * r).squareRoot() - r * y
  }
}
