public import ImplicitDiff
public import LinAlg

/// f(W, λ) = mean over samples of −log softmax(Wᵀ xᵢ)_{yᵢ} + (λ/2) ‖W‖²: multinomial logistic regression over any design, X n × p dense, sparse
/// or known by its products, for a penalty of choice. The ridge λ is f's one parameter, or fixed.
///
/// The state is W, p × c, class by class: a strength per class is `SharedStrengths` of `j / p`.
public final class MultinomialFunction<Element: Scalar>: SmoothFunction {
  public let loss: MultinomialLoss<Element>
  public let ridge: Ridge<Element>
  public let parameterCount: Int
  private let batches: MultinomialBatches<Element>
  /// What the batches' probabilities belong to.
  private var sampledAt: Vector<Element>?

  /// - Precondition: a fixed ridge is not negative.
  public init(_ loss: MultinomialLoss<Element>, ridge: Ridge<Element> = .parameter) {
    ridge.requireDomain()
    self.loss = loss
    self.ridge = ridge
    parameterCount = ridge.parameterCount
    batches = MultinomialBatches(loss)
  }

  /// Features of any design.
  ///
  /// - Precondition: as many labels as rows, at least one row and one column, labels in 0 ..< classCount.
  public convenience init(
    features: any DesignMatrix<Element>, labels: [Int], classCount: Int, ridge: Ridge<Element> = .parameter
  ) { self.init(MultinomialLoss(features: features, labels: labels, classCount: classCount), ridge: ridge) }

  /// Dense features; a column-major matrix is copied once.
  ///
  /// - Precondition: as many labels as rows, at least one row and one column, labels in 0 ..< classCount.
  public convenience init(
    features: Matrix<Element>, labels: [Int], classCount: Int, ridge: Ridge<Element> = .parameter
  ) { self.init(MultinomialLoss(features: features, labels: labels, classCount: classCount), ridge: ridge) }

  public var stateCount: Int { loss.stateCount }

  /// The ridge is finite and not negative.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? { ridge.violation(λ) }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    loss.value(at: w) + ridge.value(λ) / 2 * w.dot(w)
  }

  public func gradient(at w: Vector<Element>, parameters λ: Vector<Element>, into g: inout Vector<Element>) {
    loss.gradient(at: w, into: &g)
    g.add(ridge.value(λ), w)
  }

  public func makeHessian() -> MultinomialHessian<Element> { MultinomialHessian(loss) }

  public func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into H: MultinomialHessian<Element>,
    gradient g: inout Vector<Element>
  ) {
    H.fill(at: w, ridge: ridge.value(λ), gradient: &g)
    g.add(H.ridge, w)
  }

  public func fillHessian(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset, into H: MultinomialHessian<Element>
  ) { H.fill(at: w, ridge: ridge.value(λ)) }

  public func addMixedDerivative(
    _ μ: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: MultinomialHessian<Element>,
    scale α: Element, to x: inout Vector<Element>
  ) { ridge.addMixedDerivative(μ, at: w, scale: α, to: &x) }

  public func addMixedDerivativeAdjoint(
    _ v: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: MultinomialHessian<Element>,
    scale α: Element, to r: inout Vector<Element>
  ) { ridge.addMixedDerivativeAdjoint(v, at: w, scale: α, to: &r) }

  /// The largest eigenvalue of XᵀX/n, computed on first use.
  private lazy var largestEigenvalue: Element = {
    let found = loss.features.gramSpectrum(scale: 1 / Element(loss.sampleCount))
    return found.largest + found.largestErrorBound
  }()

  /// The softmax's Jacobian lies between 0, which it is for equal changes of all scores, and ½.
  public func curvatureBounds(parameters λ: Vector<Element>) -> (smallest: Element, largest: Element) {
    let shift = ridge.value(λ)
    return (shift, largestEigenvalue / 2 + shift)
  }

  public func lowerModel(parameters λ: Vector<Element>) -> (excess: Element, curvature: Element)? {
    (loss.excessAtZero, ridge.value(λ))
  }

  public func gradientMagnitude(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    loss.gradientMagnitude(at: w, largestEigenvalue: largestEigenvalue, ridge: ridge.value(λ))
  }
}

extension MultinomialFunction: SampledFunction {
  public var sampleCount: Int { loss.sampleCount }

  public func addSampleGradient(
    _ ξ: Minibatch, at w: Vector<Element>, parameters λ: Vector<Element>, scale α: Element, to g: inout Vector<Element>
  ) {
    g.add(α * ridge.value(λ), w)
    batches.addGradient(ξ, at: w, scale: α, to: &g)
  }

  public func addSampleHessianProduct(
    _ ξ: Minibatch, at w: Vector<Element>, parameters λ: Vector<Element>, _ x: Vector<Element>, scale α: Element,
    to y: inout Vector<Element>
  ) {
    // The reference kept here makes the memory shared, so nobody can write into it: same memory, same numbers.
    if sampledAt.map({ !$0.sharesMemory(with: w) }) ?? true {
      batches.forgetProbabilities()
      sampledAt = w
    }
    y.add(α * ridge.value(λ), x)
    batches.addHessianProduct(ξ, at: w, x, scale: α, to: &y)
  }

  public func addSampleMixedDerivativeAdjoint(
    _ ξ: Minibatch, at w: Vector<Element>, parameters λ: Vector<Element>, _ v: Vector<Element>, scale α: Element,
    to r: inout Vector<Element>
  ) { ridge.addMixedDerivativeAdjoint(v, at: w, scale: α, to: &r) }
}
