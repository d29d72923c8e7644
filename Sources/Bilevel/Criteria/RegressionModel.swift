public import ImplicitDiff
public import LinAlg
public import Models
public import NonsmoothMaps

/// A linear model with a penalty before it has met data: what is fitted to the training rows of every split.
///
/// Its hyperparameters are those of the penalty, then the ridge's strength where that is a parameter. An intercept is the coefficient of a column of
/// ones after the features', which neither penalty nor ridge touch: then w has p + 1 entries.
public struct RegressionModel<Loss: SmoothLoss, Penalty: ProximalMap<Loss.Element>> {
  public typealias Element = Loss.Element
  public typealias Map = ProximalGradientMap<LinearModel<Loss>, Penalty>

  /// Of the p features.
  public let penalty: Penalty
  public let ridge: Ridge<Element>
  /// The ridge's factor for every feature, 0 where it leaves one alone; nil for ones.
  public var ridgeFactors: Vector<Element>?
  /// The penalty of p features and an intercept, given p; nil without one.
  private let withIntercept: ((Int) -> Penalty)?
  /// The penalty by a first fit to the same rows; nil where it does not depend on them.
  var adapt: ((Penalty, Loss, Vector<Element>?) -> Penalty)?
  /// Makes the criterion of a map and an outer objective, with an error bound where the map has one.
  let criterion: (Map, any OuterObjective<Element>) -> any Criterion

  private init(
    _ penalty: Penalty, _ ridge: Ridge<Element>, withIntercept: ((Int) -> Penalty)?,
    criterion: @escaping (Map, any OuterObjective<Element>) -> any Criterion
  ) {
    self.penalty = penalty
    self.ridge = ridge
    self.withIntercept = withIntercept
    self.criterion = criterion
  }

  /// - Parameter loss: the loss, such as `QuadraticLoss<Double>.self`.
  public init(_ loss: Loss.Type, _ penalty: Penalty, ridge: Ridge<Element> = .none) {
    self.init(penalty, ridge, withIntercept: nil) { map, objective in
      func join(_ objective: some OuterObjective<Element>) -> any Criterion {
        ReducedObjective(map, objective, isConvex: penalty.isConvex)
      }
      return join(objective)
    }
  }

  /// With bounds on the errors of gradients.
  public init(_ loss: Loss.Type, _ penalty: Penalty, ridge: Ridge<Element> = .none)
  where Penalty: CertifiablePenalty {
    self.init(penalty, ridge, withIntercept: nil) { map, objective in
      func join(_ objective: some OuterObjective<Element>) -> any Criterion {
        ReducedObjective(map, objective, isConvex: penalty.isConvex)
      }
      return join(objective)
    }
  }

  /// With or without an intercept.
  public init(_ loss: Loss.Type, _ penalty: Penalty, ridge: Ridge<Element> = .none, intercept: Bool)
  where Penalty: CertifiablePenalty & InterceptPenalty {
    self.init(
      penalty, ridge, withIntercept: intercept ? { penalty.appendingUnpenalized(after: $0) } : nil
    ) { map, objective in
      func join(_ objective: some OuterObjective<Element>) -> any Criterion {
        ReducedObjective(map, objective, unpenalizedCount: intercept ? 1 : 0, isConvex: penalty.isConvex)
      }
      return join(objective)
    }
  }

  /// With or without an intercept, without bounds on the errors of gradients.
  public init(_ loss: Loss.Type, _ penalty: Penalty, ridge: Ridge<Element> = .none, intercept: Bool)
  where Penalty: InterceptPenalty {
    self.init(
      penalty, ridge, withIntercept: intercept ? { penalty.appendingUnpenalized(after: $0) } : nil
    ) { map, objective in
      func join(_ objective: some OuterObjective<Element>) -> any Criterion {
        ReducedObjective(map, objective, unpenalizedCount: intercept ? 1 : 0, isConvex: penalty.isConvex)
      }
      return join(objective)
    }
  }

  /// Whether an intercept is fitted.
  public var hasIntercept: Bool { withIntercept != nil }

  /// X as the model multiplies w by it: with a column of ones after its own where an intercept is fitted, for which its entries are copied.
  public func design(_ X: any DesignMatrix<Element>) -> any DesignMatrix<Element> {
    hasIntercept ? X.appendingOnes() : X
  }

  /// The map whose fixed point is fitted to X (n × p) and y (n entries). For an intercept the entries of X are copied.
  public func map(
    features X: any DesignMatrix<Element>, targets y: Vector<Element>, samples: SampleTerms<Element> = .none
  ) -> Map {
    map(fitting: design(X), y, samples, withIntercept?(X.columns) ?? penalty, ridgeFactors(count: X.columns))
  }

  /// Those of p features and of the intercept where there is one, which the ridge leaves alone.
  private func ridgeFactors(count p: Int) -> Vector<Element>? {
    guard hasIntercept else { return ridgeFactors }
    return Vector(count: p + 1) { $0 < p ? ridgeFactors?[$0] ?? 1 : 0 }
  }

  private func map(
    fitting X: any DesignMatrix<Element>, _ y: Vector<Element>, _ samples: SampleTerms<Element>, _ penalty: Penalty,
    _ ridgeFactors: Vector<Element>?
  ) -> Map {
    let loss = Loss(features: X, targets: y, samples: samples)
    loss.fixProducts()
    let penalty = adapt?(penalty, loss, ridgeFactors) ?? penalty
    return Map(LinearModel(loss, ridge: ridge, ridgeFactors: ridgeFactors), penalty)
  }

  /// The loss on held-out rows X (m × p) and y (m entries) of what `map` fits.
  public func heldOutLoss(
    of map: Map, features X: any DesignMatrix<Element>, targets y: Vector<Element>,
    samples: SampleTerms<Element> = .none
  ) -> any Criterion {
    let part = criterion(map, HeldOutLoss<Loss>(features: design(X), targets: y, samples: samples))
    let fitted = map.smooth.loss.features
    guard let together = JointFolds([map], features: fitted, rows: [Array(0..<fitted.rows)], parts: nil) else {
      return part
    }
    return SumCriterion([part], weights: [1], together: together)
  }

  /// A solution w as coefficients, p entries, and an intercept, 0 without one.
  public func coefficients(_ w: Vector<Element>) -> (coefficients: Vector<Element>, intercept: Element) {
    guard hasIntercept else { return (w, 0) }
    return (w[segment: 0..<w.count - 1], w[w.count - 1])
  }

  /// The mean over all held-out rows, by their weights, of their loss, each fold fitted to its own training rows.
  ///
  /// - Precondition: every fold has at least one fitted row and one held-out row whose weight is above 0.
  ///
  /// Memory: dense K-folds share two copies of X; other splits copy the rows of every fold.
  public func crossValidation(
    features X: any DesignMatrix<Element>, targets y: Vector<Element>, samples: SampleTerms<Element> = .none,
    folds: Folds
  ) -> SumCriterion {
    // The ones before the split: folds then share them as they share X.
    let p = X.columns
    let designs = FoldDesigns(design(X), y, samples, folds)
    let penalty = withIntercept?(p) ?? penalty
    let factors = ridgeFactors(count: p)
    let maps = designs.folds.map { fold in
      map(fitting: fold.train.features, fold.train.targets, fold.train.samples, penalty, factors)
    }
    let parts = zip(maps, designs.folds).map { map, fold in
      criterion(
        map,
        HeldOutLoss<Loss>(features: fold.heldOut.features, targets: fold.heldOut.targets, samples: fold.heldOut.samples)
      )
    }
    let weights = folds.folds.map { fold in
      samples.weights.map { c in fold.heldOut.reduce(0) { $0 + Double(c[$1]) } } ?? Double(fold.heldOut.count)
    }
    let together = JointFolds(
      maps, features: designs.whole, rows: designs.trainRows, parts: designs.heldOutParts)
    return .mean(of: parts, weights: weights, together: together)
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
    let curvature = map.smooth.loss.meanCurvature(
      features: map.smooth.loss.featureCount - (hasIntercept ? 1 : 0)
    ) { map.solve(at: scale * one).state }
    func pick(_ strength: Double, _ ridge: Double) -> Vector<Double> {
      Vector(count: map.parameterCount) { $0 < m ? strength : ridge }
    }
    return SearchSpace(
      names: names, lower: pick(max(ratio * largest, .leastNonzeroMagnitude), 1e-6 * curvature),
      upper: pick(largest, 10 * curvature),
      start: pick(max(ratio, 0.1) * largest, 1e-2 * curvature))
  }
}
