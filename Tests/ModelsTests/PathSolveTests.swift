import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import Testing

/// Solves one after the other along falling strengths, each to a duality gap.
@Suite struct PathSolveTests {
  private static let (n, p, points) = (240, 900, 40)

  private static func problem() -> (X: DenseDesign<Double>, y: Vector<Double>) {
    var stream = RandomStream(seed: 31)
    let X = Matrix<Double>(rows: n, columns: p, layout: .columnMajor) { _, _ in stream.nextNormal() }
    var y = X * Vector(count: p) { $0 % 30 == 0 ? stream.nextNormal() : 0 }
    for i in 0..<n { y[i] += 0.5 * stream.nextNormal() }
    return (DenseDesign(X), y)
  }

  /// P(w) and P(w) − D by plain sums, the residuals scaled into the dual feasible set; blocks of m coordinates with the weight √m.
  private static func gap(
    _ X: Matrix<Double>, _ y: Vector<Double>, _ w: Vector<Double>, _ λ: Double, blocks m: Int
  ) -> (objective: Double, gap: Double) {
    var r = y
    for j in 0..<p where w[j] != 0 { for i in 0..<n { r[i] -= X[i, j] * w[j] } }
    var (norm, excess) = (0.0, 0.0)
    let t = λ * Double(m).squareRoot()
    for b in 0..<p / m {
      var (slopes, size) = (0.0, 0.0)
      for j in b * m..<(b + 1) * m {
        var g = 0.0
        for i in 0..<n { g += X[i, j] * r[i] }
        slopes += (g / Double(n)) * (g / Double(n))
        size += w[j] * w[j]
      }
      norm += t * size.squareRoot()
      excess = max(excess, slopes.squareRoot() / t)
    }
    let c = 1 / max(1, excess)
    let objective = r.dot(r) / Double(2 * n) + norm
    return (objective, objective - (2 * c * y.dot(r) - c * c * r.dot(r)) / Double(2 * n))
  }

  /// Every gap is what was asked for, each is proven by about one pass over the data, and large supports are seldom factored from nothing.
  @Test(arguments: [1e-2, 1e-4, 1e-8])
  func alongAPathFactorsFollowTheSupport(_ tolerance: Double) {
    let (X, y) = Self.problem()
    let loss = QuadraticLoss(features: X, targets: y)
    let top = loss.linearTerm!.maxNorm
    var w = Vector<Double>.zeros(Self.p)
    var (passes, steps) = (0, 0)
    for k in 1...Self.points {
      let λ = top * [Double](repeating: 0.87, count: k).reduce(1, *)
      let found = WorkingSetSolver(tolerance: tolerance).solve(
        loss, strengths: Vector(repeating: λ, count: Self.p), ridge: 0, from: w)
      #expect(found.outcome == .converged)
      w = found.estimate
      let (objective, gap) = Self.gap(X.matrix, y, w, λ, blocks: 1)
      // Sums of some hundred terms of the size of f(0), each rounded.
      #expect(gap <= tolerance * objective + 1e-13 * y.dot(y) / Double(2 * Self.n), "point \(k)")
      passes += found.passes
      steps += found.newtonSteps
    }
    #expect(w.nonzeroCount > 150)
    // The slopes of the last point say what the next one needs: a second pass is the exception.
    #expect(passes <= 3 * Self.points / 2, "\(passes) passes")
    #expect(3 * loss.supportFactorizations <= steps, "\(loss.supportFactorizations) factorizations, \(steps) steps")
  }

  /// Passes go through a copy in single precision where that decides, and the gaps are those of full precision: also where data are below the range of
  /// single precision or above it.
  @Test(arguments: [1, 1e-42, 1e42])
  func passesInSinglePrecisionProveTheSameGaps(_ unit: Double) {
    let (n, p) = (300, 7200)
    var stream = RandomStream(seed: 32)
    let X = Matrix<Double>(rows: n, columns: p, layout: .columnMajor) { _, _ in unit * stream.nextNormal() }
    var y = (1 / unit) * (X * Vector(count: p) { $0 % 300 == 0 ? stream.nextNormal() : 0 })
    for i in 0..<n { y[i] += 0.5 * stream.nextNormal() }
    let loss = QuadraticLoss(features: DenseDesign(X), targets: y)
    let top = loss.linearTerm!.maxNorm
    var w = Vector<Double>.zeros(p)
    for k in 1...12 {
      let λ = top * [Double](repeating: 0.8, count: k).reduce(1, *)
      let found = WorkingSetSolver(tolerance: 1e-4).solve(
        loss, strengths: Vector(repeating: λ, count: p), ridge: 0, from: w)
      #expect(found.outcome == .converged)
      w = found.estimate
      let r = y - X * w
      let g = (1 / Double(n)) * (X.transposed * r)
      let c = 1 / max(1, g.maxNorm / λ)
      let objective = r.dot(r) / Double(2 * n) + λ * w.oneNorm
      let gap = objective - (2 * c * y.dot(r) - c * c * r.dot(r)) / Double(2 * n)
      #expect(gap <= 1e-4 * objective + 1e-13 * y.dot(y) / Double(2 * n), "point \(k)")
    }
    #expect(w.nonzeroCount > 20)
    // Blocks of five.
    let penalty = GroupLasso<Double>(Groups(count: p, size: 5))
    w = .zeros(p)
    for k in 1...8 {
      let λ = top * [Double](repeating: 0.8, count: k).reduce(1, *)
      let found = BlockWorkingSetSolver(tolerance: 1e-4).solve(loss, penalty, parameters: [λ, 0], from: w)
      #expect(found.outcome == .converged)
      w = found.estimate
      let r = y - X * w
      let g = (1 / Double(n)) * (X.transposed * r)
      let t = λ * 5.0.squareRoot()
      let norms = (0..<p / 5).map { (w: w[segment: 5 * $0..<5 * $0 + 5].norm, g: g[segment: 5 * $0..<5 * $0 + 5].norm) }
      let c = 1 / max(1, norms.map(\.g).max()! / t)
      let objective = r.dot(r) / Double(2 * n) + t * norms.reduce(0) { $0 + $1.w }
      let gap = objective - (2 * c * y.dot(r) - c * c * r.dot(r)) / Double(2 * n)
      #expect(gap <= 1e-4 * objective + 1e-13 * y.dot(y) / Double(2 * n), "point \(k) of blocks")
    }
    #expect(w.nonzeroCount > 20)
  }

  /// A point that is solved to rounding is the same whatever was solved before: factors of other solves leave no trace in it.
  @Test func whatIsSolvedToRoundingForgetsFactors() {
    let (X, y) = Self.problem()
    let loss = QuadraticLoss(features: X, targets: y)
    let strengths = Vector<Double>(repeating: loss.linearTerm!.maxNorm / 100, count: Self.p)
    let first = WorkingSetSolver<Double>().solve(loss, strengths: strengths, ridge: 0)
    let again = WorkingSetSolver<Double>().solve(loss, strengths: strengths, ridge: 0, from: first.estimate)
    let third = WorkingSetSolver<Double>().solve(loss, strengths: strengths, ridge: 0, from: first.estimate)
    #expect(first.outcome == .converged && first.estimate.nonzeroCount > 100)
    #expect(again.estimate == third.estimate)
  }

  /// The same for blocks.
  @Test(arguments: [1e-2, 1e-4])
  func alongAPathOfBlocksGapsAreMet(_ tolerance: Double) {
    let (X, y) = Self.problem()
    let loss = QuadraticLoss(features: X, targets: y)
    let penalty = GroupLasso<Double>(Groups(count: Self.p, size: 5))
    let top = loss.linearTerm!.maxNorm
    var w = Vector<Double>.zeros(Self.p)
    var passes = 0
    for k in 1...Self.points {
      let λ = top * [Double](repeating: 0.87, count: k).reduce(1, *)
      let found = BlockWorkingSetSolver(tolerance: tolerance).solve(loss, penalty, parameters: [λ, 0], from: w)
      #expect(found.outcome == .converged)
      w = found.estimate
      let (objective, gap) = Self.gap(X.matrix, y, w, λ, blocks: 5)
      #expect(gap <= tolerance * objective + 1e-13 * y.dot(y) / Double(2 * Self.n), "point \(k)")
      passes += found.passes
    }
    #expect(w.nonzeroCount > 150)
    #expect(passes <= 2 * Self.points, "\(passes) passes")
  }
}
