import Bilevel
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import TestSupport
import Testing

/// An intercept for every loss, storage and penalty that has one.
@Suite struct InterceptTests {
  static let storages = ["dense", "sparse", "products"]

  struct Draw {
    var X: Matrix<Double>
    var y: Vector<Double>
    var held: Matrix<Double>
    var heldTargets: Vector<Double>

    init(labels: Bool) {
      var random = RandomStream(seed: 12)
      let truth = Vector<Double>(count: 20) { $0 % 4 == 0 ? random.nextNormal() : 0 }
      func draw(_ n: Int) -> (Matrix<Double>, Vector<Double>) {
        let X = Matrix<Double>(rows: n, columns: 20) { _, _ in
          random.nextIndex(below: 3) == 0 ? 1 + random.nextNormal() : 0
        }
        var y = X * truth
        for i in 0..<n { y[i] += random.nextNormal() + (labels ? 0.5 : 20) }
        if labels { for i in 0..<n { y[i] = y[i] > 0 ? 1 : -1 } }
        return (X, y)
      }
      (X, y) = draw(60)
      (held, heldTargets) = draw(50)
    }
  }

  static func design(_ X: Matrix<Double>, _ storage: String) -> any DesignMatrix<Double> {
    switch storage {
    case "dense": return DenseDesign(X)
    case "sparse": return SparseMatrix(X)
    default:
      let columns = X.with(layout: .columnMajor)
      return ProductDesign(
        rows: X.rows, columns: X.columns, multiply: { $1.assignProduct(columns, $0) },
        multiplyTransposed: { $1.assignProduct(columns.transposed, $0) })
    }
  }

  @Test(arguments: storages)
  func onesAreAppended(_ storage: String) {
    let X = Draw(labels: false).X
    let wide = Self.design(X, storage).appendingOnes()
    let exact = Matrix<Double>(rows: 60, columns: 21) { $1 < 20 ? X[$0, $1] : 1 }
    #expect(wide.rows == 60 && wide.columns == 21)
    #expect((wide.denseColumns != nil) == (storage == "dense") && (wide.sparseColumns != nil) == (storage == "sparse"))
    var random = RandomStream(seed: 1)
    let x = Vector<Double>(count: 21) { _ in random.nextNormal() }
    let r = Vector<Double>(count: 60) { _ in random.nextNormal() }
    var (y, z) = (Vector<Double>.zeros(60), Vector<Double>.zeros(21))
    wide.multiply(x, alpha: 1, beta: 0, into: &y)
    wide.multiplyTransposed(r, alpha: 1, beta: 0, into: &z)
    // Sums of at most 60 terms of order 1 in another order.
    #expect(y.distance(to: exact * x) <= 60 * .ulpOfOne * y.norm)
    #expect(z.distance(to: exact.transposed * r) <= 60 * .ulpOfOne * z.norm * 8)
    #expect(wide.columnTerms == 60)
  }

  private func check<Loss: SmoothLoss<Double>, G: CertifiablePenalty<Double> & InterceptPenalty<Double>>(
    _ model: RegressionModel<Loss, G>, labels: Bool, _ storage: String, _ what: String
  ) throws {
    let draw = Draw(labels: labels)
    let X = Self.design(draw.X, storage)
    let map = model.map(features: X, targets: draw.y)
    let names = (0..<map.parameterCount).map { "\($0)" }
    let space = try #require(model.searchSpace(of: map, names: names))
    // At the upper end of the strengths the intercept is alone, a little below it is not.
    let m = model.penalty.parameterCount
    let top = try map.solve(at: Vector(count: map.parameterCount) { $0 < m ? 1.0001 * space.upper[$0] : 0.01 }).get()
    #expect(model.coefficients(top).coefficients.nonzeroCount == 0 && model.coefficients(top).intercept != 0, "\(what)")
    let below = try map.solve(at: Vector(count: map.parameterCount) { $0 < m ? 0.99 * space.upper[$0] : 0.01 }).get()
    #expect(model.coefficients(below).coefficients.nonzeroCount > 0, "\(what)")

    let λ = Vector<Double>(count: map.parameterCount) { $0 < m ? 0.15 * space.upper[$0] : 0.02 }
    let solution = map.solve(at: λ)
    let w = try solution.get()
    let (coefficients, intercept) = model.coefficients(w)
    #expect(coefficients.count == 20 && coefficients.nonzeroCount > 1 && intercept != 0, "\(what)")
    // The derivative in the intercept vanishes: Σ ℓ′ = 0.
    var r = Vector<Double>.zeros(60)
    var scores = draw.X * coefficients
    scores.add(constant: intercept)
    _ = Loss.value(scores: scores, targets: draw.y, residuals: &r)
    // Of numbers of order 20, and the iteration's tolerance where no working sets are.
    #expect(abs(r.reduce(0, +)) <= (solution.method == "working-sets" ? 1e-11 : 1e-7), "\(what)")

    // The criterion's gradient is that of its values, at solutions found anew.
    let criterion = model.heldOutLoss(of: map, features: Self.design(draw.held, storage), targets: draw.heldTargets)
    let found = criterion.evaluate(at: λ, bounding: true)
    #expect(found.failure == nil && found.selected == coefficients.nonzeroCount, "\(what)")
    var held = draw.held * coefficients
    held.add(constant: intercept)
    var ignored = held
    let value = Loss.value(scores: held, targets: draw.heldTargets, residuals: &ignored)
    #expect(abs(found.value - value) <= 1e-12 * value, "\(what)")
    for k in 0..<λ.count {
      let h = 1e-5 * λ[k]
      let step = Vector<Double>(count: λ.count) { $0 == k ? h : 0 }
      let (up, down) = (
        criterion.evaluate(at: λ + step, bounding: false).value, criterion.evaluate(at: λ - step, bounding: false).value
      )
      let slope = (up - down) / (2 * h)
      // h² of the values' third derivatives, and their rounding, 10⁻¹⁵ of up to 1, over h of at least 10⁻⁷.
      #expect(abs(found.gradient[k] - slope) <= 1e-5 * (abs(slope) + 1e-2), "\(what), parameter \(k): \(slope)")
    }
  }

  @Test(arguments: storages)
  func everyModelHasOne(_ storage: String) throws {
    func losses<G: CertifiablePenalty<Double> & InterceptPenalty<Double>>(
      _ penalty: G, _ ridge: Ridge<Double>, _ what: String
    ) throws {
      let name = "\(what) \(storage)"
      try check(
        RegressionModel(QuadraticLoss<Double>.self, penalty, ridge: ridge, intercept: true), labels: false, storage,
        name)
      try check(
        RegressionModel(LogisticLoss<Double>.self, penalty, ridge: ridge, intercept: true), labels: true, storage,
        name + " logistic")
      if storage == "products" { return }
      try check(
        RegressionModel(SquaredHingeLoss<Double>.self, penalty, ridge: ridge, intercept: true), labels: true, storage,
        name + " hinge")
      try check(
        RegressionModel(HuberLoss<Double>.self, penalty, ridge: ridge, intercept: true), labels: false, storage,
        name + " Huber")
    }
    try losses(L1Norm<Double>(), .none, "lasso")
    try losses(L1Norm<Double>(SharedStrengths((0..<20).map { $0 % 2 }, count: 2)), .parameter, "elastic net")
    let groups = Groups(count: 20, size: 4)
    try losses(GroupLasso<Double>(groups), .none, "group lasso")
    try losses(SparseGroupLasso<Double>(groups), .none, "sparse group lasso")
  }

  /// Centred features and targets have the same coefficients.
  @Test(arguments: storages)
  func leastSquaresIsTheCentredProblem(_ storage: String) throws {
    let draw = Draw(labels: false)
    let standard = Standardization(draw.X, draw.y, centers: true, scales: false)
    let plain = RegressionModel(QuadraticLoss<Double>.self, L1Norm(), ridge: .parameter)
    let λ: Vector<Double> = [0.1, 0.05]
    let centred = try plain.map(
      features: DenseDesign(standard.features(draw.X)), targets: standard.targets(draw.y)
    ).solve(at: λ).get()
    let exact = standard.unscaled(centred)
    let model = RegressionModel(QuadraticLoss<Double>.self, L1Norm(), ridge: .parameter, intercept: true)
    let w = try model.map(features: Self.design(draw.X, storage), targets: draw.y).solve(at: λ).get()
    let (coefficients, intercept) = model.coefficients(w)
    // Scores of order 20 in a system of condition number below 1000.
    #expect(coefficients.distance(to: exact.coefficients) <= 1e-11 && abs(intercept - exact.intercept) <= 1e-11)
  }

  /// Folds have the intercepts of their own rows.
  @Test(arguments: ["dense", "sparse"])
  func foldsFitTheirOwn(_ storage: String) throws {
    let draw = Draw(labels: false)
    let model = RegressionModel(QuadraticLoss<Double>.self, L1Norm(), intercept: true)
    let folds = try Folds.kFold(4, rows: 60, seed: 3)
    let criterion = model.crossValidation(features: Self.design(draw.X, storage), targets: draw.y, folds: folds)
    let found = criterion.evaluate(at: [0.2], bounding: false)
    var exact = 0.0
    for fold in folds.folds {
      let map = model.map(
        features: Self.design(draw.X, storage).rows(fold.train),
        targets: Vector(count: fold.train.count) { draw.y[fold.train[$0]] })
      let (coefficients, intercept) = try model.coefficients(map.solve(at: [0.2]).get())
      for i in fold.heldOut {
        let residual = draw.X.row(i).dot(coefficients) + intercept - draw.y[i]
        exact += residual * residual / 2
      }
    }
    #expect(abs(found.value - exact / 60) <= 1e-11 * exact)
  }
}
