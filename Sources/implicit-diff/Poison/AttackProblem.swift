import Bilevel
import Datasets
import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps

/// A model to attack with the rows that are poisoned, whatever its loss.
struct AttackProblem {
  /// n and m.
  var samples: Int
  var poisoned: [Int]
  var features: Int
  var classes: [String]?
  /// The loss on the validation rows at strengths of the 1-norm and the ridge, as a function of what is done to the training rows.
  var attacked: (Vector<Double>) -> any Criterion
  /// The same as a function of the strengths, of rows that an attack's point has changed.
  var tuned: (Vector<Double>) -> (criterion: any Criterion, space: SearchSpace)?
  /// The share of validation rows that a solution classifies rightly; nil for regressions.
  var accuracy: ((Vector<Double>) -> Double)?
  /// The poisoned rows at an attack's point.
  var rows: (Vector<Double>) -> Matrix<Double>
  var checksum: Checksum

  /// The entries of a solution.
  var unknowns: Int { features * classCount }
  private var classCount = 1

  static let names = ["lambda1", "lambda2"]

  // MARK: - Multinomial

  init(_ data: ClassificationData, poisoned: [Int]) {
    self.poisoned = poisoned
    samples = data.train.labels.count
    features = data.train.features.columns
    classCount = data.classCount
    let c = data.classCount
    let objective = data.objective(negated: false)
    accuracy = { objective.accuracy(at: $0) }
    let clean = data.map(poisoned: poisoned, λ1: 0, λ2: 0)
    let p = features
    rows = { clean.smooth.poisonedRows(shift: $0) }
    attacked = { λ in
      ReducedObjective(data.map(poisoned: poisoned, λ1: λ[0], λ2: λ[1]), data.objective(negated: false), isConvex: true)
    }
    let moved = rows
    tuned = { point in
      guard case .dense(let X) = data.train.features, case .dense(let Z) = data.validation.features else { return nil }
      let rows = moved(point)
      var changed = X.packed(as: .columnMajor)
      for (k, i) in poisoned.enumerated() { for j in 0..<p { changed[i, j] = rows[k, j] } }
      let model = MultinomialModel(classCount: c, L1Norm<Double>(), ridge: .parameter)
      let map = model.map(features: DenseDesign(changed), targets: Vector(data.train.labels.map { Double($0) }))
      return model.searchSpace(of: map, names: Self.names).map { space in
        (
          model.heldOutLoss(
            of: map, features: DenseDesign(Z), targets: Vector(data.validation.labels.map { Double($0) }),
            samples: .none), space
        )
      }
    }
    checksum = Checksum()
    checksum.add(data.train.labels)
    checksum.add(data.validation.labels)
    checksum.add(poisoned)
    for part in [data.train, data.validation] {
      switch part.features {
      case .dense(let X): checksum.add(DenseDesign(X))
      case .sparse(let X): checksum.add(X)
      }
    }
  }

  // MARK: - One score per row

  /// - Throws: ``DatasetError`` for sparse data, and where a classifier's targets are no two classes.
  init(
    _ data: HeldOutDesigns<Double>, model: PoisonModel, poisoned: [Int], flips: Bool, path: String
  ) throws(DatasetError) {
    guard let X = data.trainFeatures.denseColumns, let Z = data.validationFeatures.denseColumns else {
      throw .invalid(path: path, reason: "is sparse; --model \(model.rawValue) is attacked in dense rows")
    }
    var (y, v) = (data.trainTargets, data.validationTargets)
    var labels: ClassLabels?
    if model.hasTwoClasses {
      let found = try ClassLabels(of: .numbers(y), .signs, path: path)
      y = try found.numbers(of: .numbers(y), "training", path: path)
      v = try found.numbers(of: .numbers(v), "validation", path: path)
      labels = found
    }
    switch model {
    case .logistic: self.init(LogisticLoss<Double>.self, X, y, Z, v, poisoned, flips)
    case .squaredHinge: self.init(SquaredHingeLoss<Double>.self, X, y, Z, v, poisoned, flips)
    case .huber: self.init(HuberLoss<Double>.self, X, y, Z, v, poisoned, flips)
    case .leastSquares, .multinomial: self.init(QuadraticLoss<Double>.self, X, y, Z, v, poisoned, flips)
    }
    classes = labels?.names
    guard labels != nil else { return }
    accuracy = { w in
      let scores = Z * w
      return Double(v.indices.count { scores[$0] * v[$0] > 0 }) / Double(v.count)
    }
  }

  private init<Loss: SmoothLoss<Double>>(
    _ loss: Loss.Type, _ X: Matrix<Double>, _ y: Vector<Double>, _ Z: Matrix<Double>, _ v: Vector<Double>,
    _ poisoned: [Int], _ flips: Bool
  ) {
    self.poisoned = poisoned
    (samples, features) = (X.rows, X.columns)
    let p = X.columns
    attacked = { λ in
      let f = PoisonedRegression<Loss>(features: X, targets: y, poisoned: poisoned, ridge: λ[1], flips: flips)
      let map = ProximalGradientMap(f, FixedParameters(L1Norm<Double>(), [λ[0]]))
      return ReducedObjective(map, HeldOutLoss<Loss>(features: Z, targets: v), isConvex: true)
    }
    rows = { point in Matrix(rows: poisoned.count, columns: p) { X[poisoned[$0], $1] + point[$0 * p + $1] } }
    tuned = { point in
      let f = PoisonedRegression<Loss>(features: X, targets: y, poisoned: poisoned, ridge: 0, flips: flips)
      let rows = f.fittedRows(at: point)
      let model = RegressionModel(Loss.self, L1Norm<Double>(), ridge: .parameter)
      let map = model.map(features: DenseDesign(rows.features), targets: rows.targets, samples: rows.samples)
      return model.searchSpace(of: map, names: Self.names).map { space in
        (model.heldOutLoss(of: map, features: DenseDesign(Z), targets: v), space)
      }
    }
    checksum = Checksum()
    for part in [X, Z] { checksum.add(DenseDesign(part)) }
    for part in [y, v] { checksum.add(part) }
    checksum.add(poisoned)
  }
}
