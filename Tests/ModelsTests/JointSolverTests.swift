import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import Testing

@Suite struct JointSolverTests {
  private static let (n, p, folds) = (120, 300, 4)

  /// Folds of consecutive rows, each left out once.
  private static func problem() -> (X: DenseDesign<Double>, losses: [QuadraticLoss<Double>], rows: [[Int]]) {
    var stream = RandomStream(seed: 11)
    let X = DenseDesign(Matrix<Double>(rows: n, columns: p, layout: .columnMajor) { _, _ in stream.nextNormal() })
    let truth = Vector(count: p) { $0 % 25 == 0 ? stream.nextNormal() : 0 }
    var y = X.matrix * truth
    for i in 0..<n { y[i] += 0.1 * stream.nextNormal() }
    let rows = (0..<folds).map { k in (0..<n).filter { $0 * folds / n != k } }
    let losses = rows.map { rows in
      QuadraticLoss(features: DenseDesign(X.matrix.gatheringRows(rows)), targets: Vector(rows.map { y[$0] }))
    }
    return (X, losses, rows)
  }

  private static func parts(_ X: DenseDesign<Double>) -> [Matrix<Double>] {
    (0..<folds).map { k in X.matrix.gatheringRows((0..<n).filter { $0 * folds / n == k }) }
  }

  /// Every fold's solution is that of a solve by itself, which the slopes that are known then verify in one pass; all folds take no more passes
  /// together than one problem may need rounds.
  @Test func foldsAreSolvedSideBySide() {
    let (X, losses, rows) = Self.problem()
    let joint = JointSolver(features: X, losses: losses, rows: rows, parts: Self.parts(X))
    let (_, apart, _) = Self.problem()
    var states: [Vector<Double>?] = losses.map { _ in nil }
    for λ in [0.3, 0.2, 0.19] {
      let before = joint.passes
      states = joint.solutions(
        with: L1Norm<Double>(), parameters: [λ], ridge: 0, ridgeFactors: nil, from: states)
      #expect(joint.passes - before <= 5)
      for (k, state) in states.enumerated() {
        let strengths = Vector<Double>(repeating: λ, count: Self.p)
        let verified = WorkingSetSolver<Double>().solve(losses[k], strengths: strengths, ridge: 0, from: state)
        #expect(verified.outcome == .converged && verified.passes == 1 && verified.newtonSteps == 0)
        let alone = WorkingSetSolver<Double>().solve(apart[k], strengths: strengths, ridge: 0)
        // Both solve the same equations on the same support to rounding, whose condition is far below 10⁴ here.
        #expect((verified.estimate - alone.estimate).maxNorm <= 1e-11 * alone.estimate.maxNorm)
        #expect(verified.estimate.nonzeroCount == alone.estimate.nonzeroCount)
      }
    }
    // Nothing has changed: no pass.
    let before = joint.passes
    _ = joint.solutions(with: L1Norm<Double>(), parameters: [0.19], ridge: 0, ridgeFactors: nil, from: states)
    #expect(joint.passes - before <= 1)
  }

  /// Slopes are taken for what they are: those of residuals, not a proof for other strengths.
  @Test func slopesOfOtherStrengthsProveNothing() {
    let (X, losses, rows) = Self.problem()
    let joint = JointSolver(features: X, losses: losses, rows: rows, parts: nil)
    let states = joint.solutions(
      with: L1Norm<Double>(), parameters: [0.3], ridge: 0, ridgeFactors: nil, from: losses.map { _ in nil })
    let strengths = Vector<Double>(repeating: 0.1, count: Self.p)
    let found = WorkingSetSolver<Double>().solve(losses[0], strengths: strengths, ridge: 0, from: states[0])
    let alone = WorkingSetSolver<Double>().solve(Self.problem().losses[0], strengths: strengths, ridge: 0)
    #expect((found.estimate - alone.estimate).maxNorm <= 1e-11 * alone.estimate.maxNorm)
  }
}
