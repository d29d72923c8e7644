public import ImplicitDiff
public import LinAlg
public import Models
public import NonsmoothMaps

/// Multinomial logistic regression with a penalty, before it has met data. Targets are classes counted from 0.
///
/// The state is W, a row of coefficients for each feature and, with an intercept, one more for a column of ones; p (+ 1) times the number of classes
/// entries, class by class. Intercepts are determined up to a number that all have in common: those of the sum 0 are taken. Hyperparameters are those of the penalty, then the ridge's strength where that is a parameter.
public struct MultinomialModel<Penalty: ProximalMap>: TunableModel {
  public typealias Element = Penalty.Element
  public typealias Smooth = MultinomialFunction<Element>
  public typealias Map = ProximalGradientMap<Smooth, Penalty>

  public let classCount: Int
  /// Of all coordinates, intercepts included: ``coordinates(of:features:classCount:hasIntercept:)``.
  public let penalty: Penalty
  public let ridge: Ridge<Element>
  /// The ridge's factor for every feature; nil for ones. Intercepts have none.
  public let ridgeFactors: Vector<Element>?
  public let hasIntercept: Bool
  private let unpenalized: [Int]

  /// - Parameter unpenalized: features that neither the penalty nor the ridge holds.
  /// - Precondition: at least two classes.
  public init(
    classCount: Int, _ penalty: Penalty, ridge: Ridge<Element> = .none, ridgeFactors: Vector<Element>? = nil,
    intercept: Bool = false, unpenalized: [Int] = []
  ) {
    precondition(classCount >= 2, "MultinomialModel: \(classCount) classes")
    self.classCount = classCount
    self.penalty = penalty
    self.ridge = ridge
    self.ridgeFactors = ridgeFactors
    hasIntercept = intercept
    self.unpenalized = unpenalized
  }

  /// The coordinates of W that belong to each feature, and those of the intercepts.
  public static func coordinates(
    features p: Int, classCount c: Int, hasIntercept: Bool
  ) -> (features: [[Int]], intercepts: [Int]) {
    let rows = hasIntercept ? p + 1 : p
    return (
      (0..<p).map { j in (0..<c).map { j + $0 * rows } }, hasIntercept ? (0..<c).map { p + $0 * rows } : []
    )
  }

  private func design(_ X: any DesignMatrix<Element>) -> any DesignMatrix<Element> {
    hasIntercept ? X.appendingOnes() : X
  }

  /// - Precondition: `samples` has neither weights nor offsets.
  public func map(
    features X: any DesignMatrix<Element>, targets y: Vector<Element>, samples: SampleTerms<Element> = .none
  ) -> Map {
    requireNone(samples)
    let p = X.columns
    // Every class has the factors of the features.
    let rows = hasIntercept ? p + 1 : p
    let factors: Vector<Element>? =
      ridge == .none || (!hasIntercept && ridgeFactors == nil)
      ? nil
      : Vector(count: rows * classCount) { $0 % rows < p ? ridgeFactors?[$0 % rows] ?? 1 : 0 }
    return Map(
      MultinomialFunction(
        features: design(X), labels: Self.labels(y), classCount: classCount, ridge: ridge, ridgeFactors: factors,
        unpenalized: unpenalized + (hasIntercept ? [p] : [])),
      penalty)
  }

  /// The mean cross-entropy.
  public func judge(
    of map: Map, features X: any DesignMatrix<Element>, targets y: Vector<Element>,
    samples: SampleTerms<Element> = .none
  ) -> any OuterObjective<Element> {
    requireNone(samples)
    return HeldOutCrossEntropy(features: design(X), labels: Self.labels(y), classCount: classCount)
  }

  private func requireNone(_ samples: SampleTerms<Element>) {
    precondition(
      samples.weights == nil && samples.offsets == nil, "MultinomialModel: rows have neither weights nor offsets")
  }

  private static func labels(_ y: Vector<Element>) -> [Int] { y.map { Int(Double($0)) } }

  /// As that of ``RegressionModel``; the softmax's Jacobian is at most ½.
  public func searchSpace(of map: Map, names: [String], ratio: Double = 1e-4) -> SearchSpace? {
    let m = penalty.parameterCount
    guard let scale = map.vanishingScale(parameters: Vector(repeating: 1, count: map.parameterCount)) else {
      return nil
    }
    let largest = Double(scale)
    let norms = map.smooth.loss.squaredColumnNorms
    let p = norms.count - (hasIntercept ? 1 : 0)
    let mean = Double(norms[segment: 0..<p].oneNorm) / (2 * Double(map.smooth.loss.sampleCount) * Double(p))
    let curvature = min(max(mean, .leastNormalMagnitude), .greatestFiniteMagnitude / 16)
    func pick(_ strength: Double, _ ridge: Double) -> Vector<Double> {
      Vector(count: map.parameterCount) { $0 < m ? strength : ridge }
    }
    return SearchSpace(
      names: names, lower: pick(max(ratio * largest, .leastNonzeroMagnitude), 1e-6 * curvature),
      upper: pick(largest, 10 * curvature), start: pick(max(ratio, 0.1) * largest, 1e-2 * curvature))
  }

  /// A row for each class.
  public func scoreCoefficients(_ state: Vector<Element>, of map: Map) -> ScoreCoefficients<Element> {
    let rows = state.count / classCount
    let p = hasIntercept ? rows - 1 : rows
    return ScoreCoefficients(
      rows: (0..<classCount).map { state[segment: $0 * rows..<$0 * rows + p] },
      intercepts: (0..<classCount).map { hasIntercept ? state[$0 * rows + p] : 0 })
  }

  /// Coefficients of features that are not zero.
  public func selectedCount(_ state: Vector<Element>) -> Int {
    let rows = state.count / classCount
    return state.indices.count { state[$0] != 0 && !(hasIntercept && $0 % rows == rows - 1) }
  }
}
