public import ImplicitDiff
public import LinAlg
import NonsmoothMaps

/// f(W, Γ) = mean over samples of −log softmax(Wᵀ xᵢ)_{yᵢ} + (λ2/2) ‖W‖² as a function of a shift Γ of some training rows, xᵢ + γᵢ.
///
/// W is p × c, class by class; the parameter Γ has one row of p entries per poisoned sample, in the order of `poisoned`. The features may be sparse
/// and stay so, the shift is dense.
public final class PoisonedMultinomial<Element: Scalar>: SmoothFunction {
  public let loss: MultinomialLoss<Element>
  /// The indices of the shifted rows.
  public let poisoned: [Int]
  /// λ2.
  public let ridge: Element
  /// The row that a training row's shift has in Γ; −1 for clean rows.
  let shiftRow: [Int]
  let batches: MultinomialBatches<Element>
  /// What the batches' probabilities belong to.
  var sampled: (w: Vector<Element>, shift: Vector<Element>)?
  var rowGradients: Matrix<Element>
  /// That of XᵀX/n for the clean data.
  private let largestEigenvalue: Element
  /// The shift that the features have now; nil before the first.
  private var current: Vector<Element>?

  /// Dense features; a column-major matrix is copied once.
  ///
  /// - Precondition: the ridge is not negative; `poisoned` are distinct rows.
  public convenience init(
    features: Matrix<Element>, labels: [Int], classCount: Int, poisoned: [Int], ridge: Element
  ) { self.init(DenseFeatures(features, shifted: poisoned), labels, classCount, poisoned, ridge) }

  /// Features of any design, dense or sparse.
  ///
  /// - Precondition: the ridge is not negative; `poisoned` are distinct rows.
  public convenience init(
    features: any DesignMatrix<Element>, labels: [Int], classCount: Int, poisoned: [Int], ridge: Element
  ) {
    Self.requireRows(poisoned, of: features.rows)
    self.init(shiftedFeatures(features, shifted: poisoned), labels, classCount, poisoned, ridge)
  }

  private init(
    _ features: any ShiftedFeatures<Element>, _ labels: [Int], _ classCount: Int, _ poisoned: [Int], _ ridge: Element
  ) {
    precondition(ridge >= 0, "PoisonedMultinomial: the ridge cannot be negative (\(ridge))")
    Self.requireRows(poisoned, of: features.rows)
    loss = MultinomialLoss(features, labels: labels, classCount: classCount)
    self.poisoned = poisoned
    self.ridge = ridge
    var shiftRow = Array(repeating: -1, count: features.rows)
    for (k, i) in poisoned.enumerated() { shiftRow[i] = k }
    self.shiftRow = shiftRow
    batches = MultinomialBatches(loss)
    rowGradients = .zeros(1, features.columns, layout: .rowMajor)
    let spectrum = features.gramSpectrum(scale: 1 / Element(features.rows))
    largestEigenvalue = spectrum.largest + spectrum.largestErrorBound
  }

  private static func requireRows(_ poisoned: [Int], of n: Int) {
    precondition(
      Set(poisoned).count == poisoned.count && poisoned.allSatisfy { $0 >= 0 && $0 < n },
      "PoisonedMultinomial: poisoned rows must be distinct and within 0 ..< \(n)")
  }

  public var stateCount: Int { loss.stateCount }
  public var parameterCount: Int { poisoned.count * loss.featureCount }

  /// 2/(L/2 + 2 λ2) for the clean data's L.
  var cleanStep: Element { 2 / (largestEigenvalue / 2 + 2 * ridge) }

  /// The poisoned rows with a shift, xᵢ + γᵢ, one row of p entries per poisoned sample.
  public func poisonedRows(shift Γ: Vector<Element>) -> Matrix<Element> {
    requireFit(Γ)
    return loss.features.shiftedRows(by: Γ)
  }

  private func requireFit(_ Γ: Vector<Element>) {
    precondition(
      Γ.count == parameterCount,
      "PoisonedMultinomial: a shift of \(Γ.count) entries for \(poisoned.count) rows of \(loss.featureCount)")
  }

  /// Shifts the rows by Γ unless they are already.
  func shift(by Γ: Vector<Element>) {
    requireFit(Γ)
    // The reference kept here makes the memory shared, so nobody can write into it: same memory, same numbers.
    if let current, current.sharesMemory(with: Γ) { return }
    loss.features.shift(by: Γ)
    current = Γ
  }

  public func value(at w: Vector<Element>, parameters Γ: Vector<Element>) -> Element {
    shift(by: Γ)
    return loss.value(at: w) + ridge / 2 * w.dot(w)
  }

  public func gradient(at w: Vector<Element>, parameters Γ: Vector<Element>, into g: inout Vector<Element>) {
    shift(by: Γ)
    loss.gradient(at: w, into: &g)
    g.add(ridge, w)
  }

  public func makeHessian() -> PoisonedHessian<Element> { PoisonedHessian(self) }

  public func linearize(
    at w: Vector<Element>, parameters Γ: Vector<Element>, into H: PoisonedHessian<Element>,
    gradient g: inout Vector<Element>
  ) {
    H.fill(at: w, shift: Γ)
    loss.gradient(probabilities: H.probabilities, into: &g)
    g.add(ridge, w)
  }

  public func fillHessian(
    at w: Vector<Element>, parameters Γ: Vector<Element>, support: IndexSubset, into H: PoisonedHessian<Element>
  ) { H.fill(at: w, shift: Γ) }

  public func addMixedDerivative(
    _ dΓ: Vector<Element>, at w: Vector<Element>, parameters Γ: Vector<Element>, hessian H: PoisonedHessian<Element>,
    scale α: Element, to x: inout Vector<Element>
  ) { H.addMixedDerivative(dΓ, at: w, scale: α, to: &x) }

  public func addMixedDerivativeAdjoint(
    _ v: Vector<Element>, at w: Vector<Element>, parameters Γ: Vector<Element>, hessian H: PoisonedHessian<Element>,
    scale α: Element, to r: inout Vector<Element>
  ) { H.addMixedDerivativeAdjoint(v, at: w, scale: α, to: &r) }

  /// With a shift ‖X‖ ≤ ‖X₀‖ + ‖Γ‖_F.
  public func curvatureBounds(parameters Γ: Vector<Element>) -> (smallest: Element, largest: Element) {
    let root = largestEigenvalue.squareRoot() + Γ.norm / Element(loss.sampleCount).squareRoot()
    return (ridge, root * root * (1 + 8 * .ulpOfOne) / 2 + ridge)
  }

  /// The triangle inequality is rarely sharp.
  public var curvatureBoundsAreAttained: Bool { false }

  public func lowerModel(parameters Γ: Vector<Element>) -> (excess: Element, curvature: Element)? {
    (loss.excessAtZero, ridge)
  }

  public func gradientMagnitude(at w: Vector<Element>, parameters Γ: Vector<Element>) -> Element {
    let largest = 2 * (curvatureBounds(parameters: Γ).largest - ridge)
    return loss.gradientMagnitude(at: w, largestEigenvalue: largest, ridge: ridge)
  }
}
