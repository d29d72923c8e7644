public import ImplicitDiff
public import LinAlg
public import NonsmoothMaps

/// The proximal-gradient map of the elastic net `‖X w − y‖²/(2n) + λ1 ‖w‖₁ + (λ2/2) ‖w‖²`:
/// `Φ(w, λ) = S_{s λ1}(w − s (∇f(w) + λ2 w))`, λ = (λ1, λ2), S soft thresholding.
///
/// Its fixed point is the minimizer for every step s; in the derivative s counts as a constant, because the fixed point
/// does not depend on it. At a kink, |u| = s λ1 for u = w − s (∇f(w) + λ2 w), the ``KinkRule`` decides.
public final class ElasticNetMap<Element: Scalar>: FixedPointMap {
  /// How the step size s is chosen.
  public enum Step: Sendable, Equatable {
    /// s = 2/(L + μ + 2 λ2), L and μ the extreme eigenvalues of XᵀX/n: the smallest contraction factor,
    /// q = (L − μ)/(L + μ + 2 λ2). Without strong convexity, μ + λ2 = 0, it is 1/L.
    case optimal
    /// Given; the map contracts only below 2/(L + λ2).
    case fixed(Element)
  }

  public let loss: QuadraticLoss<Element>
  public let step: Step
  public let kink: KinkRule
  private var gradient: Vector<Element>
  private lazy var argument = Vector<Element>.zeros(stateCount)

  public init(loss: QuadraticLoss<Element>, step: Step = .optimal, kink: KinkRule = .zero) {
    self.loss = loss
    self.step = step
    self.kink = kink
    gradient = .zeros(loss.featureCount)
  }

  /// - Parameters:
  ///   - features: X, n × p, dense or sparse.
  ///   - targets: y, n entries.
  public convenience init(
    features: any DesignMatrix<Element>, targets: Vector<Element>, step: Step = .optimal, kink: KinkRule = .zero
  ) {
    self.init(loss: QuadraticLoss(features: features, targets: targets), step: step, kink: kink)
  }

  /// Dense features; a row-major matrix is copied once.
  public convenience init(
    features: Matrix<Element>, targets: Vector<Element>, step: Step = .optimal, kink: KinkRule = .zero
  ) {
    self.init(loss: QuadraticLoss(features: features, targets: targets), step: step, kink: kink)
  }

  public var stateCount: Int { loss.featureCount }
  public var parameterCount: Int { 2 }

  /// s for these parameters.
  public func stepSize(parameters λ: Vector<Element>) -> Element {
    switch step {
    case .fixed(let s): return s
    case .optimal:
      let (smallest, largest) = loss.spectrum
      // Without strong convexity 2/L would map the steepest direction onto its mirror image; 1/L does not expand.
      if smallest + λ[1] <= largest * .ulpOfOne { return largest + λ[1] > 0 ? 1 / (largest + λ[1]) : 1 }
      return 2 / (largest + smallest + 2 * λ[1])
    }
  }

  /// max |1 − s h| over the eigenvalues h of the Hessian XᵀX/n + λ2 I.
  public func contractionBound(parameters λ: Vector<Element>) -> Element? {
    let s = stepSize(parameters: λ)
    return max(
      (1 - s * (loss.spectrum.largest + λ[1])).magnitude, (1 - s * (loss.spectrum.smallest + λ[1])).magnitude)
  }

  public func apply(_ w: Vector<Element>, parameters λ: Vector<Element>, into next: inout Vector<Element>) {
    let s = stepSize(parameters: λ)
    forwardStep(w, s, λ[1], into: &next)
    SoftThreshold.apply(threshold: s * λ[0], to: &next)
  }

  /// u ← w − s (∇f(w) + λ2 w).
  private func forwardStep(_ w: Vector<Element>, _ s: Element, _ λ2: Element, into u: inout Vector<Element>) {
    loss.gradient(at: w, into: &gradient)
    u.assign(1 - s * λ2, w, -s, gradient)
  }

  public func makeLinearization() -> ElasticNetLinearization<Element> { ElasticNetLinearization(loss) }

  public func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into linearization: ElasticNetLinearization<Element>,
    value: inout Vector<Element>
  ) {
    let s = stepSize(parameters: λ)
    forwardStep(w, s, λ[1], into: &value)
    linearization.fill(at: w, step: s, λ2: λ[1], argument: value, threshold: s * λ[0], kink: kink)
    SoftThreshold.apply(threshold: s * λ[0], to: &value)
  }

  /// A zero of w counts as off the support, which is the rule ``KinkRule/zero``; under the others Φ is evaluated to tell
  /// the zeros at a kink from those within.
  public func linearize(
    atSolution w: Vector<Element>, parameters λ: Vector<Element>, into linearization: ElasticNetLinearization<Element>
  ) {
    guard kink == .zero, λ[0] > 0 else {
      linearize(at: w, parameters: λ, into: linearization, value: &argument)
      return
    }
    linearization.fill(atSolution: w, step: stepSize(parameters: λ), λ2: λ[1])
  }

  /// The smallest λ1 − |∇f(w)ⱼ| over the coordinates j that are zero in w: how far the support of a solution is from
  /// growing. Infinity where no coordinate is zero; negative where w is not the solution.
  public func dualMargin(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    loss.gradient(at: w, into: &gradient)
    var margin = Element.infinity
    for j in 0..<w.count where w[j] == 0 { margin = min(margin, λ[0] - gradient[j].magnitude) }
    return margin
  }
}

extension ElasticNetMap: CertifiableMap {
  /// 0: on a piece, Φ is affine in w.
  public func stateJacobianLipschitzConstant(parameters λ: Vector<Element>) -> Element { 0 }

  /// s: the column of A2 for λ2 is −s D w.
  public func parameterJacobianLipschitzConstant(parameters λ: Vector<Element>) -> Element { stepSize(parameters: λ) }

  /// Products of length n and p are summed with independent half-ulp errors, so their error grows with the square root
  /// of the length (Higham, Mary, SIAM J. Sci. Comput. 41, 2019); u is the sum of w, s XᵀX w / n ≤ 2 ‖w‖ and s Xᵀy / n.
  /// The terms of Xᵀy may cancel, so its error is measured by ‖X‖_F ‖y‖, which bounds the sums of their absolute values.
  public func evaluationError(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let length = Element(loss.sampleCount + loss.featureCount).squareRoot()
    let products = (loss.squaredColumnNorms.oneNorm).squareRoot() * loss.targets.norm / Element(loss.sampleCount)
    let scale = 3 * w.norm + stepSize(parameters: λ) * products
    return Element.ulpOfOne * length * scale
  }
}
