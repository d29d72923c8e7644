public import ImplicitDiff
public import LinAlg

/// Half the mean squared error on held-out rows: `E(w) = ‖X w − y‖²/(2m)`, X m × p. It does not depend on λ.
public final class HeldOutSquaredError<Element: Scalar>: OuterObjective {
  private let features: Matrix<Element>
  private let targets: Vector<Element>
  private var residuals: Vector<Element>
  private var nonzeros: IndexSubset
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
    guard let support, 4 * support.count < w.count else {
      stateGradient.assignProduct(features.transposed, residuals, alpha: scale)
      return
    }
    stateGradient.fill(0)
    for k in 0..<support.count { stateGradient[support[k]] = scale * features.column(support[k]).dot(residuals) }
  }

  /// residuals ← X w − y, reading only the columns where w is not zero when they are few.
  private func fillResiduals(_ w: Vector<Element>) {
    if 4 * w.nonzeroCount >= w.count {
      residuals.assignProduct(features, w)
      residuals.add(-1, targets)
      return
    }
    residuals.combine(-1, targets, 0)
    nonzeros.refill(nonzerosOf: w)
    for k in 0..<nonzeros.count {
      let j = nonzeros[k]
      residuals.add(w[j], features.column(j))
    }
  }
}
