import ImplicitDiff
import LinAlg
import Models
import RandomStreams
import TestSupport
import Testing

/// Woodbury's identity on a sparse design with fewer samples than support.
@Suite struct SparseWoodburyTests {
  typealias Map = ElasticNetMap<Double>

  /// n × p with five whole numbers per column.
  static func design(_ n: Int, _ p: Int, seed: UInt64) -> SparseMatrix<Double> {
    var stream = RandomStream(seed: seed)
    var dense = Matrix<Double>.zeros(n, p)
    for j in 0..<p {
      for _ in 0..<5 { dense[Int(stream.next() % UInt64(n)), j] = Double(Int(stream.next() % 7)) - 3 }
    }
    return SparseMatrix(dense)
  }

  @Test(arguments: [(1, 3), (7, 5), (40, 90)])
  func theOuterGramMatrixIsTheNaiveOne(_ n: Int, _ p: Int) {
    let X = Self.design(n, p, seed: 1)
    let S = IndexSubset((0..<p).filter { $0 % 3 != 1 }, universe: p)
    var M = Matrix<Double>(repeating: .nan, rows: n, columns: n)
    X.outerGram(columns: S, alpha: 2, into: &M)
    let chosen = X.dense().columns(S)
    // Whole numbers: exact in any order.
    #expect(
      M
        == Matrix(rows: n, columns: n) { i, j in
          2 * (0..<S.count).reduce(0) { $0 + chosen[i, $1] * chosen[j, $1] }
        })
    let entries = (0..<S.count).map { k in Double((0..<n).filter { chosen[$0, k] != 0 }.count) }
    #expect(X.storedCount(columns: S) == Int(entries.reduce(0, +)))
    #expect(X.outerGramMultiplications(columns: S) == entries.reduce(0) { $0 + $1 * ($1 + 1) / 2 })
  }

  /// 30 samples, 300 features of which most are in the support: the ridge lets it exceed the samples, as a lasso alone never
  /// does.
  static func problem(_ features: any DesignMatrix<Double>) -> (map: Map, problem: FixedPointProblem<Map>) {
    let n = features.rows
    let map = Map(features: features, targets: Vector(count: n) { Double($0 * 5 % 11) - 5 })
    let parameters: Vector<Double> = [1e-3, 0.05]
    let w = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: parameters).estimate
    return (map, FixedPointProblem(map, parameters: parameters, state: w, stateIsSolution: true))
  }

  @Test func sparseDenseAndConjugateGradientAgree() throws {
    let X = Self.design(30, 300, seed: 2)
    let (map, sparse) = Self.problem(X)
    let (_, dense) = Self.problem(DenseDesign(X.dense()))
    let support = IndexSubset(nonzerosOf: sparse.state).count
    #expect(support > 2 * 30)
    let y = Vector<Double>(count: 300) { Double($0 * 3 % 7) - 3 }
    let linearization = map.makeLinearization()
    map.linearize(atSolution: sparse.state, parameters: sparse.parameters, into: linearization)
    let S = linearization.proximal.active
    #expect(linearization.hessian.lowRank(on: S)?.rank == 30)
    #expect(linearization.hessian.costs(on: S).lowRank == 30)

    let direct = try AID<Map>(.direct).vjp(sparse, cotangent: y).get()
    let other = try AID<Map>(.direct).vjp(dense, cotangent: y).get()
    let iterative = try AID<Map>(.conjugateGradient).vjp(sparse, cotangent: y).get()
    // The condition number is at most ‖X‖_F²/(n λ2) + 1, below 300 · 5 · 9/(30 · 0.05) = 9000: an error of that times
    // CG's tolerance of 2e-12, and the two solutions w agree to the same.
    #expect(relativeError(direct, other) <= 1e-8)
    #expect(relativeError(direct, iterative) <= 1e-8)
    let J = try AID<Map>(.direct).jacobian(sparse).get()
    let K = try AID<Map>(.minres).jacobian(sparse).get()
    #expect((J - K).frobeniusNorm <= 1e-8 * K.frobeniusNorm)
  }

  /// Few samples and a large support. By the model a dense factor of the support would take several milliseconds and
  /// conjugate gradient half of one; the factor of 30 × 30 takes some fifty microseconds.
  @Test func theAutomaticChoiceTakesItWhereItIsCheapest() throws {
    let (_, problem) = Self.problem(Self.design(30, 2000, seed: 3))
    #expect(IndexSubset(nonzerosOf: problem.state).count > 500)
    let y = Vector<Double>(repeating: 1, count: 2000)
    let automatic = try AID<Map>(.automatic).vjp(problem, cotangent: y)
    #expect(automatic.report.method == AID<Map>(.direct).name)
    #expect(automatic.report.outcome == .converged)
    let check = try AID<Map>(.conjugateGradient).vjp(problem, cotangent: y)
    #expect(relativeError(try automatic.get(), try check.get()) <= 1e-7)
    // BᵀB has 31 distinct eigenvalues at most, which bound the iterations; the diagonal as a preconditioner would spread the
    // shift's own into hundreds (117 iterations measured, 20 without it).
    #expect(check.report.iterations <= 31)
  }
}
