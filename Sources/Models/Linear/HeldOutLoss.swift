public import ImplicitDiff
public import LinAlg

/// Half the mean squared error on held-out rows: `E(w) = ‖X w − y‖²/(2m)`.
public typealias HeldOutSquaredError<Element: Scalar> = HeldOutLoss<QuadraticLoss<Element>>

/// The mean logistic loss on held-out rows with labels ±1.
public typealias HeldOutLogisticLoss<Element: Scalar> = HeldOutLoss<LogisticLoss<Element>>

/// A ``SmoothLoss`` on held-out rows as the outer objective, X m × p. It does not depend on λ.
public final class HeldOutLoss<Loss: SmoothLoss>: OuterObjective {
  public typealias Element = Loss.Element
  let loss: Loss
  private var scores: Vector<Element>
  private var residuals: Vector<Element>
  private var nonzeros: IndexSubset
  private var compact: Vector<Element>

  /// - Precondition: that of the loss: as many targets as rows, at least one row.
  public init(features: any DesignMatrix<Element>, targets: Vector<Element>, samples: SampleTerms<Element> = .none) {
    loss = Loss(features: features, targets: targets, samples: samples)
    scores = .zeros(targets.count)
    residuals = .zeros(targets.count)
    nonzeros = IndexSubset(universe: features.columns)
    compact = .zeros(0)
  }

  /// Dense features; a row-major matrix is copied once.
  public convenience init(features: Matrix<Element>, targets: Vector<Element>) {
    self.init(features: DenseDesign(features), targets: targets)
  }

  /// sup ℓ″ ‖X_S‖²_F/m, by the norms of the support's columns.
  public func gradientLipschitzConstant(on support: IndexSubset) -> Element? {
    let frobenius = frobeniusNorm(of: support)
    return loss.curvatureBound * frobenius * frobenius / Element(scores.count)
  }

  /// A bound on ‖X_S‖_F, its own rounding counted in.
  private func frobeniusNorm(of S: IndexSubset) -> Element {
    var norms = Vector<Element>.zeros(S.count)
    loss.features.squaredColumnNorms(S, weights: nil, into: &norms)
    let count = Element(scores.count + S.count + 8)
    // A square that underflows errs by at most the smallest normal number.
    let lost = Element(scores.count) * Element(S.count) * .leastNormalMagnitude
    return ((norms.oneNorm + lost) * (1 + count * .ulpOfOne)).squareRoot()
  }

  /// Sums in whatever order err by as many half-ulps of the sum of their terms' absolute values as they have terms; an ulp each is
  /// taken. The gradient's terms are X_Sᵀ r/m, r at scores that are sums over the nonzeros of w.
  public func gradientRoundingErrors(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset
  ) -> (state: Element, parameters: Element)? {
    _ = fillResiduals(w)
    let ulp = Element.ulpOfOne
    let m = Element(scores.count)
    let nonzeros = IndexSubset(nonzerosOf: w)
    let lost = m * .leastNormalMagnitude
    let scoreError =
      Element(loss.features.rowTerms(columns: nonzeros) + 8) * ulp * frobeniusNorm(of: nonzeros) * w.norm + lost
    let residualError = loss.residualError(residuals, scoreError: scoreError)
    let frobenius = frobeniusNorm(of: support)
    let terms = Element(loss.features.columnTerms + 8)
    return (frobenius * (terms * ulp * residuals.norm + residualError) / m + lost, 0)
  }

  /// 0: the loss does not depend on λ.
  public var parameterGradientLipschitzConstant: Element? { 0 }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element { fillResiduals(w) }

  public func gradient(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset?,
    state stateGradient: inout Vector<Element>,
    parameters parameterGradient: inout Vector<Element>
  ) {
    _ = fillResiduals(w)
    parameterGradient.fill(0)
    let scale = -1 / Element(scores.count)
    guard let support, 2 * support.count < w.count else {
      loss.features.multiplyTransposed(residuals, alpha: scale, beta: 0, into: &stateGradient)
      return
    }
    if compact.count != support.count { compact = .zeros(support.count) }
    loss.features.multiplyTransposed(columns: support, residuals, alpha: scale, into: &compact)
    stateGradient.scatter(support, from: compact)
  }

  /// The residuals at the scores X w, reading only the columns where w is not zero when they are few; the loss.
  private func fillResiduals(_ w: Vector<Element>) -> Element {
    nonzeros.refill(nonzerosOf: w)
    if 2 * nonzeros.count >= w.count {
      loss.features.multiply(w, alpha: 1, beta: 0, into: &scores)
    } else {
      if compact.count != nonzeros.count { compact = .zeros(nonzeros.count) }
      compact.gather(nonzeros, from: w)
      scores.fill(0)
      loss.features.addProduct(columns: nonzeros, compact, to: &scores)
    }
    return loss.value(scores: scores, residuals: &residuals)
  }
}

extension HeldOutLoss {
  /// The share of held-out rows whose score has the sign of their label.
  public func accuracy<E>(at w: Vector<E>) -> Double where Loss == LogisticLoss<E> {
    _ = fillResiduals(w)
    let shifted = loss.samples.shifted(scores)
    return Double((0..<scores.count).count { shifted[$0] * loss.targets[$0] > 0 }) / Double(scores.count)
  }
}
