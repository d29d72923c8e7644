import Bilevel
import Datasets
import LinAlg
import Models

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

  /// What the model has found, in the units of the data.
  func unscaled(_ found: ScoreCoefficients<Double>) -> ScoreCoefficients<Double> {
    guard let standardization else { return found }
    var result = found
    for (k, w) in found.rows.enumerated() {
      let own = standardization.unscaled(w)
      result.rows[k] = own.coefficients
      result.intercepts[k] += own.intercept
    }
    return result
  }
}
