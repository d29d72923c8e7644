import Bilevel
import Datasets
import LinAlg
import Models
import NonsmoothMaps

/// Why there is no largest strength.
let nothingCorrelates =
  "no feature is correlated with the targets: 0 is the solution at every strength (or their products overflow: rescale them)"

/// What is done with a model, whatever its loss and penalty.
protocol ModelConsumer {
  associatedtype Result
  /// - Parameter names: of the hyperparameters.
  func consume<Model: TunableModel<Double>>(_ model: Model, names: [String], rows: PreparedRows) throws -> Result
}

/// Makes a model of the names of its loss and its penalty.
struct ModelBuilder {
  let options: ModelOptions
  let rows: PreparedRows
  /// The group of every feature; nil where none were given.
  let groups: [Int]?
  let factors: FeatureFactors
  /// What the classes of a classifier are called.
  let classes: [String]

  init(_ options: ModelOptions, _ data: RegressionData) throws(DatasetError) {
    self.options = options
    groups = try options.groups.map { path throws(DatasetError) in try Self.groups(path, data.features.columns) }
    factors = try options.factors.read(features: data.features.columns)
    rows = try PreparedRows(options, data)
    classes = data.classes?.names ?? []
  }

  func build<Consumer: ModelConsumer>(_ consumer: Consumer) throws -> Consumer.Result {
    switch options.model {
    case .leastSquares: try build(QuadraticLoss<Double>.self, consumer)
    case .logistic: try build(LogisticLoss<Double>.self, consumer)
    case .huber: try build(HuberLoss<Double>.self, consumer)
    case .squaredHinge: try build(SquaredHingeLoss<Double>.self, consumer)
    case .poisson: try build(PoissonLoss<Double>.self, consumer)
    case .multinomial: try buildMultinomial(consumer)
    case .svm:
      try consumer.consume(
        SupportVectorModel.classifier(intercept: options.intercept), names: ["C"], rows: rows)
    case .svr:
      try consumer.consume(
        SupportVectorModel.regression(width: options.epsilon, intercept: options.intercept),
        names: options.epsilon == nil ? ["C", "epsilon"] : ["C"], rows: rows)
    }
  }

  private func build<Loss: SmoothLoss<Double>, Consumer: ModelConsumer>(
    _ loss: Loss.Type, _ consumer: Consumer
  ) throws -> Consumer.Result {
    switch options.penalty {
    case .lasso, .elasticNet:
      var strengths: SharedStrengths =
        options.perFeature
        ? .perCoordinate(rows.features.columns)
        : groups.map { SharedStrengths($0, count: $0.max()! + 1) } ?? .single
      if let penalty = factors.penalty { strengths = strengths.scaled(by: Array(penalty)) }
      let allNames = names(ofStrengths: strengths.count)
      if let bounds {
        let penalty = BoundedL1(strengths, lower: bounds.lower, upper: bounds.upper)
        return try consume(
          RegressionModel(loss, penalty, ridge: ridge, intercept: options.intercept), allNames, consumer)
      }
      return try consume(
        RegressionModel(loss, L1Norm(strengths), ridge: ridge, intercept: options.intercept), allNames, consumer)
    case .groupLasso:
      return try consumer.consume(
        RegressionModel(loss, GroupLasso<Double>(members), intercept: options.intercept), names: ["lambda1"],
        rows: rows)
    case .sparseGroupLasso:
      return try consumer.consume(
        RegressionModel(loss, SparseGroupLasso<Double>(members), intercept: options.intercept),
        names: ["lambda1_feature", "lambda1_group"], rows: rows)
    case .slope:
      let p = rows.features.columns
      let penalty = SeparableSum<Double>(
        [.init(SortedL1.slope(count: p, falseDiscoveryRate: factors.q), on: Array(0..<p), parameters: [0])], count: p,
        parameterCount: 1)
      return try consumer.consume(
        RegressionModel(loss, penalty, intercept: options.intercept), names: ["lambda1"], rows: rows)
    case .nonnegativeLasso:
      return try consumer.consume(RegressionModel(loss, NonnegativeL1<Double>()), names: ["lambda1"], rows: rows)
    case .ridge: preconditionFailure("ModelBuilder: a ridge alone is that of a support vector machine")
    }
  }

  /// The ridge's strength is a hyperparameter of the elastic net.
  var ridge: Ridge<Double> { options.penalty == .elasticNet ? .parameter : .none }

  /// What hyperparameters are called, of so many strengths of the 1-norm.
  func names(ofStrengths count: Int) -> [String] {
    (count == 1 ? ["lambda1"] : (0..<count).map { "lambda1[\($0)]" }) + (ridge == .parameter ? ["lambda2"] : [])
  }

  /// Those of the coefficients that the model has, nil for none.
  var bounds: (lower: Vector<Double>, upper: Vector<Double>)? {
    func scaled(_ x: Vector<Double>) -> Vector<Double> {
      rows.scales.map { scales in Vector(count: x.count) { x[$0] == 0 ? 0 : x[$0] * scales[$0] } } ?? x
    }
    return factors.bounds.map { (scaled($0.lower), scaled($0.upper)) }
  }

  /// With the factors that a penalty of features can have.
  private func consume<Loss: SmoothLoss<Double>, Penalty: FactoredPenalty<Double>, Consumer: ModelConsumer>(
    _ model: RegressionModel<Loss, Penalty>, _ names: [String], _ consumer: Consumer
  ) throws -> Consumer.Result {
    var model = model
    model.ridgeFactors = factors.ridge
    if let exponent = factors.adaptive { model = model.adaptive(exponent: exponent) }
    return try consumer.consume(model, names: names, rows: rows)
  }

  private var members: Groups { Groups(featuresOfGroups) }

  /// The features of every group; each its own where none were given.
  var featuresOfGroups: [[Int]] {
    let groups = groups ?? Array(0..<rows.features.columns)
    var members = Array(repeating: [Int](), count: (groups.max() ?? -1) + 1)
    for (j, group) in groups.enumerated() { members[group].append(j) }
    return members
  }

  /// The group of every feature, read from a file.
  private static func groups(_ path: String, _ p: Int) throws(DatasetError) -> [Int] {
    let groups = try NPY.indices(at: path)
    guard groups.count == p else {
      throw .invalid(path: path, reason: "holds \(groups.count) entries; expected \(p), one per feature")
    }
    if let bad = groups.firstIndex(where: { $0 < 0 || $0 >= p }) {
      throw .invalid(path: path, reason: "entry \(bad) is \(groups[bad]); expected groups counted from 0")
    }
    let count = groups.max()! + 1
    var seen = Array(repeating: false, count: count)
    for g in groups { seen[g] = true }
    if let empty = seen.firstIndex(of: false) {
      throw .invalid(path: path, reason: "group \(empty) has no feature; expected every group from 0 to \(count - 1)")
    }
    return groups
  }
}
