import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import Testing

/// Features and targets in other units are the same problem: with powers of two for units every product and sum scales without rounding, so the
/// derivative at unit scale says what the derivative at any other is.
@Suite struct UnitsOfFeaturesTests {
  static let features = Matrix<Double>(rows: 9, columns: 5) {
    Double((37 * $0 * $0 + 101 * $1 + 17 * $0 * $1) % 64) / 64
  }
  static let targets = Vector<Double>(count: 9) { Double((29 * $0 * $0) % 16) / 16 }
  static let cotangent: [Double] = [1, -1, 0.5, 2, -0.25]

  static func power<E: Scalar>(_ k: Int, _: E.Type = E.self) -> E {
    E(Double(sign: .plus, exponent: k, significand: 1))
  }

  typealias Function<E: Scalar> = LinearModel<QuadraticLoss<E>>
  typealias Map<E: Scalar, G: ProximalMap<E>> = ProximalGradientMap<Function<E>, G>

  static func design<E: Scalar>(_ X: Matrix<E>, stored: Bool) -> any DesignMatrix<E> {
    if stored { return DenseDesign(X) }
    return ProductDesign<E>(
      rows: X.rows, columns: X.columns, multiply: { $1.assignProduct(X, $0) },
      multiplyTransposed: { $1.assignProduct(X.transposed, $0) })
  }

  /// X → 2ᵏ X, y → 2ᵏ y, ρ → 4ᵏ ρ has the same solution w; the derivative by the radius stays, that by the ridge is 4⁻ᵏ times as large.
  static func constraint<E: Scalar, G: ProximalMap<E>>(
    _ penalty: G, radius: E, units: [Int], solvers: [AID<Map<E, G>>.Solver], stored: Bool = true
  ) throws {
    var expected: [(vjp: Vector<E>, tangents: Matrix<E>)] = []
    var w: Vector<E>?
    for k in [0] + units {
      let a: E = power(k)
      let X = Matrix<E>(rows: 9, columns: 5) { a * E(features[$0, $1]) }
      let y = Vector<E>(count: 9) { a * E(targets[$0]) }
      let map = Map<E, G>(Function<E>(features: design(X, stored: stored), targets: y), penalty)
      // 0.375 is a short number, so ρ scales without rounding.
      let λ: Vector<E> = [radius, 0.375 * a * a]
      let state = w ?? map.solve(at: λ).state
      w = state
      let problem = FixedPointProblem(map, parameters: λ, state: state, stateIsSolution: true)
      for (i, solver) in solvers.enumerated() {
        let what: Comment = "\(G.self), 2^\(k), \(solver)"
        var gradient = try AID<Map<E, G>>(solver).vjp(problem, cotangent: Vector(cotangent.map { E($0) })).get()
        var tangents = try AID<Map<E, G>>(solver).jacobian(problem).get()
        gradient[1] *= a * a
        for j in 0..<5 { tangents[j, 1] *= a * a }
        if k == 0 {
          #expect(gradient[0] != 0 && gradient[1] != 0, what)
          expected.append((gradient, tangents))
          continue
        }
        // Half the digits: of the solves only the choice of single precision could depend on the units, and H is far better conditioned than 1/√ε.
        let accuracy = E.ulpOfOne.squareRoot()
        for q in 0..<2 {
          let size = expected[i].vjp[q].magnitude
          #expect((gradient[q] - expected[i].vjp[q]).magnitude <= accuracy * size, what)
          let column = expected[i].tangents.column(q)
          #expect(tangents.column(q).distance(to: column) <= accuracy * column.norm, what)
        }
      }
    }
  }

  static func constraints<E: Scalar>(_: E.Type, units: [Int]) throws {
    let own = AdjointSolver<E>(name: "own", for: .symmetric) { ConjugateGradient(count: $0) }
    try constraint(
      Simplex<E>(), radius: 0.75, units: units,
      solvers: [.automatic, .direct, .conjugateGradient, .minres, .custom(own)])
    try constraint(
      L1Ball<E>(), radius: 0.375, units: units,
      solvers: [.automatic, .direct, .conjugateGradient, .minres, .custom(own)])
    try constraint(
      Box<E>(lower: .fixed(0), upper: .parameters()), radius: 0.125, units: units,
      solvers: [.automatic, .direct, .conjugateGradient, .minres, .custom(own)])
    // Without a diagonal the size of H is that of a product.
    try constraint(Simplex<E>(), radius: 0.75, units: units, solvers: [.automatic, .conjugateGradient], stored: false)
  }

  @Test func derivativesOfConstraintsDoNotDependOnUnits() throws {
    try Self.constraints(Float.self, units: [-16, -10, -5, 5, 8, 12, 16])
    try Self.constraints(Double.self, units: [-60, -30, -20, 20, 30, 60])
  }

  /// X → 2ᵏ X, λ → 2ᵏ λ without a ridge: w is 2⁻ᵏ times as large, its derivatives 4⁻ᵏ times.
  static func norm<E: Scalar, G: ProximalMap<E>>(_ penalty: G, strengths: [E], units: [Int]) throws {
    var expected: [Matrix<E>] = []
    var w: Vector<E>?
    let solvers: [AID<Map<E, G>>.Solver] = [.automatic, .direct, .conjugateGradient, .minres]
    for k in [0] + units {
      let a: E = power(k)
      let X = Matrix<E>(rows: 9, columns: 5) { a * (E(features[$0, $1]) - 0.5) }
      let y = Vector<E>(count: 9) { E(targets[$0]) }
      let map = Map<E, G>(Function<E>(features: DenseDesign(X), targets: y, ridge: .none), penalty)
      let λ = Vector(strengths.map { a * $0 })
      let unit = w ?? map.solve(at: λ).state
      w = unit
      let problem = FixedPointProblem(map, parameters: λ, state: (1 / a) * unit, stateIsSolution: true)
      for (i, solver) in solvers.enumerated() {
        let tangents = try AID<Map<E, G>>(solver).jacobian(problem).get()
        if k == 0 {
          expected.append(tangents)
          continue
        }
        // As above; the curvature of the norm, if it were left out, is some per cent of the answer.
        for q in strengths.indices {
          let column = expected[i].column(q)
          let got = (a * a) * tangents.column(q)
          #expect(
            got.distance(to: column) <= 4 * E.ulpOfOne.squareRoot() * column.norm, "\(G.self), 2^\(k), \(solver)")
        }
      }
    }
  }

  static func norms<E: Scalar>(_: E.Type, units: [Int]) throws {
    try norm(L2Norm<E>(), strengths: [0.0625], units: units)
    try norm(GroupLasso<E>(Groups(sizes: [5])), strengths: [0.03125], units: units)
    try norm(SparseGroupLasso<E>(Groups(sizes: [5])), strengths: [0.001953125, 0.03125], units: units)
  }

  @Test func theCurvatureOfANormCountsInAnyUnits() throws {
    try Self.norms(Float.self, units: [-16, -12, -8])
    try Self.norms(Double.self, units: [-60, -30])
  }
}
