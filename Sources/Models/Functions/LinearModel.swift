public import ImplicitDiff
public import LinAlg

/// f(w, λ) = F(X w) + (λ/2) Σ factorⱼ wⱼ² for a ``SmoothLoss`` F over any design X, n × p: with a penalty of choice every penalized linear model.
///
/// The ridge λ is f's one parameter, or fixed; factors are 1 unless given. `ProximalGradientMap(LinearModel(loss), L1Norm())` is the elastic net's map, its
/// parameters in the same order: strengths, then the ridge.
public final class LinearModel<Loss: SmoothLoss>: SmoothFunction {
  public typealias Element = Loss.Element

  public let loss: Loss
  public let ridge: Ridge<Element>
  /// The ridge's factor for every coordinate, 0 where it leaves one alone; nil where all are 1.
  public let ridgeFactors: Vector<Element>?
  public let parameterCount: Int
  private var batch: BatchLoss<Loss>
  /// Factors ∘ a vector of p entries; empty where there are none.
  private var scaled: Vector<Element>

  /// - Precondition: a fixed ridge is not negative; factors, one per feature, are finite and at least 0.
  public init(_ loss: Loss, ridge: Ridge<Element> = .parameter, ridgeFactors: Vector<Element>? = nil) {
    ridge.requireDomain()
    if let ridgeFactors {
      precondition(
        ridgeFactors.count == loss.featureCount && ridgeFactors.allSatisfy { $0 >= 0 && $0.isFinite },
        "LinearModel: \(ridgeFactors.count) factors of the ridge for \(loss.featureCount) features; they are finite and at least 0"
      )
    }
    self.loss = loss
    self.ridge = ridge
    self.ridgeFactors = ridgeFactors
    scaled = .zeros(ridgeFactors?.count ?? 0)
    parameterCount = ridge.parameterCount
    batch = BatchLoss(loss)
  }

  /// - Parameters:
  ///   - features: X, n × p, dense, sparse or known by its products.
  ///   - targets: y, n entries.
  ///   - samples: their weights and offsets.
  public convenience init(
    features: any DesignMatrix<Element>, targets: Vector<Element>, samples: SampleTerms<Element> = .none,
    ridge: Ridge<Element> = .parameter
  ) { self.init(Loss(features: features, targets: targets, samples: samples), ridge: ridge) }

  /// The same of a matrix X, n × p.
  public convenience init(
    features: Matrix<Element>, targets: Vector<Element>, samples: SampleTerms<Element> = .none,
    ridge: Ridge<Element> = .parameter
  ) { self.init(features: DenseDesign(features), targets: targets, samples: samples, ridge: ridge) }

  public var stateCount: Int { loss.featureCount }

  /// g ← g + α factors ∘ x.
  func addRidge(_ α: Element, _ x: Vector<Element>, to g: inout Vector<Element>) {
    guard let ridgeFactors else {
      g.add(α, x)
      return
    }
    scaled.assignProduct(ridgeFactors, x)
    g.add(α, scaled)
  }

  /// Σ factorⱼ xⱼ yⱼ.
  func ridgeProduct(_ x: Vector<Element>, _ y: Vector<Element>) -> Element {
    guard let ridgeFactors else { return x.dot(y) }
    scaled.assignProduct(ridgeFactors, x)
    return scaled.dot(y)
  }

  /// The least and the largest factor.
  var ridgeFactorBounds: (least: Element, largest: Element) {
    ridgeFactors.map { ($0.min() ?? 1, $0.max() ?? 1) } ?? (1, 1)
  }

  /// The ridge is finite and not negative.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? { ridge.violation(λ) }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    loss.value(at: w) + ridge.value(λ) / 2 * ridgeProduct(w, w)
  }

  @specialized(where Loss == QuadraticLoss<Double>)
  @specialized(where Loss == QuadraticLoss<Float>)
  @specialized(where Loss == LogisticLoss<Double>)
  @specialized(where Loss == LogisticLoss<Float>)
  public func gradient(at w: Vector<Element>, parameters λ: Vector<Element>, into g: inout Vector<Element>) {
    loss.gradient(at: w, into: &g)
    addRidge(ridge.value(λ), w, to: &g)
  }

  public func makeHessian() -> LinearModelHessian<Element> {
    LinearModelHessian(loss.makeHessian(), factors: ridgeFactors)
  }

  @specialized(where Loss == QuadraticLoss<Double>)
  @specialized(where Loss == QuadraticLoss<Float>)
  @specialized(where Loss == LogisticLoss<Double>)
  @specialized(where Loss == LogisticLoss<Float>)
  public func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into H: LinearModelHessian<Element>,
    gradient g: inout Vector<Element>
  ) {
    H.ridge = ridge.value(λ)
    loss.linearize(at: w, into: H.loss, gradient: &g)
    addRidge(H.ridge, w, to: &g)
  }

  @specialized(where Loss == QuadraticLoss<Double>)
  @specialized(where Loss == QuadraticLoss<Float>)
  @specialized(where Loss == LogisticLoss<Double>)
  @specialized(where Loss == LogisticLoss<Float>)
  public func fillHessian(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset, into H: LinearModelHessian<Element>
  ) {
    H.ridge = ridge.value(λ)
    loss.fillHessian(at: w, support: support, into: H.loss)
  }

  public func addMixedDerivative(
    _ μ: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: LinearModelHessian<Element>,
    scale α: Element, to x: inout Vector<Element>
  ) { if ridge == .parameter { addRidge(α * μ[0], w, to: &x) } }

  public func addMixedDerivativeAdjoint(
    _ v: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: LinearModelHessian<Element>,
    scale α: Element, to r: inout Vector<Element>
  ) { if ridge == .parameter { r[0] += α * ridgeProduct(w, v) } }

  /// The loss's spectrum, shifted by the ridge.
  @specialized(where Loss == QuadraticLoss<Double>)
  @specialized(where Loss == QuadraticLoss<Float>)
  @specialized(where Loss == LogisticLoss<Double>)
  @specialized(where Loss == LogisticLoss<Float>)
  public func curvatureBounds(parameters λ: Vector<Element>) -> (smallest: Element, largest: Element) {
    let (smallest, largest) = loss.spectrum
    let (shift, bounds) = (ridge.value(λ), ridgeFactorBounds)
    return (smallest + shift * bounds.least, largest + shift * bounds.largest)
  }

  /// Of samples with weights there are bounds alone.
  public var curvatureBoundsAreAttained: Bool { loss.samples.weights == nil }

  /// The loss is at least its least value over all scores.
  public func lowerModel(parameters λ: Vector<Element>) -> (excess: Element, curvature: Element)? {
    (loss.excessAtZero, ridge.value(λ) * ridgeFactorBounds.least)
  }

  public func mixedDerivativeFrobeniusNorm(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element? {
    ridge == .parameter ? ridgeNorm(w) : 0
  }

  /// ‖factors ∘ w‖.
  private func ridgeNorm(_ w: Vector<Element>) -> Element {
    guard let ridgeFactors else { return w.norm }
    scaled.assignProduct(ridgeFactors, w)
    return scaled.norm
  }

  /// ∇f sums products of length n and then p where the map counts p + 1 terms.
  public func gradientMagnitude(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let longer = Element(loss.sampleCount + loss.featureCount) / Element(loss.featureCount + 1)
    return max(1, longer.squareRoot()) * (loss.gradientMagnitude(at: w) + ridge.value(λ) * ridgeNorm(w))
  }
}

extension LinearModel: KeepsProducts {
  public var keptColumns: [[Int]] {
    get { loss.keptColumns }
    set { loss.keptColumns = newValue }
  }
}

extension LinearModel: SampledFunction {
  public var sampleCount: Int { loss.sampleCount }

  public func addSampleGradient(
    _ ξ: Minibatch, at w: Vector<Element>, parameters λ: Vector<Element>, scale α: Element, to g: inout Vector<Element>
  ) {
    addRidge(α * ridge.value(λ), w, to: &g)
    batch.addGradient(ξ, at: w, scale: α, to: &g)
  }

  public func addSampleHessianProduct(
    _ ξ: Minibatch, at w: Vector<Element>, parameters λ: Vector<Element>, _ x: Vector<Element>, scale α: Element,
    to y: inout Vector<Element>
  ) {
    addRidge(α * ridge.value(λ), x, to: &y)
    batch.addHessianProduct(ξ, at: w, x, scale: α, to: &y)
  }

  public func addSampleMixedDerivativeAdjoint(
    _ ξ: Minibatch, at w: Vector<Element>, parameters λ: Vector<Element>, _ v: Vector<Element>, scale α: Element,
    to r: inout Vector<Element>
  ) { if ridge == .parameter { r[0] += α * ridgeProduct(w, v) } }
}
