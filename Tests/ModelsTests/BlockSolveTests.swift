import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import Testing

/// `solve(at:)` of maps with a block penalty: by working sets where they can, at every scale, with singular systems, through Gram matrices and
/// through columns.
@Suite struct BlockSolveTests {
  /// In the units of f: the distance of −∇f − λ_G w from the penalty's subdifferential over the blocks, by the solver's own measure of a block
  /// but with a gradient of plain loops.
  static func violation<L: SmoothLoss<Double>, G: BlockPenalty<Double>>(
    _ loss: L, _ penalty: G, _ λ: Vector<Double>, ridge: Double, at w: Vector<Double>
  ) -> Double {
    var g = Vector<Double>.zeros(w.count)
    loss.gradient(at: w, into: &g)
    let blocks = penalty.makeBlocks(count: w.count, parameters: λ)
    return (0..<blocks.blocks.count).map { b in
      let at = (0..<blocks.blocks.size(b)).map { blocks.blocks.coordinate(b, $0) }
      return blocks.distance(
        block: b, at: Vector(at.map { w[$0] }), of: Vector(at.map { -g[$0] - ridge * w[$0] }))
    }.max()!
  }

  private func solveGenerically<Map: FixedPointMap>(_ map: Map, _ λ: Vector<Map.Element>) -> Solution<Map> {
    map.solve(at: λ)
  }

  @Test func mapsUseWorkingSets() throws {
    let (X, y) = BlockWorkingSetTests.draw(60, 90, ρ: 0.3, seed: 4)
    let groups = BlockWorkingSetTests.spread(90)
    let t = 0.1 * BlockWorkingSetTests.largest(X, y, groups)
    let map = ProximalGradientMap(
      LinearModel<QuadraticLoss<Double>>(features: DenseDesign(X), targets: y), GroupLasso(groups))
    var passes = 0
    let solution = map.solve(at: [t, 0.05], from: nil, iterationLimit: 1000) {
      if case .workingSets = $0 { passes += 1 }
    }
    #expect(solution.outcome == .converged && solution.method == "working-sets" && passes == solution.iterations)
    #expect(solution.dualityGap! <= 1e-12 * map.objective(at: solution.state, parameters: [t, 0.05]))
    #expect(solution.problem.stateIsSolution)
    // The iteration, whose map contracts by 1 − 0.05/L and whose residual is at rounding.
    let slow = map.iterate(at: [t, 0.05])
    #expect(solution.state.distance(to: slow.state) <= 1e-9 * slow.state.norm)
    // Through a function that knows no more than a map: the same way.
    #expect(solveGenerically(map, [t, 0.05]).method == "working-sets")
    // The same with the ridge, and then the strength too, given once and for all.
    let fixed = ProximalGradientMap(
      LinearModel<QuadraticLoss<Double>>(features: DenseDesign(X), targets: y, ridge: .fixed(0.05)),
      GroupLasso<Double>(groups))
    #expect(fixed.solve(at: [t]).state == solution.state)
    let constant = ProximalGradientMap(fixed.smooth, FixedParameters(GroupLasso<Double>(groups), [t]))
    let solved = constant.solve(at: [])
    #expect(solved.method == "working-sets" && solved.state == solution.state)
    // A penalty that is none by blocks, and a limit that working sets do not keep.
    let simplex = ProximalGradientMap(map.smooth, Simplex<Double>())
    #expect(simplex.solve(at: [1, 0.05]).method == "fixed-point")
    let limited = map.solve(at: [t, 0.05], from: nil, iterationLimit: 1, progress: nil)
    #expect(limited.method == "fixed-point" && limited.outcome == .iterationLimit)
  }

  /// Without strengths a block is always free: unpenalized groups, and least squares with more rows than columns.
  @Test func blocksWithoutStrengths() throws {
    let (X, y) = BlockWorkingSetTests.draw(60, 20, seed: 12)
    let loss = QuadraticLoss(features: X, targets: y)
    let weights = [0.0, 1, 0, 1]
    let groups = Groups(sizes: [5, 5, 5, 5], weights: weights)
    let solver = BlockWorkingSetSolver<Double>()
    let got = solver.solve(loss, GroupLasso<Double>(groups), parameters: [100, 0])
    #expect(got.outcome == .converged && got.dualityGap == nil)
    #expect(got.estimate.nonzeroCount == 10)
    let some = X.columns(IndexSubset([0, 1, 2, 3, 4, 10, 11, 12, 13, 14], universe: 20))
    var least = some.transposed * y
    try Cholesky(some.transposed * some).solve(&least)
    #expect(Vector(got.estimate.filter { $0 != 0 }).distance(to: least) <= 1e-12 * least.norm)
    // The 1-norm alone is the lasso.
    let lasso = WorkingSetSolver<Double>().solve(loss, parameters: [0.1, 0])
    let sparse = solver.solve(
      loss, SparseGroupLasso<Double>(Groups(sizes: [5, 5, 5, 5])), parameters: [0.1, 0, 0])
    #expect(sparse.outcome == .converged && sparse.dualityGap! <= 1e-12 * sparse.objective)
    #expect(sparse.estimate.distance(to: lasso.estimate) <= 1e-12 * lasso.estimate.norm)
  }

  /// Targets and features far from 1: y = a ŷ, X = b X̂ has the solution (a/b) ŵ with the strengths a b t, the ridge b² and bounds a/b. It is found, or
  /// the outcome says that it was not.
  @Test(arguments: [-300, -150, -80, -30, 30, 80, 150, 300], [-150, -30, 0, 30, 150])
  func everyScale(_ a: Int, _ b: Int) {
    let (X, y) = BlockWorkingSetTests.draw(30, 24, ρ: 0.2, seed: 5)
    let (A, B) = (
      Double(sign: .plus, exponent: a * 10 / 3, significand: 1),
      Double(sign: .plus, exponent: b * 10 / 3, significand: 1)
    )
    let groups = Groups(count: 24, size: 4)
    let t = 0.2 * BlockWorkingSetTests.largest(X, y, groups)
    let solver = BlockWorkingSetSolver<Double>()
    let loss = QuadraticLoss(features: X, targets: y)
    var scaled = X
    scaled.scale(by: B)
    let other = QuadraticLoss(features: scaled, targets: A * y)
    func check<G: BlockPenalty<Double>>(_ penalty: G, _ λ: Vector<Double>, by factor: Double) {
      // Parameters that are no number of the range belong to another problem.
      if (factor * λ).contains(where: { $0.magnitude < .leastNormalMagnitude }) { return }
      let plain = solver.solve(loss, penalty, parameters: Vector(Array(λ) + [0.01]))
      let got = solver.solve(other, penalty, parameters: Vector(Array(factor * λ) + [B * B * 0.01]))
      #expect(plain.outcome == .converged)
      if got.outcome == .converged {
        // All factors are powers of two: the same but for other branches at rounding.
        let expected = (A / B) * plain.estimate
        #expect((0..<24).allSatisfy { abs(got.estimate[$0] - expected[$0]) <= 1e-12 * expected.maxNorm }, "\(penalty)")
      } else {
        #expect(abs(a) > 80 || abs(b) > 80, "\(penalty): \(got.outcome)")
      }
    }
    check(GroupLasso<Double>(groups), [t], by: A * B)
    check(SparseGroupLasso<Double>(groups), [t / 2, t / 2], by: A * B)
    check(Box<Double>(lower: .parameters(), upper: .parameters()), [-0.1, 0.2], by: A / B)
    check(Box<Double>.nonNegative, [], by: 1)
  }

  /// Every column twice, and columns of zeros, without a ridge: the system of the support is singular, and any minimizer is one.
  @Test(arguments: [40, 200])
  func singularSystems(_ n: Int) {
    let (half, y) = BlockWorkingSetTests.draw(n, 45, ρ: 0.5, seed: 7)
    let X = Matrix<Double>(rows: n, columns: 100) { $1 >= 90 ? 0 : half[$0, $1 % 45] }
    let groups = Groups(count: 100, size: 5)
    let t = 0.05 * BlockWorkingSetTests.largest(X, y, groups)
    let loss = QuadraticLoss(features: X, targets: y)
    let labels = Vector<Double>(count: n) { y[$0] > 0 ? 1 : -1 }
    let logistic = LogisticLoss(features: X, targets: labels)
    // Sums of n terms that are at most ‖column‖ ‖r‖/n together, and of k ulps of ‖G‖ ‖w‖.
    func allowed(_ w: Vector<Double>) -> Double { 64 * .ulpOfOne * (100 * 10 * w.norm + 10 * y.norm) }
    func check<L: SmoothLoss<Double>, G: BlockPenalty<Double>>(_ loss: L, _ penalty: G, _ λ: Vector<Double>) {
      let start = Vector<Double>(count: 100) { $0 % 3 == 0 ? 0.1 : 0 }
      for start in [nil, start] {
        let map = ProximalGradientMap(LinearModel(loss, ridge: .none), penalty)

        let got = map.solve(at: λ, from: start)
        #expect(got.outcome == .converged && got.method == "working-sets", "\(penalty) \(L.self)")
        #expect(Self.violation(loss, penalty, λ, ridge: 0, at: got.state) <= allowed(got.state), "\(penalty) \(L.self)")
      }
    }
    check(loss, GroupLasso<Double>(groups), [t])
    check(loss, SparseGroupLasso<Double>(groups), [t / 2, t / 2])
    check(loss, Box<Double>.nonNegative, [])
    check(loss, Box<Double>(lower: .parameters(), upper: .parameters()), [-0.05, 0.1])
    check(logistic, GroupLasso<Double>(groups), [0.01])
  }

  /// Sparse columns with some five entries each, of which a large working set takes its descent; the same numbers stored densely go through the
  /// Gram matrix.
  @Test(arguments: [false, true])
  func largeWorkingSetsThroughColumns(_ isLogistic: Bool) {
    var random = RandomStream(seed: 31)
    var X = Matrix<Double>.zeros(300, 400)
    for j in 0..<400 { for _ in 0..<5 { X[random.nextIndex(below: 300), j] = random.nextNormal() } }
    let w = Vector<Double>(count: 400) { $0 % 8 < 4 ? random.nextNormal() : 0 }
    let Xw = X * w
    let y = Vector<Double>(count: 300) { isLogistic ? (Xw[$0] > 0 ? 1 : -1) : Xw[$0] + 0.1 * random.nextNormal() }
    let groups = Groups(count: 400, size: 4)
    func check<L: SmoothLoss<Double>, G: BlockPenalty<Double>>(_: L.Type, _ penalty: G, _ λ: Vector<Double>) {
      let solver = BlockWorkingSetSolver<Double>()
      let byGram = solver.solve(L(features: DenseDesign(X), targets: y), penalty, parameters: λ)
      let byColumns = solver.solve(L(features: SparseMatrix(X), targets: y), penalty, parameters: λ)
      #expect(byGram.outcome == .converged && byColumns.outcome == .converged, "\(penalty)")
      #expect(byColumns.largestWorkingSet > 256, "\(byColumns.largestWorkingSet) columns go through a Gram matrix")
      // Two solves of one system, whose condition is some ‖X‖²/n beside the ridge: below 1e3.
      #expect(byColumns.estimate.distance(to: byGram.estimate) <= 1e-11 * byGram.estimate.norm, "\(penalty)")
    }
    func checkAll<L: SmoothLoss<Double>>(_ type: L.Type) {
      check(type, GroupLasso<Double>(groups), [2e-4, 1e-4])
      check(type, SparseGroupLasso<Double>(groups), [1e-4, 1e-4, 1e-4])
      check(type, Box<Double>(lower: .fixed(-0.5), upper: .parameters()), [0.5, 1e-4])
    }
    if isLogistic { checkAll(LogisticLoss<Double>.self) } else { checkAll(QuadraticLoss<Double>.self) }
  }

  /// A NaN among the features shows in the outcome, also where it would touch a block that stays at its bound.
  @Test func notANumber() {
    var (X, y) = BlockWorkingSetTests.draw(20, 12, seed: 1)
    X[3, 7] = .nan
    let loss = QuadraticLoss(features: X, targets: y)
    let solver = BlockWorkingSetSolver<Double>()
    #expect(
      solver.solve(loss, GroupLasso<Double>(Groups(count: 12, size: 3)), parameters: [1, 0]).outcome == .notFinite())
    #expect(solver.solve(loss, Box<Double>.nonNegative, parameters: [0]).outcome == .notFinite())
    y[2] = .nan
    let map = ProximalGradientMap(
      LinearModel<QuadraticLoss<Double>>(features: DenseDesign(X), targets: y), Box<Double>.nonNegative)
    guard case .notFinite = map.solve(at: [0.1]).outcome else {
      Issue.record("a NaN among the targets does not show")
      return
    }
  }
}
