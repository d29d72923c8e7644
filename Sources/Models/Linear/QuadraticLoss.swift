public import LinAlg

/// f(w) = ‖X w − y‖² / (2n), X n × p: the smooth part of the elastic net and of every lasso.
public final class QuadraticLoss<Element: Scalar>: SmoothLoss {
  public let features: any DesignMatrix<Element>
  public let targets: Vector<Element>
  /// XᵀX/n, the same everywhere: one operator serves all linearizations, and its Gram matrix is formed once.
  let hessian: DesignHessian<Element>
  private let norms: ColumnNorms<Element>
  private var scores: Vector<Element>
  private lazy var residuals = Vector<Element>.zeros(sampleCount)
  /// The spectrum where it is known. Two numbers and no optional pair, of which every read would look up the type at run time; steps are read often.
  private var smallest: Element = 0
  private var largest: Element = 0

  public static var curvatureBound: Element { 1 }
  public static var curvatureLipschitzConstant: Element { 0 }

  public let samples: SampleTerms<Element>

  /// Offsets o are taken off the targets: ``targets`` is y − o then.
  public convenience init(features: any DesignMatrix<Element>, targets: Vector<Element>, samples: SampleTerms<Element>)
  {
    self.init(features: features, targets: targets, samples: samples, hessian: nil)
  }

  /// - Parameter hessian: XᵀX/n, where there is one for this X already; without weights of samples.
  package init(
    features: any DesignMatrix<Element>, targets: Vector<Element>, samples: SampleTerms<Element> = SampleTerms(),
    hessian shared: DesignHessian<Element>?
  ) {
    Self.requireFit(features, targets)
    samples.requireCount(features.rows)
    self.features = features
    self.targets = samples.offsets.map { targets - $0 } ?? targets
    self.samples = SampleTerms(weights: samples.weights)
    let norms = ColumnNorms(features)
    self.norms = norms
    hessian = shared ?? DesignHessian(features) { norms.squares }
    scores = .zeros(features.rows)
    if let weights = self.samples.weights { hessian.setWeights { $0.copy(from: weights) } }
  }

  /// XᵀCy/n, computed on first use.
  private(set) lazy var correlation: Vector<Element> = {
    var correlation = Vector<Element>.zeros(featureCount)
    var terms = targets
    if let weights = samples.weights { terms.scale(by: weights) }
    features.multiplyTransposed(terms, alpha: 1 / Element(sampleCount), beta: 0, into: &correlation)
    return correlation
  }()

  public var linearTerm: Vector<Element>? { correlation }
  public var squaredColumnNorms: Vector<Element> { norms.squares }

  /// Whether products go through the Gram matrix by now.
  public var usesGramMatrix: Bool { hessian.usesGramMatrix }

  /// How many times working sets' solves have factored the system of a large support from nothing; others were updates.
  package var supportFactorizations: Int { hessian.lentProblem?.factor.factorizations ?? 0 }

  /// Whether something has asked for the spectrum.
  package private(set) var spectrumIsKnown = false

  /// The extreme eigenvalues of XᵀX/n, computed on first use: by LAPACK on the smaller of XᵀX and XXᵀ, or where both are
  /// large by Lanczos, whose error bounds are added so that a step chosen by them contracts.
  public var spectrum: (smallest: Element, largest: Element) {
    if spectrumIsKnown { return (smallest, largest) }
    let found = features.gramSpectrum(scale: 1 / Element(sampleCount))
    let spectrum =
      found.products == 0
      ? (found.smallest, found.largest)
      : (max(0, found.smallest - found.smallestErrorBound), found.largest + found.largestErrorBound)
    // With weights bounds on those of XᵀCX/n.
    (smallest, largest) = (spectrum.0 * samples.leastWeight, spectrum.1 * samples.largestWeight)
    spectrumIsKnown = true
    return (smallest, largest)
  }

  public func fixProducts() { hessian.fixProducts() }

  public var keptColumns: [[Int]] {
    get { hessian.keptColumns }
    set { hessian.keptColumns = newValue }
  }

  // MARK: - In the space of the scores

  public static func value(
    scores z: Vector<Element>, targets y: Vector<Element>, residuals r: inout Vector<Element>
  ) -> Element {
    r.assign(1, y, -1, z)
    return r.dot(r) / (2 * Element(y.count))
  }

  public static func value(
    scores z: Vector<Element>, targets y: Vector<Element>, weights c: Vector<Element>,
    residuals r: inout Vector<Element>
  ) -> Element {
    r.assign(1, y, -1, z)
    let plain = Vector(copying: r)
    r.scale(by: c)
    return plain.dot(r) / (2 * Element(y.count))
  }

  public static func curvatures(scores z: Vector<Element>, targets y: Vector<Element>, into d: inout Vector<Element>) {
    d.fill(1)
  }

  /// y − z is rounded to half an ulp of itself.
  public static func residualError(_ r: Vector<Element>, scoreError: Element) -> Element {
    scoreError + .ulpOfOne * r.norm
  }

  /// (2c yᵀr − c² ‖r‖²)/(2n).
  public static func dualValue(residuals r: Vector<Element>, targets y: Vector<Element>, scale c: Element) -> Element {
    (2 * c * y.dot(r) - c * c * r.dot(r)) / (2 * Element(y.count))
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public static func dualValue(
    residuals r: Vector<Element>, targets y: Vector<Element>, weights: Vector<Element>, scale c: Element
  ) -> Element {
    var squares: Element = 0
    for i in 0..<r.count where weights[i] > 0 { squares += r[i] * (r[i] / weights[i]) }
    return (2 * c * y.dot(r) - c * c * squares) / (2 * Element(y.count))
  }

  // MARK: - In the space of w

  public func value(at w: Vector<Element>) -> Element {
    features.multiply(w, alpha: 1, beta: 0, into: &scores)
    return value(scores: scores, residuals: &residuals)
  }

  /// g ← (XᵀCX w − XᵀCy)/n.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func gradient(at w: Vector<Element>, into g: inout Vector<Element>) {
    hessian.apply(w, into: &g)
    g.add(-1, correlation)
  }

  public func makeHessian() -> DesignHessian<Element> { hessian }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func linearize(at w: Vector<Element>, into H: DesignHessian<Element>, gradient g: inout Vector<Element>) {
    gradient(at: w, into: &g)
  }

  public func fillHessian(at w: Vector<Element>, support: IndexSubset, into H: DesignHessian<Element>) {}

  /// ‖XᵀX w‖/n ≤ L ‖w‖; the terms of Xᵀy/n may cancel, so they are measured by ‖X‖_F ‖y‖/n, which bounds the sums of their
  /// absolute values.
  public func gradientMagnitude(at w: Vector<Element>) -> Element {
    spectrum.largest * w.norm
      + squaredColumnNorms.oneNorm.squareRoot() * (samples.largestWeight * targets.norm) / Element(sampleCount)
  }
}

/// ‖column‖² of a design's columns, computed on first use.
final class ColumnNorms<Element: Scalar> {
  private let features: any DesignMatrix<Element>
  init(_ features: any DesignMatrix<Element>) { self.features = features }

  private(set) lazy var squares: Vector<Element> = {
    var norms = Vector<Element>.zeros(features.columns)
    features.squaredColumnNorms(into: &norms)
    return norms
  }()
}
