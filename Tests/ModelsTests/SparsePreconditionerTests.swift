import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import TestSupport
import Testing

/// Conjugate gradient and MINRES on sparse designs are preconditioned by what their Gram matrix allows.
@Suite struct SparsePreconditionerTests {
  typealias Map = ElasticNetMap<Double>

  /// Column j: a smooth bump of ten samples from sample j on, of uneven height.
  static func bumps(_ p: Int) -> SparseMatrix<Double> {
    var pointers = [0]
    var indices: [Int32] = []
    var values: [Double] = []
    for j in 0..<p {
      for k in 0..<10 {
        let t = (Double(k) + 0.5) / 10
        indices.append(Int32(j + k))
        values.append((0.5 + Double(j * 7919 % 101) / 40) * 16 * t * t * (1 - t) * (1 - t))
      }
      pointers.append(values.count)
    }
    return try! SparseMatrix(rows: p + 10, columns: p, columnPointers: pointers, rowIndices: indices, values: values)
  }

  /// A point whose support leaves out every seventh column; the derivative is asked for there, solution or not.
  private static func problem(
    _ features: any DesignMatrix<Double>, ridge: Double, kink: KinkRule = .zero
  ) -> FixedPointProblem<Map> {
    let n = features.rows
    let map = Map(
      features: features, targets: Vector(count: n) { Double($0 * 5 % 11) - 5 }, step: .fixed(0.1), kink: kink)
    let w = Vector<Double>(count: features.columns) { $0 % 7 == 2 ? 0 : Double($0 % 3) + 1 }
    return FixedPointProblem(map, parameters: [1e-3, ridge], state: w, stateIsSolution: true)
  }

  /// Measured: 982 iterations of conjugate gradient with the diagonal and 1 with the incomplete factorization, 984 and 1 of
  /// MINRES. The dense design has no sparse Hessian and keeps the diagonal.
  @Test(arguments: [AID<Map>.Solver.conjugateGradient, .minres])
  func aBandTakesAFractionOfTheIterations(_ solver: AID<Map>.Solver) throws {
    let p = 500
    let X = Self.bumps(p)
    let y = Vector<Double>(count: p) { Double($0 * 3 % 7) - 3 }
    let sparse = try AID<Map>(solver).vjp(Self.problem(X, ridge: 1e-5), cotangent: y)
    let dense = try AID<Map>(solver).vjp(Self.problem(DenseDesign(X.dense()), ridge: 1e-5), cotangent: y)
    #expect(4 * sparse.report.iterations <= dense.report.iterations, "\(sparse.report), \(dense.report)")
    let direct = try AID<Map>(.direct).vjp(Self.problem(X, ridge: 1e-5), cotangent: y).get()
    // A row of XᵀX/n sums to at most 9 · 5.34²/510, the ridge is 1e-5: condition numbers below 6e4, residuals of 2e-12.
    #expect(relativeError(try sparse.get(), direct) <= 1e-6)
    #expect(relativeError(try dense.get(), direct) <= 1e-6)
  }

  /// A dense factor of 1,714 columns would take some tens of milliseconds, the incomplete one half of one.
  @Test func theAutomaticChoiceKnowsIt() throws {
    let p = 2000
    let problem = Self.problem(Self.bumps(p), ridge: 1e-5)
    let y = Vector<Double>(repeating: 1, count: p)
    let automatic = try AID<Map>(.automatic).vjp(problem, cotangent: y)
    #expect(automatic.report.method == AID<Map>(.conjugateGradient).name)
    #expect(automatic.report.outcome == .converged)
    #expect(automatic.report.iterations <= 5)
  }

  /// 60 samples of ten entries per column: the Gram matrix is nearly full, and no factor of it is attempted.
  @Test func aGramMatrixThatFillsIsRefused() throws {
    var stream = RandomStream(seed: 3)
    var X = Matrix<Double>.zeros(60, 50)
    for j in 0..<50 { for _ in 0..<10 { X[Int(stream.next() % 60), j] = Double(Int(stream.next() % 7)) - 3 } }
    let features = SparseMatrix(X)
    let map = Map(features: features, targets: .zeros(60), step: .fixed(0.1))
    let linearization = map.makeLinearization()
    map.linearize(
      atSolution: Vector(repeating: 1, count: 50), parameters: [1e-3, 0.1], into: linearization)
    #expect(linearization.hessian.costs(on: linearization.proximal.active).preconditionerMultiplications == nil)
  }

  /// At a kink with the midpoint rule D is not a mask: K = (I − D) + s D^{1/2} H D^{1/2} is what is factored.
  @Test func theSystemMayHaveFractionsOfColumns() throws {
    let p = 200
    let X = Self.bumps(p)
    let n = X.rows
    // w = 0 and u = s Xᵀy/n: the strength is chosen so that the largest entries sit at the kink.
    let map = Map(features: X, targets: Vector(repeating: 1, count: n), step: .fixed(0.5), kink: .midpoint)
    var u = Vector<Double>.zeros(p)
    map.smooth.loss.gradient(at: .zeros(p), into: &u)
    let strengths = (0..<p).map { u[$0].magnitude }.sorted()
    let problem = FixedPointProblem(map, parameters: [strengths[p / 2], 1e-4], state: .zeros(p))
    let linearization = map.makeLinearization()
    var value = u
    map.linearize(at: problem.state, parameters: problem.parameters, into: linearization, value: &value)
    #expect(!linearization.proximal.isMask)
    let y = Vector<Double>(count: p) { Double($0 % 5) - 2 }
    let iterative = try AID<Map>(.conjugateGradient).vjp(problem, cotangent: y)
    let direct = try AID<Map>(.direct).vjp(problem, cotangent: y).get()
    #expect(iterative.report.iterations <= 5)
    #expect(relativeError(try iterative.get(), direct) <= 1e-6)
  }
}
