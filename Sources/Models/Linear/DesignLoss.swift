public import LinAlg

/// What working sets ask of a smooth function of scores, `f(w) = F(X w)`, `F(z) = (1/n) Σᵢ ℓᵢ(zᵢ)`, X n × p, every ℓᵢ convex: a ``SmoothLoss``, whose terms
/// differ by a target each, or a ``FunctionLoss``, which knows them in its own way.
public protocol DesignLoss<Element>: AnyObject {
  associatedtype Element: Scalar

  /// X, n × p, dense or sparse.
  var features: any DesignMatrix<Element> { get }
  /// y, n entries, or the residuals at zero scores, which are of the same size.
  var targets: Vector<Element> { get }
  /// ‖column‖² of every column of X.
  var squaredColumnNorms: Vector<Element> { get }
  /// A bound on ℓ″ over all scores, infinite where there is none.
  var curvatureBound: Element { get }

  /// F(z), at least 0; r ← −ℓ′(z), n entries.
  func value(scores z: Vector<Element>, residuals r: inout Vector<Element>) -> Element
  /// d ← ℓ″(z), n entries.
  func curvatures(scores z: Vector<Element>, into d: inout Vector<Element>)
  /// −F*(−c r/n), or a number below it, for the residuals r at the scores z and 0 ≤ c ≤ 1: what a dual point gives.
  func dualValue(scores z: Vector<Element>, residuals r: Vector<Element>, scale c: Element) -> Element

  /// ∇²f as an operator.
  func makeHessian() -> DesignHessian<Element>
  /// Xᵀy/n where f is ½ wᵀHw − (Xᵀy/n)ᵀw + const with the H of ``makeHessian()``; nil where f is not quadratic.
  var linearTerm: Vector<Element>? { get }
  /// The loss whose minimizers are 1/unit times those of this one, where there is one: of a quadratic loss with targets near the ends of the range.
  func inUnits(of unit: Element) -> Self?
}

extension DesignLoss {
  /// n.
  public var sampleCount: Int { features.rows }
  /// p.
  public var featureCount: Int { features.columns }
}

extension SmoothLoss {
  public var curvatureBound: Element { Self.curvatureBound * samples.largestWeight }
  /// A bound on |ℓ‴| over all scores.
  var curvatureLipschitzConstant: Element { Self.curvatureLipschitzConstant * samples.largestWeight }

  public func value(scores z: Vector<Element>, residuals r: inout Vector<Element>) -> Element {
    if samples.isPlain { return Self.value(scores: z, targets: targets, residuals: &r) }
    let shifted = samples.shifted(z)
    guard let weights = samples.weights else { return Self.value(scores: shifted, targets: targets, residuals: &r) }
    return Self.value(scores: shifted, targets: targets, weights: weights, residuals: &r)
  }

  public func curvatures(scores z: Vector<Element>, into d: inout Vector<Element>) {
    if samples.isPlain {
      Self.curvatures(scores: z, targets: targets, into: &d)
      return
    }
    Self.curvatures(scores: samples.shifted(z), targets: targets, into: &d)
    if let weights = samples.weights { d.scale(by: weights) }
  }

  /// d ← ℓ‴(z), n entries; false, and d undefined, where it is not known.
  func curvatureDerivatives(scores z: Vector<Element>, into d: inout Vector<Element>) -> Bool {
    guard Self.curvatureDerivatives(scores: samples.shifted(z), targets: targets, into: &d) else { return false }
    if let weights = samples.weights { d.scale(by: weights) }
    return true
  }

  /// A bound on ‖r‖'s rounding error (Euclidean), for residuals computed at scores that are off by `scoreError`: each is a weight times one of the
  /// static kind, at a score that an offset was added to.
  func residualError(_ r: Vector<Element>, scoreError: Element) -> Element {
    if samples.isPlain { return Self.residualError(r, scoreError: scoreError) }
    let ofShift = Element.ulpOfOne * (samples.offsets?.norm ?? 0)
    return samples.largestWeight * Self.residualError(r, scoreError: scoreError + ofShift) + .ulpOfOne * r.norm
  }

  /// Of F(z) = G(z + o) the conjugate is G*(u) − u·o.
  public func dualValue(scores z: Vector<Element>, residuals r: Vector<Element>, scale c: Element) -> Element {
    let plain =
      samples.weights.map { Self.dualValue(residuals: r, targets: targets, weights: $0, scale: c) }
      ?? Self.dualValue(residuals: r, targets: targets, scale: c)
    return samples.offsets.map { plain - c * $0.dot(r) / Element(r.count) } ?? plain
  }

  public func inUnits(of unit: Element) -> Self? {
    guard linearTerm != nil else { return nil }
    return Self(features: features, targets: Vector(count: targets.count) { targets[$0] / unit }, samples: samples)
  }
}
