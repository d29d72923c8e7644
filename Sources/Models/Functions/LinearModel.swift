public import ImplicitDiff
public import LinAlg

/// f(w, λ) = F(X w) + (λ/2) ‖w‖² for a ``SmoothLoss`` F over any design X, n × p: with a penalty of choice every penalized linear model.
///
/// The ridge λ is f's one parameter, or fixed. `ProximalGradientMap(LinearModel(loss), L1Norm())` is the elastic net's map, its
/// parameters in the same order: strengths, then the ridge.
public final class LinearModel<Loss: SmoothLoss>: SmoothFunction {
  public typealias Element = Loss.Element

  public let loss: Loss
  public let ridge: Ridge<Element>
  public let parameterCount: Int
  private var batch: BatchLoss<Loss>

  /// - Precondition: a fixed ridge is not negative.
  public init(_ loss: Loss, ridge: Ridge<Element> = .parameter) {
    ridge.requireDomain()
    self.loss = loss
    self.ridge = ridge
    parameterCount = ridge.parameterCount
    batch = BatchLoss(loss)
  }

  /// - Parameters:
  ///   - features: X, n × p, dense, sparse or known by its products.
  ///   - targets: y, n entries.
  public convenience init(
    features: any DesignMatrix<Element>, targets: Vector<Element>, ridge: Ridge<Element> = .parameter
  ) { self.init(Loss(features: features, targets: targets), ridge: ridge) }

  public var stateCount: Int { loss.featureCount }

  /// The ridge is finite and not negative.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? { ridge.violation(λ) }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    loss.value(at: w) + ridge.value(λ) / 2 * w.dot(w)
  }

  public func gradient(at w: Vector<Element>, parameters λ: Vector<Element>, into g: inout Vector<Element>) {
    loss.gradient(at: w, into: &g)
    g.add(ridge.value(λ), w)
  }

  public func makeHessian() -> LinearModelHessian<Element> { LinearModelHessian(loss.makeHessian()) }

  public func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into H: LinearModelHessian<Element>,
    gradient g: inout Vector<Element>
  ) {
    H.ridge = ridge.value(λ)
    loss.linearize(at: w, into: H.loss, gradient: &g)
    g.add(H.ridge, w)
  }

  public func fillHessian(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset, into H: LinearModelHessian<Element>
  ) {
    H.ridge = ridge.value(λ)
    loss.fillHessian(at: w, support: support, into: H.loss)
  }

  public func addMixedDerivative(
    _ μ: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: LinearModelHessian<Element>,
    scale α: Element, to x: inout Vector<Element>
  ) { ridge.addMixedDerivative(μ, at: w, scale: α, to: &x) }

  public func addMixedDerivativeAdjoint(
    _ v: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: LinearModelHessian<Element>,
    scale α: Element, to r: inout Vector<Element>
  ) { ridge.addMixedDerivativeAdjoint(v, at: w, scale: α, to: &r) }

  /// The loss's spectrum, shifted by the ridge.
  public func curvatureBounds(parameters λ: Vector<Element>) -> (smallest: Element, largest: Element) {
    let (smallest, largest) = loss.spectrum
    let shift = ridge.value(λ)
    return (smallest + shift, largest + shift)
  }

  /// The loss is at least its least value over all scores.
  public func lowerModel(parameters λ: Vector<Element>) -> (excess: Element, curvature: Element)? {
    (loss.excessAtZero, ridge.value(λ))
  }

  public func mixedDerivativeFrobeniusNorm(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element? {
    ridge == .parameter ? w.norm : 0
  }

  /// ∇f sums products of length n and then p where the map counts p + 1 terms.
  public func gradientMagnitude(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let longer = Element(loss.sampleCount + loss.featureCount) / Element(loss.featureCount + 1)
    return max(1, longer.squareRoot()) * (loss.gradientMagnitude(at: w) + ridge.value(λ) * w.norm)
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
    g.add(α * ridge.value(λ), w)
    batch.addGradient(ξ, at: w, scale: α, to: &g)
  }

  public func addSampleHessianProduct(
    _ ξ: Minibatch, at w: Vector<Element>, parameters λ: Vector<Element>, _ x: Vector<Element>, scale α: Element,
    to y: inout Vector<Element>
  ) {
    y.add(α * ridge.value(λ), x)
    batch.addHessianProduct(ξ, at: w, x, scale: α, to: &y)
  }

  public func addSampleMixedDerivativeAdjoint(
    _ ξ: Minibatch, at w: Vector<Element>, parameters λ: Vector<Element>, _ v: Vector<Element>, scale α: Element,
    to r: inout Vector<Element>
  ) { ridge.addMixedDerivativeAdjoint(v, at: w, scale: α, to: &r) }
}
