import Bilevel
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import TestSupport
import Testing

@Suite struct CriterionTests {
  @Test(arguments: ReferenceCase.elasticNetNames)
  func valuesAndGradientsAreTheReferences(_ name: String) throws {
    let reference = try ReferenceCase(name)
    let map = ElasticNetMap(features: reference.data.trainFeatures, targets: reference.data.trainTargets)
    let criterion = ReducedObjective(
      map,
      HeldOutSquaredError(
        features: reference.data.validationFeatures, targets: reference.data.validationTargets))
    let found = criterion.evaluate(at: reference.parameters, bounding: true)
    let exact = Vector(reference.answer.hypergradient)
    #expect(found.failure == nil)
    // The bounds of the cases hold to 1e-8 of the gradient at worst; the values to the rounding of a mean of squares.
    #expect(abs(found.value - reference.answer.value) <= 1e-12 * reference.answer.value)
    let bound = try #require(found.gradientErrorBound)
    #expect(found.gradient.distance(to: exact) <= bound + 1e-12 * exact.norm)
    #expect(found.selected == reference.answer.support.count)
  }

  /// Central differences of the value, which is smooth between kinks: the error is of the order h² + ε/h in units of the value.
  @Test(arguments: [0, 1, 2] as [UInt64])
  func crossValidationIsTheMeanOfItsFoldsAndItsGradientTheDifference(_ seed: UInt64) throws {
    let problem = TestProblem(seed: seed)
    let folds = try Folds.kFold(5, rows: problem.targets.count, seed: seed)
    let model = TestProblem.elasticNet
    let criterion = model.crossValidation(features: problem.features, targets: problem.targets, folds: folds)
    let λ: Vector<Double> = [0.11, 0.03]
    let found = criterion.evaluate(at: λ, bounding: true)

    var sum = 0.0
    for fold in folds.folds {
      func rows(_ i: [Int]) -> (Matrix<Double>, Vector<Double>) {
        (problem.features.matrix.gatheringRows(i), Vector(count: i.count) { problem.targets[i[$0]] })
      }
      let (X, y) = rows(fold.train)
      let (Z, v) = rows(fold.heldOut)
      let map = ElasticNetMap(features: X, targets: y)
      let w = try map.solve(at: λ).get()
      let r = Z * w - v
      sum += r.dot(r) / 2
    }
    let mean = sum / Double(problem.targets.count)
    #expect(abs(found.value - mean) <= 1e-12 * mean)

    let h = 1e-6
    for k in 0..<2 {
      var (up, down) = (Vector(copying: λ), Vector(copying: λ))
      up[k] += h
      down[k] -= h
      let difference =
        (criterion.evaluate(at: up, bounding: false).value - criterion.evaluate(at: down, bounding: false).value)
        / (2 * h)
      #expect(abs(difference - found.gradient[k]) <= 1e-7 * max(1, abs(difference)))
    }
    // A bound that leaves a gradient most of its digits: half of the sixteen.
    let bound = try #require(found.gradientErrorBound)
    #expect(bound < Double.ulpOfOne.squareRoot() * max(1, found.gradient.norm))
  }

  /// Sparse data, and dense data cut into copies, give what views of dense data give.
  @Test func foldsOfSparseDataAreThoseOfDenseData() throws {
    let problem = TestProblem()
    let n = problem.targets.count
    let folds = try Folds.kFold(4, rows: n)
    let λ: Vector<Double> = [0.1, 0.02]
    func value(_ X: any DesignMatrix<Double>, _ folds: Folds) -> CriterionValue {
      TestProblem.elasticNet.crossValidation(features: X, targets: problem.targets, folds: folds)
        .evaluate(at: λ, bounding: false)
    }
    let dense = value(problem.features, folds)
    let sparse = value(SparseMatrix(problem.features.matrix), folds)
    // A fold that is left out makes the rest no partition, so that rows are copied.
    let first = value(problem.features, Folds(Array(folds.folds.dropLast())))
    let last = value(problem.features, Folds([folds.folds[3]]))
    let weight = Double(folds.folds[3].heldOut.count) / Double(n)
    #expect(abs(dense.value - sparse.value) <= 1e-12 * dense.value)
    #expect(dense.gradient.distance(to: sparse.gradient) <= 1e-10 * dense.gradient.norm)
    #expect(abs(dense.value - ((1 - weight) * first.value + weight * last.value)) <= 1e-12 * dense.value)
  }

  /// Right at the scale everything is zero; just below something is not.
  @Test func nothingIsSelectedFromTheVanishingScaleOn() throws {
    let problem = TestProblem()
    let map = ProximalGradientMap(
      LinearModel(QuadraticLoss(features: problem.features, targets: problem.targets), ridge: .none),
      GroupLasso<Double>(Groups(count: 40, size: 4)))
    for λ in [1e-9, 0.3, 1e7] {
      let scale = try #require(map.vanishingScale(parameters: [λ]))
      #expect(try map.solve(at: [scale * λ]).get().nonzeroCount == 0)
      #expect(try map.solve(at: [scale * λ * (1 - 1e-6)]).get().nonzeroCount > 0)
    }
    let silent = ElasticNetMap(features: problem.features.matrix, targets: .zeros(60))
    #expect(silent.vanishingScale(parameters: [1, 1]) == nil)
  }

  /// Powers of two on features and targets change nothing but exponents, however far they are from 1.
  @Test(arguments: [(40, 40), (-40, -40), (250, 240), (-250, -240), (0, 900)])
  func theVanishingScaleIsFoundInAnyUnits(_ exponents: (Int, Int)) throws {
    let problem = TestProblem()
    func scale(_ a: Double, _ b: Double) throws -> Double {
      let base = problem.features.matrix
      let X = DenseDesign(
        Matrix<Double>(rows: base.rows, columns: base.columns, layout: .columnMajor) { a * base[$0, $1] })
      let map = ProximalGradientMap(
        LinearModel(QuadraticLoss(features: X, targets: b * problem.targets), ridge: .none), L1Norm<Double>())
      return try #require(map.vanishingScale(parameters: [1]))
    }
    let (a, b) = (exponents.0, exponents.1)
    let scaled = try scale(
      Double(sign: .plus, exponent: a, significand: 1), Double(sign: .plus, exponent: b, significand: 1))
    #expect(scaled == Double(sign: .plus, exponent: a + b, significand: try scale(1, 1)))
  }

  /// Strengths outside the domain end in a failure with its reason, not in a number.
  @Test func failuresSayWhy() {
    let problem = TestProblem()
    let (criterion, _) = problem.criterion(TestProblem.elasticNet)
    let found = criterion.evaluate(at: [-1, 0], bounding: true)
    #expect(found.value.isNaN && found.failure?.description.contains("outside") == true)
  }

  /// Of equal columns any share of the sum is a solution, and what is fitted is the same: so are value and gradient of a held-out loss on rows where they are
  /// equal too. Where they are not, the loss of w depends on the share, and nothing is claimed.
  @Test(arguments: [1, -2.0, 1e-5])
  func equalColumnsHaveAGradient(_ factor: Double) throws {
    let problem = TestProblem(seed: 4)
    func wide(_ X: DenseDesign<Double>, _ factor: Double) -> DenseDesign<Double> {
      DenseDesign(
        Matrix(rows: X.rows, columns: 43, layout: .columnMajor) { i, j in
          j < 40 ? X.matrix[i, j] : factor * X.matrix[i, 5 * (j - 40)]
        })
    }
    func evaluate(_ λ: Double, held: Double) -> CriterionValue {
      // Strengths in the units of the columns, so that either is as good.
      let factors = (0..<43).map { $0 < 40 ? 1 : abs(factor) }
      let model = RegressionModel(QuadraticLoss<Double>.self, L1Norm<Double>(.single(factors: factors)))
      let map = model.map(features: wide(problem.features, factor), targets: problem.targets)
      let criterion = model.heldOutLoss(
        of: map, features: wide(problem.heldOutFeatures, held), targets: problem.heldOutTargets)
      // A start with a share of both.
      criterion.warmStart = [WarmStart(state: Vector(repeating: 0.01, count: 43))]
      return criterion.evaluate(at: [λ], bounding: true)
    }
    let (plain, _) = problem.criterion(TestProblem.lasso)
    var dependent = 0
    for λ in [0.3, 0.1, 0.03] {
      let expected = plain.evaluate(at: [λ], bounding: true)
      let found = evaluate(λ, held: factor)
      #expect(found.failure == nil && expected.failure == nil, "\(String(describing: found.failure))")
      #expect(abs(found.value - expected.value) <= 1e-10 * expected.value)
      // MINRES ends at a residual of 2e-12, times a condition number of some tens and the sizes of the terms.
      #expect(abs(found.gradient[0] - expected.gradient[0]) <= 1e-8 * max(1, abs(expected.gradient[0])))
      if found.selected > expected.selected {
        dependent += 1
        #expect(found.gradientErrorBound == nil)
        #expect(evaluate(λ, held: 3 * factor).failure != nil)
      }
    }
    #expect(dependent > 0)
  }
}
