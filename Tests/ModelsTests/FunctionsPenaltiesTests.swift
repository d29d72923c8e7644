import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing

/// Penalties beyond the 1-norm with linear models: over every storage and by every strategy the same derivative, which is that of differences of
/// solutions. (`EndToEndTests` holds every penalty against the optimality conditions, solved exactly.)
@Suite struct FunctionsPenaltiesTests {
  typealias Storage = FunctionsDerivativeTests.Storage
  static let p = 9
  static let groups = [[0, 3, 6], [1], [2, 4, 5], [7, 8]]

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    /// Of the penalty, in the order of λ.
    var parameters: [Double]
    var double: any ProximalMap<Double>
    var single: any ProximalMap<Float>
    var testDescription: String { name }
  }

  static let cases = [
    Case(
      name: "group lasso", parameters: [0.04], double: GroupLasso<Double>(Groups(groups)),
      single: GroupLasso<Float>(Groups(groups))),
    Case(
      name: "sparse group lasso", parameters: [0.02, 0.03], double: SparseGroupLasso<Double>(Groups(groups)),
      single: SparseGroupLasso<Float>(Groups(groups))),
    Case(
      name: "box", parameters: [0.25], double: Box<Double>(lower: .fixed(0), upper: .parameters()),
      single: Box<Float>(lower: .fixed(0), upper: .parameters())),
    Case(name: "nonnegative", parameters: [], double: Box<Double>.nonNegative, single: Box<Float>.nonNegative),
    Case(name: "simplex", parameters: [0.75], double: Simplex<Double>(), single: Simplex<Float>()),
    Case(name: "l1 ball", parameters: [0.75], double: L1Ball<Double>(), single: L1Ball<Float>()),
  ]

  static let X: Matrix<Double> = FunctionsDerivativeTests.features(rows: 40, columns: p, seed: 61)
  static let y: Vector<Double> = {
    let noise: Vector<Double> = FunctionsDerivativeTests.vector(40, seed: 62)
    return X * Vector(count: p) { 0.7 - 0.2 * Double($0) } + 0.3 * noise
  }()
  static let labels = Vector<Double>(count: 40) { y[$0] < 0 ? -1 : 1 }
  static let ridge = 0.1

  @Test(arguments: cases, Storage.allCases)
  func squares(_ subject: Case, _ storage: Storage) throws {
    try check(QuadraticLoss<Double>.self, QuadraticLoss<Float>.self, Self.y, subject, storage)
  }

  @Test(arguments: cases, Storage.allCases)
  func logistic(_ subject: Case, _ storage: Storage) throws {
    try check(LogisticLoss<Double>.self, LogisticLoss<Float>.self, Self.labels, subject, storage)
  }

  private func check<Loss: SmoothLoss<Double>, Single: SmoothLoss<Float>>(
    _: Loss.Type, _: Single.Type, _ targets: Vector<Double>, _ subject: Case, _ storage: Storage
  ) throws {
    let f = LinearModel<Loss>(features: FunctionsDerivativeTests.design(Self.X, storage), targets: targets)
    let exact = try doubles(f, subject.double, subject)
    let single = LinearModel<Single>(
      features: FunctionsDerivativeTests.design(Matrix<Float>(converting: Self.X), storage),
      targets: Vector(converting: targets))
    try singles(single, subject.single, subject, exact)
  }

  private static let cotangent: Vector<Double> = FunctionsDerivativeTests.vector(p, seed: 63)

  /// w and w'(λ)ᵀ y.
  private func doubles<Loss: SmoothLoss<Double>, G: ProximalMap<Double>>(
    _ f: LinearModel<Loss>, _ g: G, _ subject: Case
  ) throws -> (w: Vector<Double>, derivative: Vector<Double>) {
    typealias Map = ProximalGradientMap<LinearModel<Loss>, G>
    let map = Map(f, g)
    let λ = Vector(subject.parameters + [Self.ridge])
    let y = Self.cotangent
    func solve(_ λ: Vector<Double>) throws -> Vector<Double> { try map.solve(at: λ).get() }
    let w = try solve(λ)
    let problem = FixedPointProblem(map, parameters: λ, state: w)
    let expected = try AID<Map>(.direct).vjp(problem, cotangent: y).get()
    // Truncation h² and the solver's error of some 1e-14 times a condition number of at most 1e2 over h.
    for j in 0..<λ.count {
      let h = 1e-5
      var (up, down) = (λ, λ)
      up[j] += h
      down[j] -= h
      let slope = try (solve(up).dot(y) - solve(down).dot(y)) / (2 * h)
      #expect(abs(slope - expected[j]) <= 1e-6 * max(1, expected.norm), "\(subject.name), λ\(j): \(slope)")
    }
    var vouched = problem
    vouched.stateIsSolution = true
    for solver in [.automatic, .conjugateGradient, .minres, .gmres(), .bicgstab, .fixedPoint] as [AID<Map>.Solver] {
      for problem in [problem, vouched] {
        let got = try AID<Map>(solver).vjp(problem, cotangent: y).get()
        // Residuals of 2e-12 through a condition number of at most 1e2.
        #expect(got.distance(to: expected) <= 1e-9 * max(1, expected.norm), "\(subject.name), \(solver)")
      }
    }
    let J = try AID<Map>(.automatic).jacobian(problem).get()
    #expect((J.transposed * y).distance(to: expected) <= 1e-9 * max(1, expected.norm), "\(subject.name), tangents")
    let forward = try ForwardITD<Map>().jacobian(FixedPointProblem(map, parameters: λ)).get()
    #expect((forward.transposed * y).distance(to: expected) <= 1e-8 * max(1, expected.norm), "\(subject.name), ITD")
    let reverse = try ReverseITD<Map>().vjp(FixedPointProblem(map, parameters: λ), cotangent: y).get()
    #expect(reverse.distance(to: expected) <= 1e-8 * max(1, expected.norm), "\(subject.name), ITD reverse")
    // With all samples in every batch and a step of 1 NSID is the fixed-point iteration: it ends q^k away, q ≤ 1 − 2 · 0.1/(0.1 + 0.6).
    let nsid = try NSID<Map>(
      iterations: 300, innerBatches: 1, batchSize: 40, steps: .constant(1), sampling: .reshuffledEpochs
    ).vjp(problem, cotangent: y).estimate
    #expect(nsid.distance(to: expected) <= 1e-10 * max(1, expected.norm), "\(subject.name), NSID")
    return (w, expected)
  }

  /// At the rounded w of double precision. An error of ε in w and the data moves D of a group by ε/‖w_b‖, and systems with condition numbers of some
  /// tens amplify that and the residual that solvers stop at, 6e-6.
  private func singles<Loss: SmoothLoss<Float>, G: ProximalMap<Float>>(
    _ f: LinearModel<Loss>, _ g: G, _ subject: Case, _ exact: (w: Vector<Double>, derivative: Vector<Double>)
  ) throws {
    typealias Map = ProximalGradientMap<LinearModel<Loss>, G>
    let λ = Vector<Float>(converting: Vector(subject.parameters + [Self.ridge]))
    let problem = FixedPointProblem(
      Map(f, g), parameters: λ, state: Vector<Float>(converting: exact.w), stateIsSolution: true)
    // Solved in single precision too: data and sums of 40 terms are off by some ulps of 1, the optimality conditions with them, and w by that times a
    // condition number of at most 1e2.
    let w = try Map(f, g).solve(at: λ).get()
    let off = Vector<Double>(converting: w).distance(to: exact.w)
    #expect(off <= 1e2 * 16 * Double(Float.ulpOfOne), "\(subject.name), solved in Float: \(off)")
    for solver in [.automatic, .direct, .conjugateGradient, .minres, .gmres(), .bicgstab] as [AID<Map>.Solver] {
      let got = try AID<Map>(solver).vjp(problem, cotangent: Vector(converting: Self.cotangent)).get()
      let error = Vector<Double>(converting: got).distance(to: exact.derivative)
      #expect(error <= 1e-3 * max(1, exact.derivative.norm), "\(subject.name), Float, \(solver): \(error)")
    }
  }
}
