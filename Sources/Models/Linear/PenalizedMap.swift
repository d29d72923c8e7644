public import ImplicitDiff
public import LinAlg
public import NonsmoothMaps

/// The elastic net `‖X w − y‖²/(2n) + λ1 ‖w‖₁ + (λ2/2) ‖w‖²`, λ = (λ1, λ2); with other ``FeatureGroups`` the weighted lasso.
public typealias ElasticNetMap<Element: Scalar> = PenalizedMap<QuadraticLoss<Element>>

/// Sparse logistic regression: the mean logistic loss with the elastic net's penalty.
public typealias SparseLogisticMap<Element: Scalar> = PenalizedMap<LogisticLoss<Element>>

/// The proximal-gradient map of `f(w) + Σⱼ λ_{g(j)} |wⱼ| + (λ_G/2) ‖w‖²` for a ``SmoothLoss`` f and ``FeatureGroups`` g:
/// `Φ(w, λ) = S_{s λ_g}(w − s (∇f(w) + λ_G w))`, S soft thresholding entry by entry. With one group λ = (λ1, λ2).
///
/// Its fixed point is the minimizer for every step s; in the derivative s counts as a constant, because the fixed point
/// does not depend on it. At a kink, |uⱼ| = s λ_{g(j)} > 0 for u = w − s (∇f(w) + λ_G w), the ``KinkRule`` decides.
public final class PenalizedMap<Loss: SmoothLoss>: FixedPointMap {
  public typealias Element = Loss.Element

  /// How the step size s is chosen.
  public enum Step: Sendable, Equatable {
    /// s = 2/(L + μ + 2 λ_G), L and μ bounds on the eigenvalues of ∇²f: the smallest contraction factor,
    /// q = (L − μ)/(L + μ + 2 λ_G). Without strong convexity, μ + λ_G = 0, it is 1/L.
    case optimal
    /// Given; the map contracts only below 2/(L + λ_G).
    case fixed(Element)
  }

  public let loss: Loss
  public let groups: FeatureGroups
  public let step: Step
  public let kink: KinkRule
  private var gradient: Vector<Element>
  private lazy var argument = Vector<Element>.zeros(stateCount)
  /// s λ_{g(j)}, where there are groups.
  private var thresholds: Vector<Element>

  /// - Precondition: where groups are given by feature, as many features as the loss has.
  public init(loss: Loss, groups: FeatureGroups = .single, step: Step = .optimal, kink: KinkRule = .zero) {
    groups.requireFit(features: loss.featureCount)
    self.loss = loss
    self.groups = groups
    self.step = step
    self.kink = kink
    gradient = .zeros(loss.featureCount)
    thresholds = .zeros(groups.groupOfFeature == nil ? 0 : loss.featureCount)
  }

  public var stateCount: Int { loss.featureCount }
  public var parameterCount: Int { groups.parameterCount }

  /// Strengths are finite and not negative.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    ParameterViolation.negative(in: λ, expected: "a strength of at least 0")
  }

  /// s for these parameters.
  public func stepSize(parameters λ: Vector<Element>) -> Element {
    switch step {
    case .fixed(let s): return s
    case .optimal:
      let (smallest, largest) = loss.spectrum
      let ridge = groups.ridge(λ)
      // Without strong convexity 2/L would map the steepest direction onto its mirror image; 1/L does not expand.
      if smallest + ridge <= largest * .ulpOfOne { return largest + ridge > 0 ? 1 / (largest + ridge) : 1 }
      return 2 / (largest + smallest + 2 * ridge)
    }
  }

  /// The objective at the solution is at most that at zero: λ_min ‖w‖₁ + (λ_G/2) ‖w‖² ≤ f(0) − inf f.
  public func solutionNormBound(parameters λ: Vector<Element>) -> Element? {
    let atZero = loss.excessAtZero
    let byStrength = atZero / groups.leastStrength(λ)
    let byRidge = (2 * atZero / groups.ridge(λ)).squareRoot()
    let bound = min(byStrength.isNaN ? .infinity : byStrength, byRidge.isNaN ? .infinity : byRidge)
    return bound.isFinite ? bound : nil
  }

  /// max |1 − s h| over the bounds h on the eigenvalues of the Hessian ∇²f + λ_G I.
  public func contractionBound(parameters λ: Vector<Element>) -> Element? {
    let s = stepSize(parameters: λ)
    let ridge = groups.ridge(λ)
    return max(
      (1 - s * (loss.spectrum.largest + ridge)).magnitude, (1 - s * (loss.spectrum.smallest + ridge)).magnitude)
  }

  public func apply(_ w: Vector<Element>, parameters λ: Vector<Element>, into next: inout Vector<Element>) {
    let s = stepSize(parameters: λ)
    loss.gradient(at: w, into: &gradient)
    next.assign(1 - s * groups.ridge(λ), w, -s, gradient)
    threshold(&next, s, λ)
  }

  /// u ← S_{s λ_g}(u).
  func threshold(_ u: inout Vector<Element>, _ s: Element, _ λ: Vector<Element>) {
    if groups.groupOfFeature == nil {
      SoftThreshold.apply(threshold: s * λ[0], to: &u)
    } else {
      groups.fillStrengths(λ, scale: s, into: &thresholds)
      SoftThreshold.apply(thresholds: thresholds, to: &u)
    }
  }

  public func makeLinearization() -> PenalizedLinearization<Element> {
    PenalizedLinearization(loss.makeHessian(), groups, owner: self)
  }

  public func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into linearization: PenalizedLinearization<Element>,
    value: inout Vector<Element>
  ) {
    open(linearization)
    let s = stepSize(parameters: λ)
    loss.linearize(at: w, into: linearization.hessian, gradient: &gradient)
    value.assign(1 - s * groups.ridge(λ), w, -s, gradient)
    if groups.groupOfFeature != nil { groups.fillStrengths(λ, scale: s, into: &thresholds) }
    linearization.fill(at: w, step: s, parameters: λ, argument: value, thresholds: thresholds, kink: kink)
    threshold(&value, s, λ)
  }

  public func linearize(
    atSolution w: Vector<Element>, parameters λ: Vector<Element>, into linearization: PenalizedLinearization<Element>
  ) { linearize(atSolution: w, parameters: λ, into: linearization, contracting: true) }

  /// A zero of w counts as off the support, which is the rule ``KinkRule/zero``; under the others, and where a strength is
  /// zero, Φ is evaluated to tell the zeros at a kink from those within. Where A1 need not contract the step is 1 unless one was
  /// given: the best one takes the eigenvalues of XᵀX.
  public func linearize(
    atSolution w: Vector<Element>, parameters λ: Vector<Element>, into linearization: PenalizedLinearization<Element>,
    contracting: Bool
  ) {
    guard kink == .zero, groups.leastStrength(λ) > 0 else {
      linearize(at: w, parameters: λ, into: linearization, value: &argument)
      // Soft thresholding may hide a NaN from the products that are asked for.
      if argument.firstNonFinite != nil { linearization.invalidate() }
      return
    }
    open(linearization)
    linearization.fill(
      atSolution: w, step: contracting || step != .optimal ? stepSize(parameters: λ) : 1, parameters: λ)
    loss.fillHessian(at: w, support: linearization.support, into: linearization.hessian)
  }

  /// Makes a linearization ready to be filled.
  private func open(_ linearization: PenalizedLinearization<Element>) {
    precondition(
      linearization.owner === self, "PenalizedMap: the linearization was made by another map, and holds its data")
  }

  /// The smallest λ_{g(j)} − |∇f(w)ⱼ| over the coordinates j with a strength that are zero in w: how far the support of a
  /// solution is from growing. Infinity where there is none; negative where w is not the solution.
  public func dualMargin(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    loss.gradient(at: w, into: &gradient)
    var strengths = Vector<Element>.zeros(w.count)
    groups.fillStrengths(λ, scale: 1, into: &strengths)
    var margin = Element.infinity
    for j in 0..<w.count where w[j] == 0 && strengths[j] > 0 {
      margin = min(margin, strengths[j] - gradient[j].magnitude)
    }
    return margin
  }
}

extension PenalizedMap {
  /// - Parameters:
  ///   - features: X, n × p, dense or sparse.
  ///   - targets: y, n entries.
  public convenience init<E>(
    features: any DesignMatrix<E>, targets: Vector<E>, groups: FeatureGroups = .single, step: Step = .optimal,
    kink: KinkRule = .zero
  ) where Loss == QuadraticLoss<E> {
    self.init(loss: Loss(features: features, targets: targets), groups: groups, step: step, kink: kink)
  }

  /// Dense features; a row-major matrix is copied once.
  public convenience init<E>(
    features: Matrix<E>, targets: Vector<E>, groups: FeatureGroups = .single, step: Step = .optimal,
    kink: KinkRule = .zero
  ) where Loss == QuadraticLoss<E> {
    self.init(loss: Loss(features: features, targets: targets), groups: groups, step: step, kink: kink)
  }

  /// - Parameters:
  ///   - features: X, n × p, dense or sparse.
  ///   - labels: y, n entries −1 or 1.
  public convenience init<E>(
    features: any DesignMatrix<E>, labels: Vector<E>, groups: FeatureGroups = .single, step: Step = .optimal,
    kink: KinkRule = .zero
  ) where Loss == LogisticLoss<E> {
    self.init(loss: Loss(features: features, targets: labels), groups: groups, step: step, kink: kink)
  }

  /// Dense features; a row-major matrix is copied once.
  public convenience init<E>(
    features: Matrix<E>, labels: Vector<E>, groups: FeatureGroups = .single, step: Step = .optimal,
    kink: KinkRule = .zero
  ) where Loss == LogisticLoss<E> {
    self.init(loss: Loss(features: features, targets: labels), groups: groups, step: step, kink: kink)
  }
}

extension PenalizedMap {
  /// Products of length n and p are summed with independent half-ulp errors, so their error grows with the square root
  /// of the length (Higham, Mary, SIAM J. Sci. Comput. 41, 2019); u is the sum of w and −s (∇f(w) + λ_G w).
  public func evaluationError(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let length = Element(loss.sampleCount + loss.featureCount).squareRoot()
    let s = stepSize(parameters: λ)
    let scale = (1 + s * groups.ridge(λ)) * w.norm + s * loss.gradientMagnitude(at: w)
    return Element.ulpOfOne * length * scale
  }
}
