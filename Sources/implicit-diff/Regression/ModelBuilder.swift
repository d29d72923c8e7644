import Bilevel
import Datasets
import LinAlg
import Models
import NonsmoothMaps

/// Rows as the model meets them: standardized where that was asked for.
struct PreparedRows {
  let features: any DesignMatrix<Double>
  let targets: Vector<Double>
  let terms: RowTerms
  let heldOut: RegressionData.Part?
  private let standardization: Standardization?
  /// Whether the model fits an intercept, the last entry of w; else one is what centring leaves.
  private let modelHasIntercept: Bool

  init(_ options: ModelOptions, _ data: RegressionData) throws(DatasetError) {
    modelHasIntercept = options.modelHasIntercept
    terms = data.fitted.terms
    let isAsked = options.intercept || options.standardize
    if isAsked, let design = data.features as? any StandardizableDesign<Double>,
      let made = Self.standardized(design, options, data)
    {
      (features, targets, heldOut, standardization) = made
      return
    }
    let isPlain = options.intercept && modelHasIntercept && !options.standardize && !data.features.isDense
    guard isAsked, !isPlain else {
      (features, targets, heldOut, standardization) = (data.features, data.targets, data.heldOut, nil)
      return
    }
    guard let dense = data.features.denseColumns else {
      throw .invalid(
        path: options.data,
        reason:
          "is sparse, and centred sparse features would be dense: leave out --standardize\(modelHasIntercept ? "" : " and --intercept")"
      )
    }
    // Centring fits the intercept of what the offsets leave.
    let explained = terms.offsets.map { data.targets - $0 } ?? data.targets
    let standard = Standardization(
      dense, modelHasIntercept ? data.targets : explained, weights: terms.weights, centers: options.intercept,
      scales: options.standardize, centersTargets: !modelHasIntercept)
    standardization = standard
    features = DenseDesign(standard.features(dense))
    targets = standard.targets(data.targets)
    heldOut = data.heldOut.map { part in
      RegressionData.Part(
        features: part.features.denseColumns.map { DenseDesign(standard.features($0)) } ?? part.features,
        targets: standard.targets(part.targets), terms: part.terms)
    }
  }

  /// Rows that do not lie in one matrix; nil where they are sparse.
  private static func standardized(
    _ X: some StandardizableDesign<Double>, _ options: ModelOptions, _ data: RegressionData
  ) -> (any DesignMatrix<Double>, Vector<Double>, RegressionData.Part?, Standardization?)? {
    let terms = data.fitted.terms
    let hasIntercept = options.modelHasIntercept
    let explained = terms.offsets.map { data.targets - $0 } ?? data.targets
    guard
      let standard = Standardization(
        X, hasIntercept ? data.targets : explained, weights: terms.weights, centers: options.intercept,
        scales: options.standardize, centersTargets: !hasIntercept), let features = standard.features(X)
    else { return nil }
    let heldOut = data.heldOut.map { part in
      RegressionData.Part(
        features: (part.features as? any StandardizableDesign<Double>).flatMap { standard.features($0) }
          ?? part.features,
        targets: standard.targets(part.targets), terms: part.terms)
    }
    return (features, standard.targets(data.targets), heldOut, standard)
  }

  /// Weights and offsets as losses take them.
  var samples: SampleTerms<Double> { terms.samples }

  /// A coefficient in the units of the data becomes one of the model by this factor; nil for ones.
  var scales: Vector<Double>? { standardization?.scales }

  /// w in the units of the data.
  func unscaled(_ w: Vector<Double>) -> (coefficients: Vector<Double>, intercept: Double) {
    let p = modelHasIntercept ? w.count - 1 : w.count
    let own = modelHasIntercept ? w[p] : 0
    guard let found = standardization?.unscaled(w[segment: 0..<p]) else { return (w[segment: 0..<p], own) }
    return (found.coefficients, found.intercept + own)
  }
}

/// Why there is no largest strength.
let nothingCorrelates =
  "no feature is correlated with the targets: 0 is the solution at every strength (or their products overflow: rescale them)"

/// What is done with a model, whatever its loss and penalty.
protocol ModelConsumer {
  associatedtype Result
  /// - Parameter names: of the hyperparameters.
  func consume<Loss: SmoothLoss<Double>, Penalty: ProximalMap<Double>>(
    _ model: RegressionModel<Loss, Penalty>, names: [String], rows: PreparedRows
  ) throws -> Result
}

/// Joins a loss with a penalty by their names.
struct ModelBuilder {
  let options: ModelOptions
  let rows: PreparedRows
  /// The group of every feature; nil where none were given.
  let groups: [Int]?
  let factors: FeatureFactors

  init(_ options: ModelOptions, _ data: RegressionData) throws(DatasetError) {
    self.options = options
    groups = try options.groups.map { path throws(DatasetError) in try Self.groups(path, data.features.columns) }
    factors = try options.factors.read(features: data.features.columns)
    rows = try PreparedRows(options, data)
  }

  func build<Consumer: ModelConsumer>(_ consumer: Consumer) throws -> Consumer.Result {
    switch options.model {
    case .leastSquares: try build(QuadraticLoss<Double>.self, consumer)
    case .logistic: try build(LogisticLoss<Double>.self, consumer)
    case .huber: try build(HuberLoss<Double>.self, consumer)
    case .squaredHinge: try build(SquaredHingeLoss<Double>.self, consumer)
    case .poisson: try build(PoissonLoss<Double>.self, consumer)
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
      let ridge: Ridge<Double> = options.penalty == .elasticNet ? .parameter : .none
      let names = strengths.count == 1 ? ["lambda1"] : (0..<strengths.count).map { "lambda1[\($0)]" }
      let allNames = names + (ridge == .parameter ? ["lambda2"] : [])
      if let bounds = factors.bounds {
        func scaled(_ x: Vector<Double>) -> Vector<Double> {
          rows.scales.map { scales in Vector(count: x.count) { x[$0] == 0 ? 0 : x[$0] * scales[$0] } } ?? x
        }
        let penalty = BoundedL1(strengths, lower: scaled(bounds.lower), upper: scaled(bounds.upper))
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
    }
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

  private var members: Groups {
    let groups = groups ?? []
    var members = Array(repeating: [Int](), count: (groups.max() ?? -1) + 1)
    for (j, group) in groups.enumerated() { members[group].append(j) }
    return Groups(members)
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
