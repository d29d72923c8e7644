import Bilevel
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import Testing

/// Multinomial models and support vector machines.
@Suite struct FurtherModelTests {
  private static func normals(_ m: Int, _ n: Int, seed: UInt64) -> Matrix<Double> {
    var stream = RandomStream(seed: seed)
    return Matrix(rows: m, columns: n, layout: .columnMajor) { _, _ in stream.nextNormal() }
  }

  /// Central differences of the value between kinks err by h² and by the solver's 10⁻¹² over h: a millionth of the size of the terms.
  private func check(
    _ criterion: any Criterion, at λ: Vector<Double>, _ location: SourceLocation = #_sourceLocation
  ) {
    let found = criterion.evaluate(at: λ, bounding: false)
    #expect(found.failure == nil && found.selected > 0, "\(found)", sourceLocation: location)
    for k in λ.indices {
      let h = 1e-5 * λ[k]
      var (up, down) = (Vector(copying: λ), Vector(copying: λ))
      up[k] += h
      down[k] -= h
      let difference =
        (criterion.evaluate(at: up, bounding: false).value - criterion.evaluate(at: down, bounding: false).value)
        / (2 * h)
      let scale = max(abs(difference), found.value / λ[k])
      #expect(
        abs(found.gradient[k] - difference) <= 1e-5 * scale, "\(k): \(found.gradient[k]), \(difference)",
        sourceLocation: location)
    }
  }

  private static func classes(_ n: Int, _ p: Int, _ c: Int, seed: UInt64) -> (DenseDesign<Double>, Vector<Double>) {
    let X = normals(n, p, seed: seed)
    let noise = normals(n, c, seed: seed + 100)
    let y = Vector<Double>(count: n) { i in
      Double((0..<c).max { 2 * X[i, $0] + noise[i, $0] < 2 * X[i, $1] + noise[i, $1] }!)
    }
    return (DenseDesign(X), y)
  }

  @Test(arguments: [false, true]) func multinomialGradientsAreDifferences(_ intercept: Bool) throws {
    let (p, c) = (6, 3)
    let ((X, y), (Z, v)) = (Self.classes(60, p, c, seed: 1), Self.classes(60, p, c, seed: 2))
    let (coordinates, intercepts) = MultinomialModel<L1Norm<Double>>.coordinates(
      features: p, classCount: c, hasIntercept: intercept)
    let count = p * c + intercepts.count
    var index = Array(repeating: 0, count: count)
    var factors = Array(repeating: 0.0, count: count)
    for j in 0..<p { for k in 0..<c { (index[coordinates[j][k]], factors[coordinates[j][k]]) = (k, 1) } }
    let perClass = L1Norm<Double>(SharedStrengths(index, count: c, factors: factors))
    let net = MultinomialModel(
      classCount: c, perClass, ridge: .parameter, ridgeFactors: Vector(count: p) { $0 == 0 ? 0 : 1 },
      intercept: intercept)
    let map = net.map(features: X, targets: y)
    let space = try #require(net.searchSpace(of: map, names: ["a", "b", "c", "ridge"]))
    let top = space.upper[0]
    check(
      net.heldOutLoss(of: map, features: Z, targets: v, samples: .none), at: [0.1 * top, 0.15 * top, 0.05 * top, 0.02])
    let folds = try Folds.kFold(3, rows: 60, stratifiedBy: Array(y))
    check(
      net.crossValidation(features: X, targets: y, samples: .none, folds: folds),
      at: [0.11 * top, 0.16 * top, 0.07 * top, 0.02])

    // Whole features, by groups across classes; intercepts are groups of weight 0.
    let lists = coordinates + intercepts.map { [$0] }
    let groups = Groups(lists, weights: coordinates.map { _ in 1 } + intercepts.map { _ in 0 })
    let grouped = MultinomialModel(classCount: c, GroupLasso<Double>(groups), intercept: intercept)
    let groupMap = grouped.map(features: X, targets: y)
    let widest = try #require(grouped.searchSpace(of: groupMap, names: ["a"])).upper[0]
    check(grouped.heldOutLoss(of: groupMap, features: Z, targets: v, samples: .none), at: [0.2 * widest])
  }

  /// Labels and targets of a line with noise.
  private static func line(_ n: Int, _ p: Int, seed: UInt64) -> (DenseDesign<Double>, Vector<Double>, Vector<Double>) {
    let X = normals(n, p, seed: seed)
    let noise = normals(n, 1, seed: seed + 100)
    let y = Vector<Double>(count: n) { X[$0, 0] - 2 * X[$0, 1] + noise[$0, 0] + 0.3 }
    return (DenseDesign(X), y, Vector(count: n) { y[$0] > 0 ? 1 : -1 })
  }

  @Test(arguments: [false, true]) func supportVectorGradientsAreDifferences(_ intercept: Bool) throws {
    let ((X, y, a), (Z, v, b)) = (Self.line(40, 4, seed: 3), Self.line(40, 4, seed: 4))
    let machine = SupportVectorModel.classifier(intercept: intercept) as SupportVectorModel<Box<Double>>
    let map = machine.map(features: X, targets: a)
    for C in [0.003, 0.05, 2] {
      check(machine.heldOutLoss(of: map, features: Z, targets: b, samples: .none), at: [C])
    }
    let folds = try Folds.kFold(4, rows: 40, stratifiedBy: Array(a))
    check(machine.crossValidation(features: X, targets: a, samples: .none, folds: folds), at: [0.07])
    let regression =
      SupportVectorModel.regression(intercept: intercept) as SupportVectorModel<InsensitiveConjugate<Double>>
    let fit = regression.map(features: X, targets: y)
    for λ in [[0.01, 0.3], [0.2, 0.1], [3, 0.7]] {
      check(regression.heldOutLoss(of: fit, features: Z, targets: v, samples: .none), at: Vector(λ))
    }
    check(regression.crossValidation(features: X, targets: y, samples: .none, folds: folds), at: [0.1, 0.2])
  }

  /// With a single feature and points at ±1 the machines have closed forms: w = min(1, 2C) for labels ±1, and w = min(3 − ε, 2C) for targets ±3.
  @Test func twoPointsHaveClosedForms() throws {
    let X = DenseDesign(Matrix<Double>([[1], [-1]]))
    let machine = SupportVectorModel.classifier() as SupportVectorModel<Box<Double>>
    let map = machine.map(features: X, targets: [1, -1])
    for C in [0.1, 0.3, 4] {
      let w = machine.scoreCoefficients(try map.solve(at: [C]).get(), of: map).rows[0]
      #expect(abs(w[0] - min(1, 2 * C)) <= 1e-12)
    }
    let regression = SupportVectorModel.regression(intercept: true) as SupportVectorModel<InsensitiveConjugate<Double>>
    let fit = regression.map(features: X, targets: [13, 7])
    for (C, ε) in [(0.1, 0.5), (1, 1), (9, 0.25)] {
      let found = regression.scoreCoefficients(try fit.solve(at: [C, ε]).get(), of: fit)
      // The mean of the targets, and nothing is left for the column of ones.
      #expect(abs(found.rows[0][0] - min(3 - ε, 2 * C)) <= 1e-12 && abs(found.intercepts[0] - 10) <= 1e-12)
    }
  }

  /// More rows than features, at a bound that is far above what they need: the case in which projected gradients crawl.
  @Test func aMachineOfManyRowsIsSolved() throws {
    let (X, _, a) = Self.line(400, 8, seed: 5)
    let machine = SupportVectorModel.classifier(intercept: true) as SupportVectorModel<Box<Double>>
    let map = machine.map(features: X, targets: a)
    let solution = map.solve(at: [10])
    #expect(solution.outcome == .converged && solution.method == "dual-descent")
    // The gap between ½ ‖w‖² + C Σ hinge and the dual value: 0 at the solution alone. Sums of 400 terms of the size of C.
    let w = map.smooth.coefficients(solution.state)
    let scores = X.appendingOnes()
    var z = Vector<Double>.zeros(400)
    scores.multiply(w, alpha: 1, beta: 0, into: &z)
    let primal = w.dot(w) / 2 + 10 * a.indices.reduce(0) { $0 + max(0, 1 - a[$1] * z[$1]) }
    let dual = -map.smooth.value(at: solution.state, parameters: .zeros(0))
    #expect(abs(primal - dual) <= 1e-9 * primal, "\(primal) \(dual)")
  }
}
