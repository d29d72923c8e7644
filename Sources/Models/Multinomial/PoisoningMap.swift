public import ImplicitDiff
public import LinAlg
public import NonsmoothMaps

/// Data poisoning: the proximal-gradient map of multinomial logistic regression with the elastic net,
/// `mean cross-entropy + λ1 ‖W‖₁ + (λ2/2) ‖W‖²`, as a function of a shift Γ of some training rows.
///
/// The unknown is W (p × c, class by class), the parameter is Γ: one row of p entries per poisoned sample, in the order of
/// `poisoned`. The features may be sparse and stay so, the shift is dense. The strengths are fixed. `Φ(W, Γ) = S_{s λ1}(W − s (∇f_Γ(W) + λ2 W))`.
public final class PoisoningMap<Element: Scalar>: FixedPointMap {
  /// How the step size s is chosen.
  public enum Step: Sendable, Equatable {
    /// s = 2/(L/2 + 2 λ2), L the largest eigenvalue of XᵀX/n of the clean data: the softmax's Jacobian is at most ½, so the
    /// Hessian lies between λ2 and L/2 + λ2 (up to the shift).
    case bounded
    /// Given.
    case fixed(Element)
  }

  public let loss: MultinomialLoss<Element>
  /// The indices of the shifted rows.
  public let poisoned: [Int]
  public let λ1: Element
  public let λ2: Element
  public let kink: KinkRule
  public let stepSize: Element
  /// The row that a training row's shift has in Γ; −1 for clean rows.
  let shiftRow: [Int]
  private let largestEigenvalue: Element
  private var current: Vector<Element>?
  private var gradient: Vector<Element>
  private lazy var argument = Vector<Element>.zeros(stateCount)

  /// Dense features; a column-major matrix is copied once.
  ///
  /// - Precondition: the strengths are not negative; `poisoned` are distinct rows.
  public convenience init(
    features: Matrix<Element>, labels: [Int], classCount: Int, poisoned: [Int], λ1: Element, λ2: Element,
    step: Step = .bounded, kink: KinkRule = .zero
  ) {
    self.init(
      DenseFeatures(features, shifted: poisoned), labels, classCount, poisoned, λ1, λ2, step, kink)
  }

  /// Features of any design, dense or sparse.
  ///
  /// - Precondition: the strengths are not negative; `poisoned` are distinct rows.
  public convenience init(
    features: any DesignMatrix<Element>, labels: [Int], classCount: Int, poisoned: [Int], λ1: Element, λ2: Element,
    step: Step = .bounded, kink: KinkRule = .zero
  ) {
    precondition(
      poisoned.allSatisfy { $0 >= 0 && $0 < features.rows },
      "PoisoningMap: poisoned rows must be within 0 ..< \(features.rows)")
    self.init(
      shiftedFeatures(features, shifted: poisoned), labels, classCount, poisoned, λ1, λ2, step, kink)
  }

  private init(
    _ features: any ShiftedFeatures<Element>, _ labels: [Int], _ classCount: Int, _ poisoned: [Int], _ λ1: Element,
    _ λ2: Element, _ step: Step, _ kink: KinkRule
  ) {
    precondition(λ1 >= 0 && λ2 >= 0, "PoisoningMap: strengths cannot be negative (\(λ1), \(λ2))")
    precondition(
      Set(poisoned).count == poisoned.count && poisoned.allSatisfy { $0 >= 0 && $0 < features.rows },
      "PoisoningMap: poisoned rows must be distinct and within 0 ..< \(features.rows)")
    loss = MultinomialLoss(features, labels: labels, classCount: classCount)
    self.poisoned = poisoned
    self.λ1 = λ1
    self.λ2 = λ2
    self.kink = kink
    var shiftRow = Array(repeating: -1, count: features.rows)
    for (k, i) in poisoned.enumerated() { shiftRow[i] = k }
    self.shiftRow = shiftRow
    let spectrum = features.gramSpectrum(scale: 1 / Element(features.rows))
    largestEigenvalue = spectrum.largest + spectrum.largestErrorBound
    stepSize =
      switch step {
      case .bounded: 2 / (largestEigenvalue / 2 + 2 * λ2)
      case .fixed(let s): s
      }
    gradient = .zeros(loss.stateCount)
  }

  public var stateCount: Int { loss.stateCount }
  public var parameterCount: Int { poisoned.count * loss.featureCount }

  /// max |1 − s h| over 0 ≤ h − λ2 ≤ L/2, with L = (‖X₀‖ + ‖Γ‖_F)²/n for a shift Γ. Where that does not prove a contraction with a shift, nil: the
  /// triangle inequality is rarely sharp, so the map may well contract.
  public func contractionBound(parameters Γ: Vector<Element>) -> Element? {
    let root = largestEigenvalue.squareRoot() + Γ.norm / Element(loss.sampleCount).squareRoot()
    let largest = root * root * (1 + 8 * .ulpOfOne)
    let bound = max((1 - stepSize * λ2).magnitude, (1 - stepSize * (largest / 2 + λ2)).magnitude)
    return bound < 1 || Γ.nonzeroCount == 0 ? bound : nil
  }

  /// The poisoned rows with a shift, xᵢ + γᵢ, one row of p entries per poisoned sample.
  public func poisonedRows(shift Γ: Vector<Element>) -> Matrix<Element> {
    precondition(
      Γ.count == parameterCount,
      "PoisoningMap: a shift of \(Γ.count) entries for \(poisoned.count) rows of \(loss.featureCount)")
    return loss.features.shiftedRows(by: Γ)
  }

  /// Shifts the rows by Γ unless they are already.
  func poison(_ Γ: Vector<Element>) {
    precondition(
      Γ.count == parameterCount,
      "PoisoningMap: a shift of \(Γ.count) entries for \(poisoned.count) rows of \(loss.featureCount)")
    // The reference kept here makes the memory shared, so nobody can write into it: same memory, same numbers.
    if let current, current.sharesMemory(with: Γ) { return }
    loss.features.shift(by: Γ)
    current = Γ
  }

  /// u ← W − s (∇f(W) + λ2 W).
  private func forwardStep(_ w: Vector<Element>, into u: inout Vector<Element>) {
    loss.gradient(at: w, into: &gradient)
    u.assign(1 - stepSize * λ2, w, -stepSize, gradient)
  }

  public func apply(_ w: Vector<Element>, parameters Γ: Vector<Element>, into next: inout Vector<Element>) {
    poison(Γ)
    forwardStep(w, into: &next)
    SoftThreshold.apply(threshold: stepSize * λ1, to: &next)
  }

  public func makeLinearization() -> PoisoningLinearization<Element> { PoisoningLinearization(self) }

  public func linearize(
    at w: Vector<Element>, parameters Γ: Vector<Element>, into linearization: PoisoningLinearization<Element>,
    value: inout Vector<Element>
  ) {
    poison(Γ)
    forwardStep(w, into: &value)
    linearization.fill(at: w, shift: Γ, argument: value, threshold: stepSize * λ1, kink: kink)
    SoftThreshold.apply(threshold: stepSize * λ1, to: &value)
  }

  /// Reads the support off w under ``KinkRule/zero``, and evaluates Φ under the other rules.
  public func linearize(
    atSolution w: Vector<Element>, parameters Γ: Vector<Element>, into linearization: PoisoningLinearization<Element>
  ) {
    guard kink == .zero, λ1 > 0 else {
      linearize(at: w, parameters: Γ, into: linearization, value: &argument)
      return
    }
    poison(Γ)
    linearization.fill(at: w, shift: Γ, argument: w, threshold: nil, kink: .zero)
  }
}
