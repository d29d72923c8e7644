public import ImplicitDiff
public import LinAlg

/// Half the mean squared error on held-out rows: `E(w) = ‖X w − y‖²/(2m)`, X m × p. It does not depend on λ.
public final class HeldOutSquaredError<Element: Scalar>: OuterObjective {
  private let features: Matrix<Element>
  private let targets: Vector<Element>
  private var residuals: Vector<Element>
  private var nonzeros: IndexSubset
  private var compact: Vector<Element>
  private var knownLipschitzConstant: Element?

  /// - Precondition: as many targets as rows, and at least one row.
  public init(features: Matrix<Element>, targets: Vector<Element>) {
    precondition(
      features.rows == targets.count && features.rows > 0,
      "HeldOutSquaredError: \(features.rows) × \(features.columns) features with \(targets.count) targets")
    self.features = features.with(layout: .columnMajor)
    self.targets = targets
    residuals = .zeros(targets.count)
    nonzeros = IndexSubset(universe: features.columns)
    compact = .zeros(0)
  }

  /// The norm of XᵀX/m, computed on first use.
  public var gradientLipschitzConstant: Element? {
    if knownLipschitzConstant == nil {
      let spectrum = ExtremalEigenvalues.ofGram(features, scale: 1 / Element(features.rows))
      knownLipschitzConstant = spectrum.largest + spectrum.largestErrorBound
    }
    return knownLipschitzConstant
  }

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
      stateGradient.assignProduct(features.transposed, residuals, alpha: scale)
      return
    }
    if compact.count != support.count { compact = .zeros(support.count) }
    compact.assignProduct(transposedColumns: support, of: features, residuals, alpha: scale)
    stateGradient.scatter(support, from: compact)
  }

  /// residuals ← X w − y, reading only the columns where w is not zero when they are few.
  private func fillResiduals(_ w: Vector<Element>) {
    nonzeros.refill(nonzerosOf: w)
    if 2 * nonzeros.count >= w.count {
      residuals.assignProduct(features, w)
      residuals.add(-1, targets)
      return
    }
    if compact.count != nonzeros.count { compact = .zeros(nonzeros.count) }
    compact.gather(nonzeros, from: w)
    residuals.combine(-1, targets, 0)
    residuals.addProduct(columns: nonzeros, of: features, compact)
  }
}
