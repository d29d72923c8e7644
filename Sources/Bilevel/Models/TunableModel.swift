public import ImplicitDiff
public import LinAlg
public import Models
public import NonsmoothMaps

/// A model before it has met data: what a search over its hyperparameters, a path and a prediction ask of it, whatever its unknowns are.
///
/// Targets are numbers; of classifiers −1 and 1, or the class of every row counted from 0 where there may be more than two.
public protocol TunableModel<Element> {
  associatedtype Element
  associatedtype Smooth: SmoothFunction<Element>
  associatedtype Penalty: ProximalMap<Element>

  /// The map whose fixed point is fitted to X (n × p) and y (n entries).
  func map(
    features X: any DesignMatrix<Element>, targets y: Vector<Element>, samples: SampleTerms<Element>
  ) -> ProximalGradientMap<Smooth, Penalty>

  /// The loss on rows X (m × p) and y (m entries) of what `map` fits: what judges.
  func judge(
    of map: ProximalGradientMap<Smooth, Penalty>, features X: any DesignMatrix<Element>, targets y: Vector<Element>,
    samples: SampleTerms<Element>
  ) -> any OuterObjective<Element>

  /// That loss as a criterion of the hyperparameters.
  func heldOutLoss(
    of map: ProximalGradientMap<Smooth, Penalty>, features X: any DesignMatrix<Element>, targets y: Vector<Element>,
    samples: SampleTerms<Element>
  ) -> any Criterion

  /// Its mean over all held-out rows, each fold fitted to its own training rows.
  func crossValidation(
    features X: any DesignMatrix<Element>, targets y: Vector<Element>, samples: SampleTerms<Element>, folds: Folds
  ) -> SumCriterion

  /// The box in which hyperparameters of `map` are looked for, the smallest strengths `ratio` times the largest; nil where the data do not call for
  /// anything but 0, whatever the hyperparameters.
  func searchSpace(of map: ProximalGradientMap<Smooth, Penalty>, names: [String], ratio: Double) -> SearchSpace?

  /// A solution of `map` as coefficients.
  func scoreCoefficients(_ state: Vector<Element>, of map: ProximalGradientMap<Smooth, Penalty>) -> ScoreCoefficients<
    Element
  >

  /// How many of the unknowns of a solution are selected.
  func selectedCount(_ state: Vector<Element>) -> Int
}

/// What a fitted linear model multiplies rows by: a row of coefficients for each score, one for regressions and two classes, one per class beyond.
public struct ScoreCoefficients<Element: Scalar>: Sendable {
  /// k × p.
  public var rows: [Vector<Element>]
  /// k numbers, 0 without an intercept.
  public var intercepts: [Element]

  public init(rows: [Vector<Element>], intercepts: [Element]) {
    precondition(
      rows.count == intercepts.count && rows.allSatisfy { $0.count == rows[0].count },
      "ScoreCoefficients: \(rows.count) rows, \(intercepts.count) intercepts")
    self.rows = rows
    self.intercepts = intercepts
  }
}

extension TunableModel {
  public func heldOutLoss(
    of map: ProximalGradientMap<Smooth, Penalty>, features X: any DesignMatrix<Element>, targets y: Vector<Element>,
    samples: SampleTerms<Element>
  ) -> any Criterion {
    criterion(map, judge(of: map, features: X, targets: y, samples: samples))
  }

  /// Memory: the rows of every fold are copied.
  public func crossValidation(
    features X: any DesignMatrix<Element>, targets y: Vector<Element>, samples: SampleTerms<Element>, folds: Folds
  ) -> SumCriterion {
    func part(_ rows: [Int]) -> (any DesignMatrix<Element>, Vector<Element>, SampleTerms<Element>) {
      (X.rows(rows), Vector(count: rows.count) { y[rows[$0]] }, samples.subset(rows))
    }
    let parts = folds.folds.map { fold -> any Criterion in
      let (train, heldOut) = (part(fold.train), part(fold.heldOut))
      let map = map(features: train.0, targets: train.1, samples: train.2)
      return heldOutLoss(of: map, features: heldOut.0, targets: heldOut.1, samples: heldOut.2)
    }
    let weights = folds.folds.map { fold in
      samples.weights.map { c in fold.heldOut.reduce(0) { $0 + Double(c[$1]) } } ?? Double(fold.heldOut.count)
    }
    return .mean(of: parts, weights: weights)
  }

  public func selectedCount(_ state: Vector<Element>) -> Int { state.nonzeroCount }

  private func criterion(
    _ map: ProximalGradientMap<Smooth, Penalty>, _ judge: any OuterObjective<Element>
  ) -> any Criterion {
    func join(_ judge: some OuterObjective<Element>) -> any Criterion {
      ReducedObjective(map, judge, isConvex: map.penalty.isConvex)
    }
    return join(judge)
  }
}

extension RegressionModel: TunableModel {
  public typealias Smooth = LinearModel<Loss>

  public func judge(
    of map: Map, features X: any DesignMatrix<Element>, targets y: Vector<Element>, samples: SampleTerms<Element>
  ) -> any OuterObjective<Element> {
    HeldOutLoss<Loss>(features: design(X), targets: y, samples: samples)
  }

  public func scoreCoefficients(_ state: Vector<Element>, of map: Map) -> ScoreCoefficients<Element> {
    let (w, intercept) = coefficients(state)
    return ScoreCoefficients(rows: [w], intercepts: [intercept])
  }

  public func selectedCount(_ state: Vector<Element>) -> Int { coefficients(state).coefficients.nonzeroCount }
}
