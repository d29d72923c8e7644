import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import TestSupport
import Testing

/// Weights of samples against samples that are repeated or left out, offsets against targets and scores that are moved.
@Suite struct SampleTermsTests {
  typealias Storage = FunctionsDerivativeTests.Storage

  static let counts = (0..<40).map { [1, 0, 3, 2, 1][$0 % 5] }
  /// Every row as often as it counts.
  static let repeated = counts.indices.flatMap { Array(repeating: $0, count: counts[$0]) }

  private static func draw<E: Scalar>(_ labels: Bool) -> (Matrix<E>, Vector<E>) {
    let X: Matrix<E> = FunctionsDerivativeTests.features(rows: 40, columns: 12, seed: 21)
    let truth: Vector<E> = FunctionsDerivativeTests.vector(12, seed: 3)
    var y = X * truth
    let noise: Vector<E> = FunctionsDerivativeTests.vector(40, seed: 4)
    y.add(1, noise)
    if labels { for i in 0..<40 { y[i] = y[i] > 0 ? 1 : -1 } }
    return (X, y)
  }

  private func weights<Loss: SmoothLoss>(_: Loss.Type, labels: Bool, _ storage: Storage) throws {
    typealias E = Loss.Element
    let (X, y): (Matrix<E>, Vector<E>) = Self.draw(labels)
    let what = "\(Loss.self) \(storage)"
    // In any unit.
    let c = Vector<E>(count: 40) { E(Self.counts[$0]) / 8 }
    let samples = SampleTerms(weights: c)
    let design = FunctionsDerivativeTests.design(X, storage)
    let weighted = LinearModel<Loss>(features: design, targets: y, samples: samples)
    let rows = X.gatheringRows(Self.repeated)
    let targets = Vector(count: rows.rows) { y[Self.repeated[$0]] }
    let plain = LinearModel<Loss>(features: FunctionsDerivativeTests.design(rows, storage), targets: targets)
    FunctionsDerivativeTests.check(weighted, [0.3], what)

    // Sums of at most 56 terms of order 1 in another order.
    let rounding = 256 * E.ulpOfOne
    let w: Vector<E> = FunctionsDerivativeTests.vector(12, seed: 8)
    #expect(
      (weighted.value(at: w, parameters: [0.3]) - plain.value(at: w, parameters: [0.3])).magnitude <= rounding,
      "\(what)")
    let held = HeldOutLoss<Loss>(features: design, targets: y, samples: samples)
    let heldPlain = HeldOutLoss<Loss>(features: plain.loss.features, targets: targets)
    #expect(
      (held.value(at: w, parameters: []) - heldPlain.value(at: w, parameters: [])).magnitude <= rounding, "\(what)")

    typealias Map = ProximalGradientMap<LinearModel<Loss>, L1Norm<E>>
    let (map, reference) = (Map(weighted, L1Norm()), Map(plain, L1Norm()))
    let λ: Vector<E> = [0.02, 0.05]
    let (found, expected) = (map.solve(at: λ), reference.solve(at: λ))
    #expect(found.method == "working-sets", "\(what)")
    // The ridge makes condition numbers below 40.
    #expect(try found.get().distance(to: expected.get()) <= 40 * rounding * expected.state.norm, "\(what)")
    for solver in [.automatic, .conjugateGradient, .direct] as [AID<Map>.Solver] {
      let g = try AID<Map>(solver).hypergradient(of: held, found.problem).get()
      let exact = try AID<Map>(solver).hypergradient(of: heldPlain, expected.problem).get()
      // Krylov methods stop at their tolerance.
      let tolerance = 40 * (rounding + AID<Map>.defaultTolerance)
      #expect(g.distance(to: exact) <= tolerance * (1 + exact.norm), "\(what) \(solver)")
    }
    // By minibatches of all rows.
    let all = Minibatch(Array(0..<40))
    var (g, h, full) = (Vector<E>.zeros(12), Vector<E>.zeros(12), Vector<E>.zeros(12))
    weighted.addSampleGradient(all, at: w, parameters: [0.3], scale: 1, to: &g)
    weighted.gradient(at: w, parameters: [0.3], into: &full)
    #expect(g.distance(to: full) <= rounding * (1 + full.norm), "\(what)")
    weighted.addSampleHessianProduct(all, at: w, parameters: [0.3], full, scale: 1, to: &h)
    let H = weighted.makeHessian()
    weighted.linearize(at: w, parameters: [0.3], into: H, gradient: &g)
    var image = h
    H.apply(full, into: &image)
    #expect(h.distance(to: image) <= rounding * (1 + image.norm), "\(what)")
  }

  @Test(arguments: Storage.allCases)
  func weightsAreRepeatedRows(_ storage: Storage) throws {
    try weights(QuadraticLoss<Double>.self, labels: false, storage)
    try weights(LogisticLoss<Double>.self, labels: true, storage)
    try weights(SquaredHingeLoss<Double>.self, labels: true, storage)
    try weights(QuadraticLoss<Float>.self, labels: false, storage)
    try weights(LogisticLoss<Float>.self, labels: true, storage)
    try weights(HuberLoss<Double>.self, labels: false, storage)
  }

  private func offsets<Loss: SmoothLoss>(_: Loss.Type, labels: Bool, _ storage: Storage) throws {
    typealias E = Loss.Element
    let (X, y): (Matrix<E>, Vector<E>) = Self.draw(labels)
    let what = "\(Loss.self) \(storage)"
    let o: Vector<E> = FunctionsDerivativeTests.vector(40, seed: 7)
    let c = Vector<E>(count: 40) { E(1 + $0 % 3) }
    let samples = SampleTerms(weights: c, offsets: o)
    let model = LinearModel<Loss>(
      features: FunctionsDerivativeTests.design(X, storage), targets: y, samples: samples)
    FunctionsDerivativeTests.check(model, [0.3], what + " with offsets")
    let w: Vector<E> = FunctionsDerivativeTests.vector(12, seed: 8)
    // Scores moved by hand, sample by sample, by the loss of one.
    var (exact, sum): (E, E) = (0, 0)
    for i in 0..<40 {
      var r: Vector<E> = [0]
      exact += c[i] * Loss.value(scores: [X.row(i).dot(w) + o[i]], targets: [y[i]], residuals: &r)
      sum += c[i]
    }
    #expect((model.loss.value(at: w) - exact / sum).magnitude <= 64 * .ulpOfOne * exact / sum, "\(what)")
    // The working sets' duality gap closes.
    let solution = WorkingSetSolver<E>().solve(model.loss, strengths: Vector(repeating: 0.02, count: 12), ridge: 0.05)
    #expect(solution.outcome == .converged, "\(what)")
    #expect(solution.dualityGap <= 64 * .ulpOfOne * (1 + solution.objective), "\(what): \(solution.dualityGap)")
    var g = w
    model.loss.gradient(at: solution.estimate, into: &g)
    for j in 0..<12 {
      let (x, slope) = (solution.estimate[j], g[j] + 0.05 * solution.estimate[j])
      let violation = x == 0 ? slope.magnitude - 0.02 : (slope + (x > 0 ? 0.02 : -0.02)).magnitude
      #expect(violation <= 256 * .ulpOfOne, "\(what), coordinate \(j)")
    }
  }

  @Test(arguments: Storage.allCases)
  func offsetsMoveScores(_ storage: Storage) throws {
    try offsets(QuadraticLoss<Double>.self, labels: false, storage)
    try offsets(LogisticLoss<Double>.self, labels: true, storage)
    try offsets(SquaredHingeLoss<Double>.self, labels: true, storage)
    try offsets(QuadraticLoss<Float>.self, labels: false, storage)
    try offsets(LogisticLoss<Float>.self, labels: true, storage)
  }

  /// Weights of the size of the largest number are weights too.
  @Test func weightsHaveNoUnit() {
    let c = Vector<Double>(count: 4) { Double($0) }
    let large = SampleTerms(weights: Vector(count: 4) { c[$0] * 0x1p1020 })
    #expect(large.weights == SampleTerms(weights: c).weights)
    // Some half-ulps.
    #expect(abs(large.weights!.reduce(0, +) - 4) <= 1e-14)
    #expect(large.subset([1, 3]).weights!.distance(to: [0.5, 1.5]) <= 1e-14)
  }
}
