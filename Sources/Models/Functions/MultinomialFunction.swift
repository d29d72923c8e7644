public import ImplicitDiff
public import LinAlg

/// f(W, λ) = mean over samples of −log softmax(Wᵀ xᵢ)_{yᵢ} + (λ/2) ‖W‖²: multinomial logistic regression over any design, X n × p dense, sparse
/// or known by its products, for a penalty of choice. The ridge λ is f's one parameter, or fixed.
///
/// The state is W, p × c, class by class: a strength per class is `SharedStrengths` of `j / p`.
public final class MultinomialFunction<Element: Scalar>: SmoothFunction {
  public let loss: MultinomialLoss<Element>
  public let ridge: Ridge<Element>
  /// The ridge's factor for every coordinate, 0 where it leaves one alone; nil for ones.
  public let ridgeFactors: Vector<Element>?
  public let parameterCount: Int
  let gauges: ClassGauges<Element>
  private let batches: MultinomialBatches<Element>
  /// What the batches' probabilities belong to.
  private var sampledAt: Vector<Element>?

  /// - Parameter unpenalized: features that neither a penalty nor the ridge holds, such as a column of ones: of their coefficients in the classes, which
  ///   the loss determines up to their sum, that with the sum 0 is taken.
  /// - Precondition: a fixed ridge is not negative; factors, one per coordinate, are at least 0.
  public init(
    _ loss: MultinomialLoss<Element>, ridge: Ridge<Element> = .parameter, ridgeFactors: Vector<Element>? = nil,
    unpenalized: [Int] = []
  ) {
    ridge.requireDomain()
    precondition(
      ridgeFactors.map { $0.count == loss.stateCount && $0.allSatisfy { $0 >= 0 } } ?? true,
      "MultinomialFunction: \(ridgeFactors?.count ?? 0) factors of the ridge for \(loss.stateCount) coordinates")
    self.loss = loss
    self.ridge = ridge
    self.ridgeFactors = ridgeFactors
    let (p, c) = (loss.featureCount, loss.classCount)
    gauges = ClassGauges(unpenalized.map { j in (0..<c).map { j + $0 * p } }, count: p * c)
    parameterCount = ridge.parameterCount
    batches = MultinomialBatches(loss)
  }

  /// Features of any design.
  ///
  /// - Precondition: as many labels as rows, at least one row and one column, labels in 0 ..< classCount.
  public convenience init(
    features: any DesignMatrix<Element>, labels: [Int], classCount: Int, ridge: Ridge<Element> = .parameter,
    ridgeFactors: Vector<Element>? = nil, unpenalized: [Int] = []
  ) {
    self.init(
      MultinomialLoss(features: features, labels: labels, classCount: classCount), ridge: ridge,
      ridgeFactors: ridgeFactors, unpenalized: unpenalized)
  }

  /// Dense features; a column-major matrix is copied once.
  ///
  /// - Precondition: as many labels as rows, at least one row and one column, labels in 0 ..< classCount.
  public convenience init(
    features: Matrix<Element>, labels: [Int], classCount: Int, ridge: Ridge<Element> = .parameter
  ) { self.init(MultinomialLoss(features: features, labels: labels, classCount: classCount), ridge: ridge) }

  public var stateCount: Int { loss.stateCount }

  /// X by columns, copied on first use where it is dense.
  lazy var design: any DesignMatrix<Element> = loss.features.unshifted()

  /// The ridge is finite and not negative.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? { ridge.violation(λ) }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    loss.value(at: w) + ridge.value(λ) / 2 * w.dot(factored(w)) + gauges.value(w)
  }

  /// w by the ridge's factors.
  private func factored(_ w: Vector<Element>) -> Vector<Element> {
    guard let ridgeFactors else { return w }
    var product = Vector<Element>.zeros(w.count)
    product.assignProduct(ridgeFactors, w)
    return product
  }

  /// g ← g + α factors ∘ w.
  private func addRidge(_ α: Element, _ w: Vector<Element>, to g: inout Vector<Element>) {
    guard let ridgeFactors else { return g.add(α, w) }
    for j in w.indices { g[j] += α * ridgeFactors[j] * w[j] }
  }

  public func gradient(at w: Vector<Element>, parameters λ: Vector<Element>, into g: inout Vector<Element>) {
    loss.gradient(at: w, into: &g)
    addRidge(ridge.value(λ), w, to: &g)
    gauges.add(w, to: &g)
  }

  public func makeHessian() -> MultinomialHessian<Element> {
    MultinomialHessian(loss, ridgeFactors: ridgeFactors, gauges: gauges)
  }

  public func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into H: MultinomialHessian<Element>,
    gradient g: inout Vector<Element>
  ) {
    H.fill(at: w, ridge: ridge.value(λ), gradient: &g)
    addRidge(H.ridge, w, to: &g)
    gauges.add(w, to: &g)
  }

  public func fillHessian(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset, into H: MultinomialHessian<Element>
  ) { H.fill(at: w, ridge: ridge.value(λ)) }

  public func addMixedDerivative(
    _ μ: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: MultinomialHessian<Element>,
    scale α: Element, to x: inout Vector<Element>
  ) { ridge.addMixedDerivative(μ, at: factored(w), scale: α, to: &x) }

  public func addMixedDerivativeAdjoint(
    _ v: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: MultinomialHessian<Element>,
    scale α: Element, to r: inout Vector<Element>
  ) { ridge.addMixedDerivativeAdjoint(v, at: factored(w), scale: α, to: &r) }

  /// The largest eigenvalue of XᵀX/n, computed on first use.
  private lazy var largestEigenvalue: Element = {
    let found = loss.features.gramSpectrum(scale: 1 / Element(loss.sampleCount))
    return found.largest + found.largestErrorBound
  }()

  /// The softmax's Jacobian lies between 0, which it is for equal changes of all scores, and ½.
  public func curvatureBounds(parameters λ: Vector<Element>) -> (smallest: Element, largest: Element) {
    let shift = ridge.value(λ)
    let largest = largestEigenvalue / 2 + gauges.curvature
    guard let ridgeFactors else { return (shift, largest + shift) }
    return (shift * ridgeFactors.reduce(.infinity, min), largest + shift * ridgeFactors.maxNorm)
  }

  public func lowerModel(parameters λ: Vector<Element>) -> (excess: Element, curvature: Element)? {
    (loss.excessAtZero, ridge.value(λ) * (ridgeFactors?.reduce(.infinity, min) ?? 1))
  }

  public func gradientMagnitude(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    loss.gradientMagnitude(
      at: w, largestEigenvalue: largestEigenvalue,
      ridge: ridge.value(λ) * (ridgeFactors?.maxNorm ?? 1) + gauges.curvature)
  }
}

extension MultinomialFunction: SampledFunction {
  public var sampleCount: Int { loss.sampleCount }

  private func addGauges(_ α: Element, _ x: Vector<Element>, to y: inout Vector<Element>) {
    if gauges.sets.isEmpty { return }
    var term = Vector<Element>.zeros(x.count)
    gauges.add(x, to: &term)
    y.add(α, term)
  }

  public func addSampleGradient(
    _ ξ: Minibatch, at w: Vector<Element>, parameters λ: Vector<Element>, scale α: Element, to g: inout Vector<Element>
  ) {
    addRidge(α * ridge.value(λ), w, to: &g)
    addGauges(α, w, to: &g)
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
    addRidge(α * ridge.value(λ), x, to: &y)
    addGauges(α, x, to: &y)
    batches.addHessianProduct(ξ, at: w, x, scale: α, to: &y)
  }

  public func addSampleMixedDerivativeAdjoint(
    _ ξ: Minibatch, at w: Vector<Element>, parameters λ: Vector<Element>, _ v: Vector<Element>, scale α: Element,
    to r: inout Vector<Element>
  ) { ridge.addMixedDerivativeAdjoint(v, at: factored(w), scale: α, to: &r) }
}
