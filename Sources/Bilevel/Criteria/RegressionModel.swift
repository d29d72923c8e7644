public import ImplicitDiff
public import LinAlg
public import Models
public import NonsmoothMaps

/// A linear model with a penalty before it has met data: what is fitted to the training rows of every split.
///
/// Its hyperparameters are those of the penalty, then the ridge's strength where that is a parameter.
public struct RegressionModel<Loss: SmoothLoss, Penalty: ProximalMap<Loss.Element>> {
  public typealias Element = Loss.Element
  public typealias Map = ProximalGradientMap<LinearModel<Loss>, Penalty>

  public let penalty: Penalty
  public let ridge: Ridge<Element>
  /// Makes the criterion of a map and its held-out rows, with an error bound where the map has one.
  private let join: (Map, HeldOutLoss<Loss>) -> any Criterion

  /// - Parameter loss: the loss, such as `QuadraticLoss<Double>.self`.
  public init(_ loss: Loss.Type, _ penalty: Penalty, ridge: Ridge<Element> = .none) {
    self.penalty = penalty
    self.ridge = ridge
    join = { ReducedObjective($0, $1) }
  }

  /// With bounds on the errors of gradients.
  public init(_ loss: Loss.Type, _ penalty: Penalty, ridge: Ridge<Element> = .none)
  where Penalty: CertifiablePenalty {
    self.penalty = penalty
    self.ridge = ridge
    join = { ReducedObjective($0, $1) }
  }

  /// The map whose fixed point is fitted to X (n × p) and y (n entries).
  public func map(features X: any DesignMatrix<Element>, targets y: Vector<Element>) -> Map {
    let loss = Loss(features: X, targets: y)
    loss.fixProducts()
    return Map(LinearModel(loss, ridge: ridge), penalty)
  }

  /// The loss on held-out rows X (m × p) and y (m entries) of what `map` fits.
  public func heldOutLoss(
    of map: Map, features X: any DesignMatrix<Element>, targets y: Vector<Element>
  ) -> any Criterion { join(map, HeldOutLoss(features: X, targets: y)) }

  /// The mean over all held-out rows of their loss, each fold fitted to its own training rows.
  ///
  /// Memory: dense K-folds share two copies of X; other splits copy the rows of every fold.
  public func crossValidation(
    features X: any DesignMatrix<Element>, targets y: Vector<Element>, folds: Folds
  ) -> SumCriterion {
    let designs = FoldDesigns(X, y, folds)
    return SumCriterion.mean(
      of:
        designs.folds.map { fold in
          heldOutLoss(
            of: map(features: fold.train.features, targets: fold.train.targets), features: fold.heldOut.features,
            targets: fold.heldOut.targets)
        }, weights: designs.folds.map { Double($0.heldOut.targets.count) })
  }

  /// The box in which hyperparameters of `map` are looked for: strengths of the penalty from `ratio` times the smallest at which nothing is
  /// selected up to that, begun at a tenth of it; the ridge's from 10⁻⁶ times the mean curvature of the loss along an axis to ten times it, begun
  /// at a hundredth.
  ///
  /// - Parameter names: one per hyperparameter.
  /// - Returns: nil where the data do not call for anything but 0, whatever the strengths.
  public func searchSpace(of map: Map, names: [String], ratio: Double = 1e-4) -> SearchSpace? {
    let m = penalty.parameterCount
    let one = Vector<Element>(repeating: 1, count: map.parameterCount)
    guard let scale = map.vanishingScale(parameters: one) else { return nil }
    let largest = Double(scale)
    let loss = map.smooth.loss
    let curvature = max(
      Double(loss.squaredColumnNorms.oneNorm) / (Double(loss.sampleCount) * Double(loss.featureCount))
        * Double(Loss.curvatureBound), .leastNormalMagnitude)
    func pick(_ strength: Double, _ ridge: Double) -> Vector<Double> {
      Vector(count: map.parameterCount) { $0 < m ? strength : ridge }
    }
    return SearchSpace(
      names: names, lower: pick(ratio * largest, 1e-6 * curvature), upper: pick(largest, 10 * curvature),
      start: pick(max(ratio, 0.1) * largest, 1e-2 * curvature))
  }
}
