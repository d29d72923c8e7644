import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RealModule
import TestSupport
import Testing

/// A loss of one's own: the pseudo-Huber loss √(1 + t²) − 1, t = z − y, in what a ``ScoreLoss`` asks for.
struct PseudoHuber<Element: Scalar>: ScoreLoss {
  static var curvatureBound: Element { 1 }
  /// |ℓ‴| = 3 |t| (1 + t²)^{−5/2}, largest at t = ½: 48/(25 √5).
  static var curvatureLipschitzConstant: Element { 48 / (25 * Element(5).squareRoot()) }
  static func value(score z: Element, target y: Element) -> Element { (1 + (z - y) * (z - y)).squareRoot() - 1 }
  static func residual(score z: Element, target y: Element) -> Element {
    (y - z) / (1 + (z - y) * (z - y)).squareRoot()
  }
  static func curvature(score z: Element, target y: Element) -> Element {
    let root = (1 + (z - y) * (z - y)).squareRoot()
    return 1 / (root * root * root)
  }
  static func conjugate(ofNegative r: Element, target y: Element) -> Element {
    r.magnitude <= 1 ? 1 - (1 - r * r).squareRoot() - r * y : .infinity
  }
}

@Suite struct FunctionsScoreLossTests {
  private func check<Score: ScoreLoss<Double>>(_: Score.Type, target y: Double, _ jumps: [Double]) {
    let h = Double.root(.ulpOfOne, 3)
    for k in -40...40 {
      let z = Double(k) * 0.0937 + 0.011
      if jumps.contains(where: { abs($0 - z) < 2 * h }) { continue }
      let slope = (Score.value(score: z + h, target: y) - Score.value(score: z - h, target: y)) / (2 * h)
      let r = Score.residual(score: z, target: y)
      // Truncation h² |ℓ‴|/6 and rounding ε |ℓ|/h, both some h².
      #expect(abs(slope + r) <= 8 * h * h * (1 + abs(r)), "\(Score.self) at \(z)")
      let bend = -(Score.residual(score: z + h, target: y) - Score.residual(score: z - h, target: y)) / (2 * h)
      let d = Score.curvature(score: z, target: y)
      #expect(abs(bend - d) <= 16 * h * h, "\(Score.self) at \(z): \(bend) \(d)")
      #expect(d >= 0)
      #expect(d <= Score.curvatureBound * (1 + 4 * Double.ulpOfOne))
      #expect(abs(r) <= Score.slopeBound)
      // Fenchel: ℓ(z) + ℓ*(a) = a z at a = ℓ′(z), and at least a z for other a.
      let gap = Score.value(score: z, target: y) + Score.conjugate(ofNegative: r, target: y) + r * z
      let terms = 1 + abs(r * z) + abs(r * y)
      #expect(abs(gap) <= 64 * Double.ulpOfOne * terms, "\(Score.self) at \(z): \(gap)")
      for c in [0.0, 0.3, 0.9] {
        let a = c * r
        let other = Score.value(score: z, target: y) + Score.conjugate(ofNegative: a, target: y) + a * z
        #expect(other >= -64 * Double.ulpOfOne * terms)
      }
    }
    // Nothing hides a NaN.
    for (z, y) in [(Double.nan, y), (0.5, Double.nan)] {
      #expect(Score.value(score: z, target: y).isNaN)
      #expect(Score.residual(score: z, target: y).isNaN)
      // Some losses do not allow the target, or their ℓ″ does not depend on it.
      if z.isNaN || Score.isTarget(y) { #expect(Score.curvature(score: z, target: y).isNaN) }
    }
  }

  @Test func everyScoreIsItsDerivative() {
    check(LogisticScore<Double>.self, target: -1, [])
    check(HuberScore<Double>.self, target: 0.3, [-0.7, 1.3])
    check(SquaredHingeScore<Double>.self, target: -1, [-1])
    check(PseudoHuber<Double>.self, target: 0.3, [])
  }

  /// Solved by two solvers that share little, differentiated, and compared with differences of solutions.
  private func tuned<Score: ScoreLoss<Double>>(_: Score.Type, labels: Bool, workingSets: Bool) throws {
    typealias Loss = SeparableLoss<Score>
    let X: Matrix<Double> = FunctionsDerivativeTests.features(rows: 60, columns: 12, seed: 21)
    let noise: Vector<Double> = FunctionsDerivativeTests.vector(60, seed: 22)
    let truth = Vector<Double>(count: 12) { $0 < 4 ? 1.5 - Double($0) : 0 }
    let score = X * truth + 1.2 * noise
    let y = labels ? Vector(count: 60) { score[$0] < 0 ? -1 : 1 } : score
    let λ: Vector<Double> = [0.02, 0.05]
    let map = ProximalGradientMap(LinearModel<Loss>(features: DenseDesign(X), targets: y), L1Norm())
    func solve(_ λ: Vector<Double>) throws -> Vector<Double> {
      try FixedPointSolver<Double>(acceleration: .anderson(memory: 5)).solve(map, parameters: λ).get()
    }
    let w = try solve(λ)
    #expect((1..<12).contains(w.nonzeroCount), "\(w)")
    if workingSets {
      let other = WorkingSetSolver<Double>().solve(map.smooth.loss, parameters: λ)
      #expect(other.outcome == .converged)
      // ρ/(1 − q) of the fixed-point solver, q ≥ 1 − λ2/(L + λ2), at a tolerance of 64 ε.
      let q = try #require(map.contractionBound(parameters: λ))
      #expect(other.estimate.distance(to: w) <= 128 * .ulpOfOne * max(1, w.norm) / (1 - q))
    }
    let objective = HeldOutLoss<Loss>(features: DenseDesign(X), targets: y)
    let got = try AID(.automatic).hypergradient(
      of: objective, FixedPointProblem(map, parameters: λ, state: w)
    ).get()
    for j in 0..<2 {
      // Truncation h² against the solver's error, some 1e-13, over h.
      let h = 1e-5 * λ[j]
      var (up, down) = (λ, λ)
      up[j] += h
      down[j] -= h
      let slope =
        try (objective.value(at: solve(up), parameters: up) - objective.value(at: solve(down), parameters: down))
        / (2 * h)
      #expect(abs(slope - got[j]) <= 1e-5 * got.norm, "\(Score.self), \(j): \(slope) \(got[j])")
    }
  }

  @Test func aLossOfOnesOwnIsTuned() throws {
    try tuned(PseudoHuber<Double>.self, labels: false, workingSets: true)
  }

  @Test func huber() throws { try tuned(HuberScore<Double>.self, labels: false, workingSets: false) }
  @Test func squaredHinge() throws { try tuned(SquaredHingeScore<Double>.self, labels: true, workingSets: true) }
  @Test func logistic() throws { try tuned(LogisticScore<Double>.self, labels: true, workingSets: true) }
}
