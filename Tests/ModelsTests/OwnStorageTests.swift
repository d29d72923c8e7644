import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import Synchronization
import TestSupport
import Testing

/// A storage that is no matrix to the package and hands out its own XᵀDX/n: everything the adjoint solvers ask for comes from there.
@Suite struct OwnStorageTests {
  typealias Map = ProximalGradientMap<LinearModel<QuadraticLoss<Double>>, L1Norm<Double>>

  private static func solved(_ name: String) throws -> (
    own: FixedPointProblem<Map>, dense: FixedPointProblem<Map>, objective: HeldOutSquaredError<Double>, asked: Asked
  ) {
    let reference = try ReferenceCase(name)
    let (X, y) = (reference.data.trainFeatures, reference.data.trainTargets)
    let design = OwnDesign(X)
    let dense = Map(LinearModel(features: DenseDesign(X), targets: y), L1Norm())
    let own = Map(LinearModel(features: design, targets: y), L1Norm())
    let w = try dense.solve(at: reference.parameters).get()
    func problem(_ map: Map) -> FixedPointProblem<Map> {
      FixedPointProblem(map, parameters: reference.parameters, state: w)
    }
    let objective = HeldOutSquaredError(
      features: reference.data.validationFeatures, targets: reference.data.validationTargets)
    return (problem(own), problem(dense), objective, design.asked)
  }

  @Test(arguments: ReferenceCase.elasticNetNames)
  func itsAnswersAreUsed(_ name: String) throws {
    let (own, dense, objective, asked) = try Self.solved(name)
    for solver in [.direct, .conjugateGradient, .minres, .automatic] as [AID<Map>.Solver] {
      let got = try AID<Map>(solver).hypergradient(of: objective, own).get()
      let expected = try AID<Map>(solver).hypergradient(of: objective, dense).get()
      // The tolerances of `ElasticNetReferenceTests`.
      #expect(relativeError(got, expected) <= 1e-9, "\(name), \(solver)")
    }
    #expect(asked.contains("costs") && asked.contains("restricted"))
    // A large support is assembled in single precision, one larger than the samples by its rank, a small one as it is.
    #expect(asked.contains("assemble") || asked.contains("assembleSingle") || asked.contains("lowRank"), "\(asked.all)")
  }

  /// Each of the requirements, through the Hessian of the model with its ridge.
  @Test func everyRequirementIsPassedOn() {
    let X = Matrix<Double>(rows: 3, columns: 5) { Double(($0 * 7 + $1 * 3) % 5 - 2) }
    let design = OwnDesign(X)
    let model = LinearModel<QuadraticLoss<Double>>(features: design, targets: [1, 2, 3])
    let H = model.makeHessian()
    var g = Vector<Double>.zeros(5)
    model.linearize(at: [1, 0, -1, 2, 0], parameters: [0.5], into: H, gradient: &g)
    let S = IndexSubset([0, 1, 3, 4], universe: 5)
    let chosen = X.columns(S)
    let expected = Matrix<Double>(rows: 4, columns: 4) {
      chosen.column($0).dot(chosen.column($1)) / 3 + ($0 == $1 ? 0.5 : 0)
    }
    let ε = 64 * Double.ulpOfOne
    var M = Matrix<Double>.zeros(4, 4)
    H.assemble(on: S, into: &M)
    for j in 0..<4 { #expect((M.column(j) - expected.column(j)).maxNorm <= ε) }
    var d = Vector<Double>.zeros(4)
    #expect(H.diagonal(on: S, into: &d))
    for k in 0..<4 { #expect(abs(d[k] - expected[k, k]) <= ε) }
    let x: Vector<Double> = [1, -1, 2, 0.5]
    var y = x
    H.restricted(to: S).apply(x, into: &y)
    #expect((y - expected * x).maxNorm <= ε * 8)
    let low = H.lowRank(on: S)
    #expect(low?.rank == 3 && low?.shift == 0.5)
    #expect(H.assemblesSingle)
    var single = Matrix<Float>.zeros(4, 4)
    H.assembleSingle(on: S, into: &single)
    for j in 0..<4 {
      for i in j..<4 { #expect(abs(Double(single[i, j]) - expected[i, j]) <= 64 * Double(Float.ulpOfOne)) }
    }
    var image = Vector<Float>.zeros(4)
    H.single(on: S)?.apply(Vector<Float>(converting: x), into: &image)
    #expect((Vector<Double>(converting: image) - expected * x).maxNorm <= 256 * Double(Float.ulpOfOne))
    #expect(H.costs(on: S).assemblyMultiplications == 17 && H.costs(on: S).lowRank == 3)
    for word in ["assemble", "diagonal", "restricted", "lowRank", "assembleSingle", "single", "costs"] {
      #expect(design.asked.contains(word), "\(word)")
    }
  }
}

/// What was asked of a storage.
private final class Asked: Sendable {
  private let words = Mutex<Set<String>>([])
  func note(_ word: String) { words.withLock { _ = $0.insert(word) } }
  func contains(_ word: String) -> Bool { words.withLock { $0.contains(word) } }
  var all: Set<String> { words.withLock { $0 } }
}

private struct OwnDesign: DesignMatrix {
  let X: Matrix<Double>
  let asked: Asked

  init(_ X: Matrix<Double>, _ asked: Asked = Asked()) {
    self.X = X
    self.asked = asked
  }

  var rows: Int { X.rows }
  var columns: Int { X.columns }
  func multiply(_ x: Vector<Double>, alpha α: Double, beta β: Double, into y: inout Vector<Double>) {
    y.assignProduct(X, x, alpha: α, beta: β)
  }
  func multiplyTransposed(_ r: Vector<Double>, alpha α: Double, beta β: Double, into x: inout Vector<Double>) {
    x.assignProduct(X.transposed, r, alpha: α, beta: β)
  }
  func columns(_ S: IndexSubset) -> OwnDesign { OwnDesign(X.columns(S), asked) }
  func makeGram() -> (any WeightedGram<Double>)? { OwnGram(X, asked) }
}

private final class OwnGram: WeightedGram {
  private let X: Matrix<Double>
  private let asked: Asked
  private var H: Matrix<Double>
  private var root: Matrix<Double>

  init(_ X: Matrix<Double>, _ asked: Asked) {
    (self.X, self.asked) = (X, asked)
    (H, root) = (.zeros(X.columns, X.columns), X)
  }

  var rows: Int { X.columns }
  var columns: Int { X.columns }

  func fill(weights d: Vector<Double>?) {
    root = Matrix(rows: X.rows, columns: X.columns) { X[$0, $1] * ((d?[$0] ?? 1) / Double(X.rows)).squareRoot() }
    H = root.transposed * root
  }

  func apply(_ x: Vector<Double>, into y: inout Vector<Double>) { y.assignProduct(H, x) }

  private func part(_ S: IndexSubset) -> Matrix<Double> {
    Matrix(rows: S.count, columns: S.count) { H[S[$0], S[$1]] }
  }

  func restricted(to S: IndexSubset) -> any LinearOperator<Double> {
    asked.note("restricted")
    return DenseOperator(part(S))
  }
  func assemble(on S: IndexSubset, into M: inout Matrix<Double>) {
    asked.note("assemble")
    M.copy(from: part(S))
  }
  func diagonal(on S: IndexSubset, into d: inout Vector<Double>) -> Bool {
    asked.note("diagonal")
    for k in 0..<S.count { d[k] = H[S[k], S[k]] }
    return true
  }
  func lowRank(on S: IndexSubset) -> (any LowRankHessian<Double>)? {
    if X.rows >= S.count { return nil }
    asked.note("lowRank")
    return OwnLowRank(root.columns(S))
  }
  var assemblesSingle: Bool { true }
  func assembleSingle(on S: IndexSubset, into M: inout Matrix<Float>) {
    asked.note("assembleSingle")
    for j in 0..<S.count { for i in 0..<S.count { M[i, j] = Float(H[S[i], S[j]]) } }
  }
  func single(on S: IndexSubset) -> (any LinearOperator<Float>)? {
    asked.note("single")
    return DenseOperator(Matrix(rows: S.count, columns: S.count) { Float(H[S[$0], S[$1]]) })
  }
  func costs(on S: IndexSubset) -> AdjointCosts {
    asked.note("costs")
    return AdjointCosts(
      assemblyMultiplications: 17, productBytes: Double(8 * S.count * S.count),
      lowRank: X.rows < S.count ? X.rows : nil)
  }
}

private final class DenseOperator<Element: Scalar>: LinearOperator {
  let A: Matrix<Element>
  init(_ A: Matrix<Element>) { self.A = A }
  var rows: Int { A.rows }
  var columns: Int { A.columns }
  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) { y.assignProduct(A, x) }
}

/// BᵀB with no shift of its own: the ridge of the model is one.
private final class OwnLowRank: LowRankHessian {
  let B: Matrix<Double>
  init(_ B: Matrix<Double>) { self.B = B }
  var rank: Int { B.rows }
  var count: Int { B.columns }
  var shift: Double { 0 }
  func assembleOuter(into M: inout Matrix<Double>) { M.copy(from: B * B.transposed) }
  func apply(_ x: Vector<Double>, into y: inout Vector<Double>) { y.assignProduct(B, x) }
  func applyAdjoint(_ y: Vector<Double>, into x: inout Vector<Double>) { x.assignProduct(B.transposed, y) }
}
