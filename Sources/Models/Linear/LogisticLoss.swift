internal import RealModule
public import LinAlg

/// f(w) = (1/n) Σ log(1 + exp(−yᵢ xᵢ·w)), yᵢ = ±1: binary logistic regression, without an intercept (append a column of ones
/// with a strength of its own near 0 for one).
public final class LogisticLoss<Element: Scalar>: SmoothLoss {
  public let features: any DesignMatrix<Element>
  /// yᵢ = −1 or 1.
  public let targets: Vector<Element>
  private let norms: ColumnNorms<Element>
  private var scores: Vector<Element>
  private var residuals: Vector<Element>
  private var knownLargest: Element?

  /// σ(t) σ(−t) ≤ ¼.
  public static var curvatureBound: Element { 0.25 }
  /// |ℓ‴| = |σ(t) σ(−t) (1 − 2σ(t))| is largest at σ = ½ ± 1/√12: 1/(6√3).
  public static var curvatureLipschitzConstant: Element { 1 / (6 * Element(3).squareRoot()) }

  /// - Precondition: as many targets as rows, at least one row, targets −1 or 1.
  public init(features: any DesignMatrix<Element>, targets: Vector<Element>) {
    Self.requireFit(features, targets)
    precondition(
      (0..<targets.count).allSatisfy { targets[$0].magnitude == 1 }, "LogisticLoss: targets must be −1 or 1")
    self.features = features
    self.targets = targets
    norms = ColumnNorms(features)
    scores = .zeros(features.rows)
    residuals = .zeros(features.rows)
  }

  /// nil: not quadratic.
  public var linearTerm: Vector<Element>? { nil }
  public var squaredColumnNorms: Vector<Element> { norms.squares }

  /// 0, and a quarter of the largest eigenvalue of XᵀX/n, computed on first use.
  public var spectrum: (smallest: Element, largest: Element) {
    if let knownLargest { return (0, knownLargest) }
    let found = features.gramSpectrum(scale: 1 / (4 * Element(sampleCount)))
    let largest = found.products == 0 ? found.largest : found.largest + found.largestErrorBound
    knownLargest = largest
    return (0, largest)
  }

  // MARK: - In the space of the scores

  public static func value(
    scores z: Vector<Element>, targets y: Vector<Element>, residuals r: inout Vector<Element>
  ) -> Element {
    requireScores(z, y, r)
    return Element._logistic(z.count, z.base, y.base, 1, r.mutableBase(), nil) / Element(z.count)
  }

  public static func curvatures(scores z: Vector<Element>, targets y: Vector<Element>, into d: inout Vector<Element>) {
    requireScores(z, y, d)
    _ = Element._logistic(z.count, z.base, y.base, 1, nil, d.mutableBase())
  }

  private static func requireScores(_ z: Vector<Element>, _ y: Vector<Element>, _ out: Vector<Element>) {
    precondition(
      z.count == y.count && out.count == z.count,
      "LogisticLoss: \(z.count) scores of \(y.count) samples into \(out.count)")
  }

  /// |ℓ″| ≤ ¼ carries the scores' error over; the kernel itself errs by some ulps of a number that is at most 1.
  public static func residualError(_ r: Vector<Element>, scoreError: Element) -> Element {
    scoreError / 4 + 16 * .ulpOfOne * Element(r.count).squareRoot()
  }

  /// The mean binary entropy of aᵢ = c |rᵢ|.
  public static func dualValue(residuals r: Vector<Element>, targets y: Vector<Element>, scale c: Element) -> Element {
    var sum: Element = 0
    for i in 0..<r.count {
      let a = min(1, c * r.base[i].magnitude)
      if a > 0 && a < 1 { sum -= a * Element.log(a) + (1 - a) * Element.log(onePlus: -a) }
      if a.isNaN { return .nan }
    }
    return sum / Element(r.count)
  }

  // MARK: - In the space of w

  public func value(at w: Vector<Element>) -> Element {
    features.multiply(w, alpha: 1, beta: 0, into: &scores)
    return Self.value(scores: scores, targets: targets, residuals: &residuals)
  }

  /// g ← −Xᵀr/n, rᵢ = yᵢ σ(−yᵢ xᵢ·w).
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
    H.setWeights { Self.curvatures(scores: scores, targets: targets, into: &$0) }
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
    H.setWeights { Self.curvatures(scores: scores, targets: targets, into: &$0) }
  }

  private var compact = Vector<Element>.zeros(0)

  /// A score is a sum whose terms' absolute values have a norm of at most ‖X‖_F ‖w‖ over the samples, and moves a residual by a quarter of
  /// itself; Xᵀr/n sums terms of at most ‖X‖_F ‖r‖/n, ‖r‖ ≤ √n.
  public func gradientMagnitude(at w: Vector<Element>) -> Element {
    let n = Element(sampleCount)
    let frobenius = squaredColumnNorms.oneNorm.squareRoot()
    return frobenius * (frobenius * w.norm / 4 + n.squareRoot()) / n
  }
}
