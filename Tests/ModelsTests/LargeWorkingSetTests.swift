import ImplicitDiff
import LinAlg
import Models
import RandomStreams
import TestSupport
import Testing

/// Working sets solved through their columns: sparse problems whose supports have hundreds of features, against the same
/// numbers stored densely, whose working sets go through Gram matrices.
@Suite struct LargeWorkingSetTests {
  /// 900 × 1500 with about five entries per column, so that a working set beyond 256 has fewer entries than its Gram matrix.
  static func draw() -> (X: Matrix<Double>, y: Vector<Double>) {
    var random = RandomStream(seed: 21)
    var X = Matrix<Double>.zeros(900, 1500)
    for j in 0..<1500 { for _ in 0..<5 { X[random.nextIndex(below: 900), j] = random.nextNormal() } }
    let w = Vector<Double>(count: 1500) { $0 % 2 == 0 ? random.nextNormal() : 0 }
    let Xw = X * w
    return (X, Vector(count: 900) { Xw[$0] + 0.1 * random.nextNormal() })
  }

  /// The solver on both storages: the same support, and the same w to the rounding of a system that is the ridge plus a
  /// Gram matrix with a norm of some tens of ridges.
  private func expectAgreement<Loss: SmoothLoss<Double>>(
    _: Loss.Type, _ y: Vector<Double>, _ X: Matrix<Double>, strength: Double, ridge: Double
  ) throws {
    let dense = PenalizedMap(loss: Loss(features: DenseDesign(X), targets: y))
    let sparse = PenalizedMap(loss: Loss(features: SparseMatrix(X), targets: y))
    var g = Vector<Double>.zeros(X.columns)
    dense.smooth.loss.gradient(at: g, into: &g)
    let λ: Vector<Double> = [strength * g.maxNorm, ridge]
    let byGram = WorkingSetSolver<Double>().solve(dense.smooth.loss, parameters: λ)
    let byColumns = WorkingSetSolver<Double>().solve(sparse.smooth.loss, parameters: λ)
    #expect(byGram.outcome == .converged && byColumns.outcome == .converged)
    #expect(byColumns.largestWorkingSet > 256, "\(byColumns.largestWorkingSet) columns go through a Gram matrix")
    #expect(IndexSubset(nonzerosOf: byColumns.estimate) == IndexSubset(nonzerosOf: byGram.estimate))
    #expect(relativeError(byColumns.estimate, byGram.estimate) <= 1e-10)
    // A fixed point of the map to the rounding of its evaluation: a check that shares nothing with either.
    let allowed =
      4 * sparse.evaluationError(at: byColumns.estimate, parameters: λ)
      + 64 * Double.ulpOfOne * sparse.stepSize(parameters: λ)
      * sparse.smooth.loss.gradientMagnitude(at: byColumns.estimate)
    #expect(sparse.residual(at: byColumns.estimate, parameters: λ) <= allowed)
    #expect(byColumns.dualityGap <= 1e-12 * byColumns.objective)
  }

  @Test(arguments: [(0.02, 1e-3), (0.05, 1e-4), (0.01, 1e-5)])
  func theElasticNet(_ strength: Double, _ ridge: Double) throws {
    let (X, y) = Self.draw()
    try expectAgreement(QuadraticLoss<Double>.self, y, X, strength: strength, ridge: ridge)
  }

  @Test(arguments: [(0.1, 1e-3), (0.05, 1e-4)])
  func logisticRegression(_ strength: Double, _ ridge: Double) throws {
    let (X, y) = Self.draw()
    let labels = Vector<Double>(count: y.count) { y[$0] > 0 ? 1 : -1 }
    try expectAgreement(LogisticLoss<Double>.self, labels, X, strength: strength, ridge: ridge)
  }

  /// Descent through columns against loops that know nothing of kernels, with and without weights, on both storages.
  @Test(arguments: [false, true], [false, true])
  func descentIsTheNaiveOne(_ sparse: Bool, _ weighted: Bool) {
    let (n, p) = (67, 40)
    var random = RandomStream(seed: 5)
    let X = Matrix<Double>(rows: n, columns: p) { _, _ in random.nextIndex(below: 3) == 0 ? random.nextNormal() : 0 }
    let S = IndexSubset((0..<p).filter { $0 % 3 != 0 }, universe: p)
    let k = S.count
    let d = weighted ? Vector<Double>(count: n) { _ in random.nextUniform() } : nil
    let t = Vector<Double>(count: k) { 0.01 * Double($0 % 4) }
    let h = Vector<Double>(count: k) { j in
      (0..<n).reduce(0) { $0 + (d?[$1] ?? 1) * X[$1, S[j]] * X[$1, S[j]] } / Double(n)
    }
    let model = ColumnDescent(curvatures: h, strengths: t, ridge: 0.02, weights: d, tolerance: 0)
    let start = Vector<Double>(count: k) { $0 % 2 == 0 ? random.nextNormal() : 0 }
    let r = Vector<Double>(count: n) { _ in random.nextNormal() }
    let design: any DesignMatrix<Double> = sparse ? SparseMatrix(X) : DenseDesign(X)
    var (w, residuals) = (Vector(copying: start), Vector(copying: r))
    #expect(design.descend(columns: S, model, epochs: 7, w: &w, residuals: &residuals) == 7)

    var (v, q) = (Vector(copying: start), Vector(copying: r))
    for _ in 0..<7 {
      for j in 0..<k {
        let slope = (0..<n).reduce(0) { $0 + X[$1, S[j]] * q[$1] } / Double(n) + h[j] * v[j]
        let size = abs(slope) - t[j]
        let fresh = size > 0 ? (slope > 0 ? size : -size) / (h[j] + 0.02) : 0
        for i in 0..<n { q[i] -= (fresh - v[j]) * (d?[i] ?? 1) * X[i, S[j]] }
        v[j] = fresh
      }
    }
    // 7 epochs of sums of n terms of order 1 in another order, divided by curvatures of some hundredths.
    #expect(w.distance(to: v) <= 7 * Double(n) * 100 * .ulpOfOne * v.norm)
    #expect(residuals.distance(to: q) <= 7 * Double(n) * 100 * .ulpOfOne * q.norm)
    #expect(IndexSubset(nonzerosOf: w) == IndexSubset(nonzerosOf: v))
  }

  /// A coordinate that moved by less than the tolerance everywhere ends the epochs.
  @Test func descentStopsWhereNothingMoves() {
    let (X, y) = Self.draw()
    let S = IndexSubset(Array(0..<300), universe: 1500)
    let design = SparseMatrix(X)
    var h = Vector<Double>.zeros(300)
    design.squaredColumnNorms(S, weights: nil, into: &h)
    h.scale(by: 1 / 900.0)
    let model = ColumnDescent(
      curvatures: h, strengths: Vector(repeating: 1e3, count: 300), ridge: 0, weights: nil, tolerance: 1e-9)
    var (w, r) = (Vector<Double>.zeros(300), Vector(copying: y))
    #expect(design.descend(columns: S, model, epochs: 50, w: &w, residuals: &r) == 1)
    #expect(w.nonzeroCount == 0 && r == y)
  }
}
