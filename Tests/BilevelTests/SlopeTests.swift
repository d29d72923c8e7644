import Bilevel
import Foundation
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing

@Suite struct SlopeTests {
  /// scipy 1.17: `norm.isf(arange(1, 6) * 0.1 / 10)`, over the first.
  @Test func weightsAreNormalQuantiles() {
    let quantiles = [
      2.3263478740408408, 2.053748910631823, 1.8807936081512509, 1.75068607125217, 1.6448536269514729,
    ]
    let weights = SortedL1<Double>.slope(count: 5, falseDiscoveryRate: 0.1).weights
    // erfc to some ulps, and its slope there.
    for i in 0..<5 { #expect(abs(weights[i] - quantiles[i] / quantiles[0]) <= 1e-14) }
    let tiny = SortedL1<Double>.slope(count: 20_000, falseDiscoveryRate: 1e-300).weights
    #expect(tiny.firstNonFinite == nil && tiny[0] == 1 && tiny[19_999] > 0.9)
  }

  /// Optimality: sorted |gradients| stay below the weights in partial sums, and the gradient along w is the penalty. The gradient by differences.
  @Test(arguments: [false, true])
  func solutionsAreOptimalAndGradientsTheDifferences(_ intercept: Bool) throws {
    let problem = TestProblem(samples: 60, features: 12, seed: 3)
    let p = 12
    let sorted = SortedL1<Double>.slope(count: p, falseDiscoveryRate: 0.3)
    let penalty = SeparableSum<Double>(
      [.init(sorted, on: Array(0..<p), parameters: [0])], count: p, parameterCount: 1)
    let model = RegressionModel(QuadraticLoss<Double>.self, penalty, intercept: intercept)
    var targets = Vector(copying: problem.targets)
    if intercept { targets.add(constant: 3) }
    let map = model.map(features: problem.features, targets: targets)
    let space = try #require(model.searchSpace(of: map, names: ["lambda1"]))
    let criterion = model.heldOutLoss(
      of: map, features: problem.heldOutFeatures, targets: problem.heldOutTargets, samples: .none)
    for fraction in [0.5, 0.1, 0.02] {
      let λ = fraction * space.upper[0]
      let (w, b) = model.coefficients(try map.solve(at: [λ]).get())
      var r = problem.features.matrix * w - targets
      r.add(constant: b)
      let g = Vector<Double>(count: p) { problem.features.matrix.column($0).dot(r) / 60 }
      // The iteration ends at an error of some 1e-12 of ‖w‖, and the gradient's is that times the curvature, some units.
      let falling = g.map(\.magnitude).sorted(by: >)
      var sum = 0.0
      for i in 0..<p {
        sum += falling[i] - λ * sorted.weights[i]
        #expect(sum <= 1e-9, "the first \(i + 1)")
      }
      #expect(abs(g.dot(w) + sorted.value(at: w, parameters: [λ])) <= 1e-9)
      if intercept { #expect(abs(r.reduce(0, +)) <= 1e-8) }

      let found = criterion.evaluate(at: [λ], bounding: false)
      let h = 1e-5 * λ
      let difference =
        (criterion.evaluate(at: [λ + h], bounding: false).value
          - criterion.evaluate(at: [λ - h], bounding: false).value) / (2 * h)
      #expect(found.failure == nil && abs(found.gradient[0] - difference) <= 1e-4 * max(1, abs(difference)))
    }
    // Nothing is selected at the largest strength, and something below it.
    #expect(try model.coefficients(map.solve(at: [space.upper[0] * (1 + 1e-12)]).get()).coefficients.nonzeroCount == 0)
    #expect(try model.coefficients(map.solve(at: [space.upper[0] * 0.99]).get()).coefficients.nonzeroCount > 0)
  }
}

/// Newton's method between stretches of the iteration.
@Suite struct NewtonIterationTests {
  /// Separable labels, a weak penalty: a step of Newton's method from far off leads to where all slopes vanish and every residual is rounded away. The
  /// solution is where the objective is least, as the working sets of the 1-norm find it: equal weights make that penalty.
  @Test(arguments: [1e-1, 1e-3, 1e-5]) func noStepIsTakenForASolutionThatRaisesTheObjective(_ λ: Double) throws {
    let problem = TestProblem(samples: 30, features: 20, seed: 3)
    let labels = Vector<Double>(count: 30) { problem.targets[$0] > 0 ? 1 : -1 }
    let same = SeparableSum<Double>(
      [.init(SortedL1(weights: Vector(repeating: 1, count: 20)), on: Array(0..<20), parameters: [0])], count: 20,
      parameterCount: 1)
    let loss = LogisticLoss<Double>(features: problem.features, targets: labels)
    let sorted = ProximalGradientMap(LinearModel(loss, ridge: .fixed(1e-6)), same)
    let plain = ProximalGradientMap(LinearModel(loss, ridge: .fixed(1e-6)), L1Norm<Double>())
    let (found, exact) = (sorted.solve(at: [λ]), plain.solve(at: [λ]))
    let least = plain.objective(at: exact.state, parameters: [λ])
    #expect(exact.outcome == .converged && (found.outcome == .converged || found.outcome == .iterationLimit))
    // Objectives are sums of 30 terms.
    #expect(abs(sorted.objective(at: found.state, parameters: [λ]) - least) <= 1e-9 * least, "\(found.outcome)")
  }
}
