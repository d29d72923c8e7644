import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import Testing

/// Solutions with block penalties against their optimality conditions, computed by plain loops, and against a slow solver.
@Suite struct BlockWorkingSetTests {
  /// n × p with neighbours correlated by ρ, a fifth of the entries where sparse, and targets from a few features.
  static func draw(_ n: Int, _ p: Int, ρ: Double = 0, sparse: Bool = false, seed: UInt64) -> (
    X: Matrix<Double>, y: Vector<Double>
  ) {
    var random = RandomStream(seed: seed)
    var X = Matrix<Double>(rows: n, columns: p) { _, _ in
      sparse && random.nextIndex(below: 5) != 0 ? 0 : random.nextNormal()
    }
    for j in 1..<p { for i in 0..<n { X[i, j] = ρ * X[i, j - 1] + (1 - ρ * ρ).squareRoot() * X[i, j] } }
    let w = Vector<Double>(count: p) { $0 % 7 < 2 ? random.nextNormal() : 0 }
    let Xw = X * w
    return (X, Vector(count: n) { Xw[$0] + 0.3 * random.nextNormal() })
  }

  /// Groups of several sizes whose features are spread.
  static func spread(_ p: Int) -> Groups {
    var groups = [[Int]](repeating: [], count: p / 4)
    for j in 0..<p { groups[(j * j + j / 3) % groups.count].append(j) }
    return Groups(groups.filter { !$0.isEmpty })
  }

  static func slope(_ X: Matrix<Double>, _ y: Vector<Double>, _ w: Vector<Double>) -> Vector<Double> {
    let r = y - X * w
    return (1 / Double(y.count)) * (X.transposed * r)
  }

  /// λ₀ at which zero is the solution: max ‖(Xᵀy/n)_b‖/√size.
  static func largest(_ X: Matrix<Double>, _ y: Vector<Double>, _ blocks: Groups) -> Double {
    let g = slope(X, y, .zeros(X.columns))
    return (0..<blocks.count).map { b in
      let m = blocks.size(b)
      return (Vector<Double>(count: m) { g[blocks.coordinate(b, $0)] }).norm / Double(m).squareRoot()
    }.max()!
  }

  /// −∇f − λ_G w = t w_b/‖w_b‖ + τ sign(w), or within its subdifferential: off by the rounding of sums of n terms that are
  /// at most ‖column‖ ‖r‖/n together, and of a solve whose backward error is some k ulps of ‖G‖ ‖w‖.
  static func expectConditions(
    _ X: Matrix<Double>, _ y: Vector<Double>, _ w: Vector<Double>, _ blocks: Groups, _ t: Double, _ τ: Double,
    _ ridge: Double
  ) {
    let v = slope(X, y, w) - ridge * w
    var square = 0.0
    for j in 0..<X.columns { square += X.column(j).dot(X.column(j)) }
    let allowed =
      64 * Double.ulpOfOne
      * ((square / Double(y.count)) * w.norm + (square / Double(y.count)).squareRoot() * y.norm
        / Double(y.count).squareRoot() + t)
    for b in 0..<blocks.count {
      let m = blocks.size(b)
      let x = Vector<Double>(count: m) { w[blocks.coordinate(b, $0)] }
      let values = Vector<Double>(count: m) { v[blocks.coordinate(b, $0)] }
      let tb = t * Double(m).squareRoot()
      let soft = Vector<Double>(count: m) { max(0, abs(values[$0]) - τ) }
      if x.norm == 0 {
        #expect(soft.norm <= tb + allowed, "block \(b)")
        continue
      }
      for i in 0..<m {
        let rest = values[i] - tb * x[i] / x.norm
        #expect(x[i] == 0 ? abs(rest) <= τ + allowed : abs(rest - (x[i] > 0 ? τ : -τ)) <= allowed, "block \(b)")
      }
    }
  }

  @Test(arguments: [(120, 60, 0.0), (60, 300, 0.0), (80, 200, 0.9)], [0.0, 0.3])
  func conditionsHold(_ shape: (Int, Int, Double), _ oneNorm: Double) {
    for sparse in [false, true] {
      let (X, y) = Self.draw(shape.0, shape.1, ρ: shape.2, sparse: sparse, seed: 3)
      let design: any DesignMatrix<Double> = sparse ? SparseMatrix(X) : DenseDesign(X)
      let blocks = Self.spread(shape.1)
      let t = 0.1 * Self.largest(X, y, blocks)
      let τ = oneNorm * t
      let solver = BlockWorkingSetSolver<Double>()
      func solve(from start: Vector<Double>?) -> BlockWorkingSetSolution<Double> {
        let loss = QuadraticLoss(features: design, targets: y)
        if τ == 0 { return solver.solve(loss, GroupLasso<Double>(blocks), parameters: [t, 1e-3], from: start) }
        return solver.solve(loss, SparseGroupLasso<Double>(blocks), parameters: [τ, t, 1e-3], from: start)
      }
      let solution = solve(from: nil)
      #expect(solution.outcome == .converged)
      #expect(solution.estimate.nonzeroCount > 0 && solution.passes <= 30)
      Self.expectConditions(X, y, solution.estimate, blocks, t, τ, 1e-3)
      // A difference of numbers of the objective's size, each a sum of n terms.
      #expect(solution.dualityGap! <= 1e-12 * solution.objective)
      // From its own solution: the pass that looks, a solve, and the pass that finds it done.
      let again = solve(from: solution.estimate)
      #expect(again.outcome == .converged && again.passes <= 3)
    }
  }

  @Test func groupsOfOneAreTheLasso() {
    let (X, y) = Self.draw(80, 150, ρ: 0.5, seed: 8)
    let blocks = Groups(count: 150, size: 1)
    let λ: Vector<Double> = [0.1 * Self.largest(X, y, blocks), 0.01]
    let loss = QuadraticLoss(features: X, targets: y)
    let lasso = WorkingSetSolver<Double>().solve(loss, parameters: λ)
    let got = BlockWorkingSetSolver<Double>().solve(
      loss, GroupLasso<Double>(blocks), parameters: λ)
    #expect(got.outcome == .converged)
    #expect(IndexSubset(nonzerosOf: got.estimate) == IndexSubset(nonzerosOf: lasso.estimate))
    // Two solves of one system, whose condition is at most that of ‖X‖²/n beside the ridge: some 1e4.
    #expect(got.estimate.distance(to: lasso.estimate) <= 1e4 * 150 * .ulpOfOne * lasso.estimate.norm)
  }

  @Test func zeroAtTheLargestStrength() {
    let (X, y) = Self.draw(50, 90, seed: 2)
    let blocks = Self.spread(90)
    let solution = BlockWorkingSetSolver<Double>().solve(
      QuadraticLoss(features: X, targets: y), GroupLasso<Double>(blocks),
      parameters: [Self.largest(X, y, blocks) * (1 + 1e-12), 0])
    #expect(solution.outcome == .converged && solution.estimate.nonzeroCount == 0 && solution.passes == 1)
  }

  /// Accelerated proximal gradient with restarts, on logistic regression with a ridge.
  @Test func logisticMeetsASlowSolver() {
    let (X, y) = Self.draw(70, 100, ρ: 0.3, seed: 5)
    let labels = Vector<Double>(count: 70) { y[$0] > 0 ? 1 : -1 }
    let blocks = Self.spread(100)
    let penalty = GroupLasso<Double>(blocks)
    let (t, ridge) = (0.02, 0.01)
    let loss = LogisticLoss(features: X, targets: labels)
    let got = BlockWorkingSetSolver<Double>().solve(loss, penalty, parameters: [t, ridge])
    #expect(got.outcome == .converged && got.estimate.nonzeroCount > 0)
    let step = 1 / (loss.spectrum.largest + ridge)
    var (w, z, g) = (Vector<Double>.zeros(100), Vector<Double>.zeros(100), Vector<Double>.zeros(100))
    // √(step · ridge) is above 0.01: e⁻³⁰ of the first distance is left after 5,000 steps.
    let root = (step * ridge).squareRoot()
    let momentum = (1 - root) / (1 + root)
    for _ in 0..<5000 {
      loss.gradient(at: z, into: &g)
      var next = z - step * (g + ridge * z)
      for b in 0..<blocks.count {
        let at = (0..<blocks.size(b)).map { blocks.coordinate(b, $0) }
        let size = at.reduce(0) { $0 + next[$1] * next[$1] }.squareRoot()
        let shrink = max(0, 1 - step * t * Double(at.count).squareRoot() / max(size, 1e-300))
        for j in at { next[j] *= shrink }
      }
      z = next + momentum * (next - w)
      w = next
    }
    #expect(got.estimate.distance(to: w) <= 1e-9 * w.norm)
  }

  @Test func boxAndNonnegativity() {
    let (X, y) = Self.draw(100, 60, ρ: 0.4, seed: 6)
    let loss = QuadraticLoss(features: X, targets: y)
    for (penalty, λ, lower, upper): (Box<Double>, Vector<Double>, Double, Double) in [
      (.nonNegative, [0.01], 0, .infinity),
      (Box(lower: .parameters(), upper: .parameters()), [-0.2, 0.5, 0.01], -0.2, 0.5),
    ] {
      let got = BlockWorkingSetSolver<Double>().solve(loss, penalty, parameters: λ)
      #expect(got.outcome == .converged && got.dualityGap == nil)
      let w = got.estimate
      let v = Self.slope(X, y, w) - 0.01 * w
      // Sums of 100 terms with ‖column‖ ‖y‖/n of order 10 together.
      let allowed = 64 * 100 * Double.ulpOfOne
      var bound = 0
      for j in 0..<60 {
        #expect(w[j] >= lower && w[j] <= upper)
        if w[j] > lower { #expect(v[j] >= -allowed) }
        if w[j] < upper { #expect(v[j] <= allowed) }
        if w[j] == lower || w[j] == upper { bound += 1 }
      }
      #expect(bound > 0 && bound < 60)
    }
  }

  @Test func singlePrecision() {
    let (X, y) = Self.draw(60, 120, seed: 9)
    let blocks = Self.spread(120)
    let t = 0.1 * Self.largest(X, y, blocks)
    let exact = BlockWorkingSetSolver<Double>().solve(
      QuadraticLoss(features: X, targets: y), GroupLasso<Double>(blocks), parameters: [t, 0.1])
    let got = BlockWorkingSetSolver<Float>().solve(
      QuadraticLoss(features: Matrix<Float>(converting: X), targets: Vector<Float>(converting: y)),
      GroupLasso<Float>(blocks), parameters: [Float(t), 0.1])
    #expect(got.outcome == .converged)
    // The condition of ‖X‖²/n beside the ridge is some 100.
    let allowed = 100 * 60 * Double(Float.ulpOfOne) * exact.estimate.norm
    #expect(Vector<Double>(converting: got.estimate).distance(to: exact.estimate) <= allowed)
  }

  @Test func whatCannotBeIsRefused() {
    let (X, y) = Self.draw(20, 12, seed: 1)
    let loss = QuadraticLoss(features: X, targets: y)
    let penalty = GroupLasso<Double>(Groups(count: 12, size: 3))
    let solver = BlockWorkingSetSolver<Double>()
    for (λ, index): (Vector<Double>, Int) in [([-1, 0], 0), ([1, -1], 1)] {
      guard case .outsideDomain(let violation) = solver.solve(loss, penalty, parameters: λ).outcome else {
        Issue.record("\(λ) was not refused")
        continue
      }
      #expect(violation.index == index)
    }
    let both = SparseGroupLasso<Double>(penalty.groups)
    guard case .outsideDomain = solver.solve(loss, both, parameters: [-1, 1, 0]).outcome else {
      Issue.record("a negative strength of the 1-norm was not refused")
      return
    }
    guard
      case .outsideDomain(let crossed) = solver.solve(
        loss, Box<Double>(lower: .parameters(), upper: .parameters()), parameters: [1, 0, 0]
      ).outcome
    else {
      Issue.record("bounds that cross were not refused")
      return
    }
    #expect(crossed.index == 1)
    #expect(solver.solve(loss, penalty, parameters: [.nan, 0]).outcome == .notFinite())
    #expect(solver.solve(loss, penalty, parameters: [1, .infinity]).outcome == .notFinite())
  }
}
