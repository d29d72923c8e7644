public import LinAlg

/// f(w) = (1/n) Σᵢ ℓ(xᵢ·w, yᵢ) for a ``ScoreLoss`` ℓ and any design X, n × p, without an intercept (append a column of ones, with a penalty's
/// factor of 0, for one).
public final class SeparableLoss<Score: ScoreLoss>: SmoothLoss {
  public typealias Element = Score.Element

  public let features: any DesignMatrix<Element>
  public let targets: Vector<Element>
  private let norms: ColumnNorms<Element>
  private var scores: Vector<Element>
  private var residuals: Vector<Element>
  private var compact = Vector<Element>.zeros(0)
  private var knownLargest: Element?

  public static var curvatureBound: Element { Score.curvatureBound }
  public static var curvatureLipschitzConstant: Element { Score.curvatureLipschitzConstant }

  public let samples: SampleTerms<Element>

  /// - Precondition: as many targets as rows, at least one row, targets that the loss allows.
  public init(features: any DesignMatrix<Element>, targets: Vector<Element>, samples: SampleTerms<Element>) {
    Self.requireFit(features, targets)
    samples.requireCount(features.rows)
    self.samples = samples
    precondition(
      (0..<targets.count).allSatisfy { Score.isTarget(targets[$0]) },
      "\(Score.self): targets must be \(Score.targetDescription)")
    self.features = features
    self.targets = targets
    norms = ColumnNorms(features)
    scores = .zeros(features.rows)
    residuals = .zeros(features.rows)
  }

  /// nil: not quadratic.
  public var linearTerm: Vector<Element>? { nil }
  public var squaredColumnNorms: Vector<Element> { norms.squares }

  /// 0, and the largest eigenvalue of XᵀX/n times the bound on ℓ″, computed on first use.
  public var spectrum: (smallest: Element, largest: Element) {
    if let knownLargest { return (0, knownLargest) }
    guard curvatureBound.isFinite else { return (0, .infinity) }
    let found = features.gramSpectrum(scale: curvatureBound / Element(sampleCount))
    let largest = found.products == 0 ? found.largest : found.largest + found.largestErrorBound
    knownLargest = largest
    return (0, largest)
  }

  // MARK: - In the space of the scores

  public static func value(
    scores z: Vector<Element>, targets y: Vector<Element>, residuals r: inout Vector<Element>
  ) -> Element { Score.fillResiduals(scores: z, targets: y, into: &r) / Element(z.count) }

  public static func value(
    scores z: Vector<Element>, targets y: Vector<Element>, weights c: Vector<Element>,
    residuals r: inout Vector<Element>
  ) -> Element {
    _ = Score.fillResiduals(scores: z, targets: y, into: &r)
    r.scale(by: c)
    var sum: Element = 0
    for i in 0..<z.count { sum += c[i] * Score.value(score: z[i], target: y[i]) }
    return sum / Element(z.count)
  }

  public static func curvatures(scores z: Vector<Element>, targets y: Vector<Element>, into d: inout Vector<Element>) {
    Score.fillCurvatures(scores: z, targets: y, into: &d)
  }

  public static func residualError(_ r: Vector<Element>, scoreError: Element) -> Element {
    Score.residualError(r, scoreError: scoreError)
  }

  /// −(1/n) Σ ℓ*(−c rᵢ, yᵢ).
  public static func dualValue(residuals r: Vector<Element>, targets y: Vector<Element>, scale c: Element) -> Element {
    var sum: Element = 0
    for i in 0..<r.count { sum -= Score.conjugate(ofNegative: c * r[i], target: y[i]) }
    return sum / Element(r.count)
  }

  public static func dualValue(
    residuals r: Vector<Element>, targets y: Vector<Element>, weights: Vector<Element>, scale c: Element
  ) -> Element {
    var sum: Element = 0
    for i in 0..<r.count where weights[i] > 0 {
      sum -= weights[i] * Score.conjugate(ofNegative: c * (r[i] / weights[i]), target: y[i])
    }
    return sum / Element(r.count)
  }

  // MARK: - In the space of w

  public func value(at w: Vector<Element>) -> Element {
    features.multiply(w, alpha: 1, beta: 0, into: &scores)
    return value(scores: scores, residuals: &residuals)
  }

  /// g ← −Xᵀr/n.
  public func gradient(at w: Vector<Element>, into g: inout Vector<Element>) {
    _ = value(at: w)
    features.multiplyTransposed(residuals, alpha: -1 / Element(sampleCount), beta: 0, into: &g)
  }

  public func makeHessian() -> DesignHessian<Element> {
    let norms = norms
    return DesignHessian(features) { norms.squares }
  }

  public func linearize(at w: Vector<Element>, into H: DesignHessian<Element>, gradient g: inout Vector<Element>) {
    gradient(at: w, into: &g)
    H.setWeights { curvatures(scores: scores, into: &$0) }
  }

  public func fillHessian(at w: Vector<Element>, support: IndexSubset, into H: DesignHessian<Element>) {
    if 2 * support.count >= w.count {
      features.multiply(w, alpha: 1, beta: 0, into: &scores)
    } else {
      if compact.count != support.count { compact = .zeros(support.count) }
      compact.gather(support, from: w)
      scores.fill(0)
      features.addProduct(columns: support, compact, to: &scores)
    }
    H.setWeights { curvatures(scores: scores, into: &$0) }
  }

  /// A score is a sum whose terms' absolute values have a norm of at most ‖X‖_F ‖w‖ over the samples, and moves a residual by at most sup ℓ″
  /// times itself; Xᵀr/n sums terms of at most ‖X‖_F ‖r‖/n, where |r| ≤ sup |ℓ′| and ‖r‖ ≤ ‖r(0)‖ + sup ℓ″ ‖X‖_F ‖w‖.
  public func gradientMagnitude(at w: Vector<Element>) -> Element {
    let n = Element(sampleCount)
    let frobenius = squaredColumnNorms.oneNorm.squareRoot()
    let moved = curvatureBound * frobenius * w.norm
    let size =
      Score.slopeBound.isFinite
      ? samples.largestWeight * Score.slopeBound * n.squareRoot() : residualsAtZero + moved
    return frobenius * (moved + size) / n
  }

  private lazy var residualsAtZero: Element = {
    var r = Vector<Element>.zeros(sampleCount)
    _ = value(scores: .zeros(sampleCount), residuals: &r)
    return r.norm
  }()
}
