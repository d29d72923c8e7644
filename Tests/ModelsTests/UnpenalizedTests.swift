import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import RealModule
import TestSupport
import Testing

/// Penalty factors, 0 among them: solutions against the elimination of what is not penalized and against the optimality conditions.
@Suite struct UnpenalizedTests {
  typealias Storage = FunctionsDerivativeTests.Storage

  /// Features, some of a mean far from 0, with targets that follow a few of them, and factors: 0 at two features, others of ½, 1 and 2.
  struct Draw<E: Scalar> {
    var X: Matrix<E>
    var y: Vector<E>
    var factors: [Double]

    init(rows n: Int, columns p: Int, seed: UInt64, labels: Bool = false) {
      var random = RandomStream(seed: seed)
      X = Matrix(rows: n, columns: p) { _, j in
        let x = E(random.nextNormal()) + (j % 4 == 1 ? 1 : 0)
        return random.nextIndex(below: 3) == 0 ? 0 : x
      }
      let truth = Vector<E>(count: p) { $0 % 5 == 0 || $0 == 1 ? E(random.nextNormal()) : 0 }
      y = X * truth
      for i in 0..<n { y[i] += E(random.nextNormal()) + 1 / 2 }
      if labels { for i in 0..<n { y[i] = y[i] > 0 ? 1 : -1 } }
      factors = (0..<p).map { $0 == 1 || $0 == p - 2 ? 0 : [1, 0.5, 2][$0 % 3] }
    }

    var unpenalized: [Int] { factors.indices.filter { factors[$0] == 0 } }
  }

  private func lasso<E: Scalar>(_: E.Type, _ storage: Storage, rows n: Int, columns p: Int, strength: E) throws {
    let draw = Draw<E>(rows: n, columns: p, seed: 11)
    let map = ProximalGradientMap(
      LinearModel<QuadraticLoss<E>>(
        features: FunctionsDerivativeTests.design(draw.X, storage), targets: draw.y, ridge: .none),
      L1Norm(.single(factors: draw.factors)))
    let solution = map.solve(at: [strength])
    #expect(solution.method == "working-sets", "\(storage)")
    let w = try solution.get()

    // Without the unpenalized columns F: (I − Q Qᵀ) X and y have the same w elsewhere, and w_F is the least-squares fit of the rest.
    let F = IndexSubset(draw.unpenalized, universe: p)
    let rest = IndexSubset((0..<p).filter { draw.factors[$0] > 0 }, universe: p)
    let fit = try Cholesky(Self.gram(draw.X.columns(F)))
    func coefficients(_ x: Vector<E>) throws -> Vector<E> {
      var c = draw.X.columns(F).transposed * x
      fit.solve(&c)
      return c
    }
    func project(_ x: Vector<E>) throws -> Vector<E> { try x - draw.X.columns(F) * coefficients(x) }
    var projected = Matrix<E>.zeros(n, rest.count)
    for k in 0..<rest.count { try projected.setColumn(k, project(draw.X.column(rest[k]))) }
    let loss = try QuadraticLoss<E>(features: projected, targets: project(draw.y))
    let t = Vector<E>(count: rest.count) { strength * E(draw.factors[rest[$0]]) }
    let eliminated = WorkingSetSolver<E>().solve(loss, strengths: t, ridge: 0)
    #expect(eliminated.outcome == .converged)
    var exact = Vector<E>.zeros(p)
    for k in 0..<rest.count { exact[rest[k]] = eliminated.estimate[k] }
    let fitted = try coefficients(draw.y - draw.X * exact)
    for k in 0..<F.count { exact[F[k]] = fitted[k] }
    // Both solve systems of condition numbers below 1000 (of Gaussian columns, in a support of at most half the rows).
    #expect(w.distance(to: exact) <= 1000 * E(p) * .ulpOfOne * exact.norm, "\(E.self) \(storage) \(n) × \(p)")
    #expect(IndexSubset(nonzerosOf: w) == IndexSubset(nonzerosOf: exact))
  }

  static func gram<E: Scalar>(_ X: Matrix<E>) -> Matrix<E> {
    var G = Matrix<E>.zeros(X.columns, X.columns)
    G.assignGram(X)
    return G
  }

  @Test(arguments: Storage.allCases)
  func leastSquaresIsTheEliminatedProblem(_ storage: Storage) throws {
    for (n, p) in [(60, 12), (40, 100)] {
      try lasso(Double.self, storage, rows: n, columns: p, strength: 0.3)
      try lasso(Float.self, storage, rows: n, columns: p, strength: 0.3)
    }
  }

  private func conditions<Loss: SmoothLoss>(_: Loss.Type, labels: Bool, _ storage: Storage) throws {
    typealias E = Loss.Element
    let draw = Draw<E>(rows: 50, columns: 80, seed: 4, labels: labels)
    let ridgeFactors = Vector<E>(count: 80) { $0 == 1 || $0 == 5 ? 0 : E($0 % 3) }
    let model = LinearModel<Loss>(
      Loss(features: FunctionsDerivativeTests.design(draw.X, storage), targets: draw.y), ridgeFactors: ridgeFactors)
    let map = ProximalGradientMap(model, L1Norm(.single(factors: draw.factors)))
    let λ: Vector<E> = [0.04, 0.02]
    let solution = map.solve(at: λ)
    #expect(solution.method == "working-sets", "\(Loss.self) \(storage)")
    let w = try solution.get()
    #expect(w.nonzeroCount > 4 && w.nonzeroCount < 80)
    var g = w
    model.gradient(at: w, parameters: λ[segment: 1..<2], into: &g)
    // Sums of 50 terms of order 1 and a system solved on the support, whose matrix is of order 1.
    let rounding = 256 * E.ulpOfOne * (1 + w.norm)
    for j in 0..<80 {
      let t = λ[0] * E(draw.factors[j])
      let violation = w[j] == 0 ? g[j].magnitude - t : (g[j] + (w[j] > 0 ? t : -t)).magnitude
      #expect(violation <= rounding, "\(Loss.self) \(storage), coordinate \(j)")
    }
    // From any start.
    let again = try map.solve(at: λ, from: Vector<E>(repeating: 3, count: 80)).get()
    #expect(again.distance(to: w) <= 1000 * rounding)
  }

  @Test(arguments: Storage.allCases)
  func everyLossMeetsItsConditions(_ storage: Storage) throws {
    try conditions(QuadraticLoss<Double>.self, labels: false, storage)
    try conditions(QuadraticLoss<Float>.self, labels: false, storage)
    try conditions(LogisticLoss<Double>.self, labels: true, storage)
    try conditions(LogisticLoss<Float>.self, labels: true, storage)
    try conditions(HuberLoss<Double>.self, labels: false, storage)
    try conditions(SquaredHingeLoss<Double>.self, labels: true, storage)
  }

  /// A thousand sparse columns: working sets are solved through them.
  @Test func largeWorkingSetsMeetTheirConditions() throws {
    var random = RandomStream(seed: 8)
    let (n, p) = (900, 1500)
    let X = Matrix<Double>(rows: n, columns: p) { _, j in
      j == 7 ? 1 : random.nextIndex(below: 60) == 0 ? random.nextNormal() : 0
    }
    let y = Vector<Double>(count: n) { _ in 5 + random.nextNormal() }
    let t = Vector<Double>(count: p) { $0 == 7 ? 0 : 3e-4 }
    let loss = QuadraticLoss(features: SparseMatrix(X), targets: y)
    let ridges = Vector<Double>(count: p) { $0 == 7 ? 0 : 1e-3 }
    let solution = WorkingSetSolver<Double>().solve(loss, strengths: t, ridge: 0, ridges: ridges)
    #expect(solution.outcome == .converged && solution.largestWorkingSet > 256)
    let w = solution.estimate
    var g = w
    loss.gradient(at: w, into: &g)
    for j in 0..<p {
      let slope = g[j] + ridges[j] * w[j]
      let violation = w[j] == 0 ? abs(slope) - t[j] : abs(slope + (w[j] > 0 ? t[j] : -t[j]))
      // As in LargeWorkingSetTests: conjugate gradient leaves some ulps of the right-hand side, of order 1.
      #expect(violation <= 1e-12)
    }
  }

  // MARK: - No unique minimizer

  @Test func equalColumnsWithoutAPenaltyAreSingular() {
    let draw = Draw<Double>(rows: 30, columns: 6, seed: 1)
    let X = Matrix<Double>(rows: 30, columns: 8) { $1 < 6 ? draw.X[$0, $1] : 1 }
    let loss = QuadraticLoss(features: X, targets: draw.y)
    let t = Vector<Double>(count: 8) { $0 < 6 ? 0.1 : 0 }
    #expect(WorkingSetSolver<Double>().solve(loss, strengths: t, ridge: 0).outcome == .singular)
    let single = QuadraticLoss<Float>(features: Matrix<Float>(converting: X), targets: Vector(converting: draw.y))
    #expect(
      WorkingSetSolver<Float>().solve(single, strengths: Vector(converting: t), ridge: 0).outcome == .singular)
    // A ridge makes it unique.
    let ridge = WorkingSetSolver<Double>().solve(loss, strengths: t, ridge: 0.1)
    #expect(ridge.outcome == .converged)
    #expect(abs(ridge.estimate[6] - ridge.estimate[7]) <= 1e-12 * abs(ridge.estimate[6]))
  }

  @Test func separableLabelsWithoutAPenaltyAreSingular() {
    let draw = Draw<Double>(rows: 30, columns: 6, seed: 1)
    let X = Matrix<Double>(rows: 30, columns: 7) { $1 < 6 ? draw.X[$0, $1] : 1 }
    let t = Vector<Double>(count: 7) { $0 < 6 ? 0.1 : 0 }
    let one = LogisticLoss<Double>(features: X, targets: Vector(repeating: 1, count: 30))
    #expect(WorkingSetSolver<Double>().solve(one, strengths: t, ridge: 0).outcome == .singular)
    let single = LogisticLoss<Float>(
      features: Matrix<Float>(converting: X), targets: Vector<Float>(repeating: -1, count: 30))
    #expect(
      WorkingSetSolver<Float>().solve(single, strengths: Vector(converting: t), ridge: 0).outcome == .singular)
    // One label of the other kind is enough.
    let two = LogisticLoss<Double>(features: X, targets: Vector(count: 30) { $0 == 0 ? -1 : 1 })
    #expect(WorkingSetSolver<Double>().solve(two, strengths: t, ridge: 0).outcome == .converged)
  }

  /// Targets far from 0 fit an intercept as well as those about it.
  @Test func aLargeMeanCostsItsDigitsAlone() throws {
    let draw = Draw<Double>(rows: 60, columns: 12, seed: 2)
    let X = Matrix<Double>(rows: 60, columns: 13) { $1 < 12 ? draw.X[$0, $1] : 1 }
    let t = Vector<Double>(count: 13) { $0 < 12 ? 0.1 : 0 }
    func solve(_ shift: Double) -> WorkingSetSolution<Double> {
      let y = Vector<Double>(count: 60) { draw.y[$0] + shift }
      return WorkingSetSolver<Double>().solve(QuadraticLoss(features: X, targets: y), strengths: t, ridge: 0)
    }
    let near = solve(0)
    for shift in [1e3, 1e6] {
      let far = solve(shift)
      #expect(near.outcome == .converged && far.outcome == .converged)
      var difference = far.estimate - near.estimate
      difference[12] -= shift
      // Targets are rounded to ulps of the shift; the system's condition number is below 1000.
      #expect(difference.maxNorm <= 1000 * shift * .ulpOfOne)
    }
  }
}
