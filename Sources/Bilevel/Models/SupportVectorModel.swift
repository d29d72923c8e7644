public import ImplicitDiff
public import LinAlg
public import Models
public import NonsmoothMaps

/// A linear support vector machine before it has met data, solved in its dual: the unknowns are α, one for each row that is fitted.
///
/// An intercept is the coefficient of a column of ones, within ½ ‖w‖² as any other; of a regression it is added to the mean of the fitted targets, which
/// then is subtracted first. Rows have neither weights nor offsets.
public struct SupportVectorModel<Penalty: ProximalMap>: TunableModel {
  public typealias Element = Penalty.Element
  public typealias Smooth = SupportVectorDual<Element>
  public typealias Map = ProximalGradientMap<Smooth, Penalty>

  private enum Kind { case classifier, regression }

  public let penalty: Penalty
  public let hasIntercept: Bool
  private let kind: Kind

  private init(_ penalty: Penalty, _ kind: Kind, intercept: Bool) {
    self.penalty = penalty
    self.kind = kind
    hasIntercept = intercept
  }

  /// ½ ‖w‖² + C Σ max(0, 1 − yᵢ xᵢ·w) for labels ±1; the hyperparameter is C, and the mean hinge loss of held-out rows judges.
  public static func classifier<E>(intercept: Bool = false) -> Self where Penalty == Box<E> {
    Self(Box(lower: .fixed(0), upper: .parameters()), .classifier, intercept: intercept)
  }

  /// ½ ‖w‖² + C Σ max(0, |yᵢ − xᵢ·w| − ε); the hyperparameters are C and, unless it is given, ε. Half the mean squared error of held-out rows judges: the
  /// insensitive loss itself is the smaller the wider it is.
  ///
  /// - Parameter width: ε where it is fixed, at least 0.
  public static func regression<E>(width: E? = nil, intercept: Bool = false) -> Self
  where Penalty == InsensitiveConjugate<E> {
    Self(InsensitiveConjugate(width: width), .regression, intercept: intercept)
  }

  private func design(_ X: any DesignMatrix<Element>) -> any DesignMatrix<Element> {
    hasIntercept ? X.appendingOnes() : X
  }

  /// - Precondition: `samples` has neither weights nor offsets.
  public func map(
    features X: any DesignMatrix<Element>, targets y: Vector<Element>, samples: SampleTerms<Element> = .none
  ) -> Map {
    requireNone(samples)
    switch kind {
    case .classifier: return Map(SupportVectorDual(features: design(X), labels: y), penalty)
    case .regression:
      let mean = hasIntercept ? y.reduce(0) { $0 + $1 / Element(y.count) } : 0
      return Map(SupportVectorDual(features: design(X), targets: y, mean: mean), penalty)
    }
  }

  public func judge(
    of map: Map, features X: any DesignMatrix<Element>, targets y: Vector<Element>,
    samples: SampleTerms<Element> = .none
  ) -> any OuterObjective<Element> {
    requireNone(samples)
    switch kind {
    case .classifier:
      return SupportVectorObjective(HeldOutHinge(features: design(X), labels: y), of: map.smooth)
    case .regression:
      let centred = Vector(count: y.count) { y[$0] - map.smooth.mean }
      return SupportVectorObjective(HeldOutSquaredError(features: design(X), targets: centred), of: map.smooth)
    }
  }

  private func requireNone(_ samples: SampleTerms<Element>) {
    precondition(
      samples.weights == nil && samples.offsets == nil, "SupportVectorModel: rows have neither weights nor offsets")
  }

  /// C around that at which a row's term first weighs as much as ½ ‖w‖², with the unit of the targets in a regression: the reciprocal of the mean square of
  /// rows, from 10⁻⁴ to 10⁴ times it, begun at a tenth. ε from `ratio` times the largest target to that itself, begun at a tenth of it.
  public func searchSpace(of map: Map, names: [String], ratio: Double = 1e-4) -> SearchSpace? {
    var norms = Vector<Element>.zeros(map.smooth.stateCount)
    map.smooth.features.squaredRowNorms(into: &norms)
    let mean = norms.reduce(0.0) { $0 + Double($1) / Double(norms.count) }
    let largest = kind == .classifier ? 1 : Double(map.smooth.linearTerm.maxNorm)
    guard mean > 0, mean.isFinite, largest > 0, largest.isFinite else { return nil }
    let unit = min(max(largest / mean, 1e-290), 1e290)
    let width = max(ratio, 1e-4) * largest
    func pick(_ bound: Double, _ width: Double) -> Vector<Double> {
      Vector(count: map.parameterCount) { $0 == 0 ? bound : width }
    }
    return SearchSpace(
      names: names, lower: pick(1e-4 * unit, width), upper: pick(1e4 * unit, largest),
      start: pick(0.1 * unit, max(width, largest / 10)))
  }

  public func scoreCoefficients(_ state: Vector<Element>, of map: Map) -> ScoreCoefficients<Element> {
    let w = map.smooth.coefficients(state)
    guard hasIntercept else { return ScoreCoefficients(rows: [w], intercepts: [0]) }
    let p = w.count - 1
    return ScoreCoefficients(rows: [w[segment: 0..<p]], intercepts: [w[p] + map.smooth.mean])
  }
}
