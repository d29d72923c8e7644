public import ImplicitDiff
public import LinAlg

/// Half the mean squared error on held-out rows: `E(w) = ‖X w − y‖²/(2m)`, X m × p. It does not depend on λ.
public final class HeldOutSquaredError<Element: Scalar>: OuterObjective {
  private let features: any DesignMatrix<Element>
  private let targets: Vector<Element>
  private var residuals: Vector<Element>
  private var nonzeros: IndexSubset
  private var compact: Vector<Element>
  private var knownLipschitzConstant: Element?

  /// - Precondition: as many targets as rows, and at least one row.
  public init(features: any DesignMatrix<Element>, targets: Vector<Element>) {
    precondition(
      features.rows == targets.count && features.rows > 0,
      "HeldOutSquaredError: \(features.rows) × \(features.columns) features with \(targets.count) targets")
    self.features = features
    self.targets = targets
    residuals = .zeros(targets.count)
    nonzeros = IndexSubset(universe: features.columns)
    compact = .zeros(0)
  }

  /// Dense features; a row-major matrix is copied once.
  public convenience init(features: Matrix<Element>, targets: Vector<Element>) {
    self.init(features: DenseDesign(features), targets: targets)
  }

  /// The norm of XᵀX/m, computed on first use.
  public var gradientLipschitzConstant: Element? {
    if knownLipschitzConstant == nil {
      let spectrum = features.gramSpectrum(scale: 1 / Element(features.rows))
      knownLipschitzConstant = spectrum.largest + spectrum.largestErrorBound
    }
    return knownLipschitzConstant
  }

  /// 0: the loss does not depend on λ.
  public var parameterGradientLipschitzConstant: Element? { 0 }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    fillResiduals(w)
    return residuals.dot(residuals) / (2 * Element(targets.count))
  }

  public func gradient(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset?,
    state stateGradient: inout Vector<Element>,
    parameters parameterGradient: inout Vector<Element>
  ) {
    fillResiduals(w)
    parameterGradient.fill(0)
    let scale = 1 / Element(targets.count)
    guard let support, 2 * support.count < w.count else {
      features.multiplyTransposed(residuals, alpha: scale, beta: 0, into: &stateGradient)
      return
    }
    if compact.count != support.count { compact = .zeros(support.count) }
    features.multiplyTransposed(columns: support, residuals, alpha: scale, into: &compact)
    stateGradient.scatter(support, from: compact)
  }

  /// residuals ← X w − y, reading only the columns where w is not zero when they are few.
  private func fillResiduals(_ w: Vector<Element>) {
    nonzeros.refill(nonzerosOf: w)
    if 2 * nonzeros.count >= w.count {
      features.multiply(w, alpha: 1, beta: 0, into: &residuals)
      residuals.add(-1, targets)
      return
    }
    if compact.count != nonzeros.count { compact = .zeros(nonzeros.count) }
    compact.gather(nonzeros, from: w)
    residuals.combine(-1, targets, 0)
    features.addProduct(columns: nonzeros, compact, to: &residuals)
  }
}
