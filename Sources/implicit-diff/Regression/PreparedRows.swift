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
    let isPlain = options.intercept && modelHasIntercept && !options.standardize && data.features.denseColumns == nil
    guard options.intercept || options.standardize, !isPlain else {
      (features, targets, heldOut, standardization) = (data.features, data.targets, data.heldOut, nil)
      return
    }
    guard let dense = data.features.denseColumns else {
      throw .invalid(
        path: options.data,
        reason:
          "\(data.features.sparseColumns == nil ? "lies on several ranks, where features are not centred" : "is sparse, and centred sparse features would be dense"): leave out --standardize\(modelHasIntercept ? "" : " and --intercept")"
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
