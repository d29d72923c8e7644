public import ImplicitDiff
public import LinAlg
import NonsmoothMaps

/// [A1, A2] of the poisoning map at (W, Γ): `A1 = D (I − s (∇²f + λ2 I))` and, for a shift dΓ with rows dxᵢ,
/// `A2 dΓ = −(s/n) D Σᵢ (dxᵢ rᵢᵀ + xᵢ (Jᵢ Wᵀ dxᵢ)ᵀ)`, rᵢ = pᵢ − e_{yᵢ}, Jᵢ = diag(pᵢ) − pᵢ pᵢᵀ.
public final class PoisoningLinearization<Element: Scalar>: Linearization {
  fileprivate let map: PoisoningMap<Element>
  private var w: Vector<Element>
  /// The shift that the linearization belongs to; the map may have seen others since.
  private let shift: KnownShift<Element>
  /// ∇²f + λ2 I.
  private let hessian: MultinomialHessian<Element>
  private var product: Vector<Element>
  /// The poisoned rows of X, of P and of P − Y, and a scratch of the latter's shape.
  private let poisonedFeatures: any FeatureRows<Element>
  private var poisonedProbabilities: Matrix<Element>
  private var poisonedResiduals: Matrix<Element>
  private var poisonedScores: Matrix<Element>

  public private(set) var derivative: Vector<Element>
  public private(set) var support: IndexSubset
  public private(set) var derivativeIsMask = true

  init(_ map: PoisoningMap<Element>) {
    self.map = map
    let c = map.loss.classCount
    let m = map.poisoned.count
    w = .zeros(map.stateCount)
    let shift = KnownShift<Element>(.zeros(map.parameterCount))
    self.shift = shift
    hessian = MultinomialHessian(map.loss) { map.poison(shift.value) }
    product = .zeros(map.stateCount)
    derivative = .zeros(map.stateCount)
    support = IndexSubset(universe: map.stateCount)
    poisonedFeatures = map.loss.features.makeRows()
    poisonedProbabilities = .zeros(m, c, layout: .rowMajor)
    poisonedResiduals = .zeros(m, c, layout: .rowMajor)
    poisonedScores = .zeros(m, c, layout: .rowMajor)
  }

  public var step: Element { map.stepSize }
  public var state: PoisoningStateOperator<Element> { PoisoningStateOperator(self) }
  public var parameters: PoisoningParameterOperator<Element> { PoisoningParameterOperator(self) }
  public var structure: LinearizationStructure<Element> { .proximalGradient(self) }

  /// - Parameter threshold: that of the proximal map whose argument u is; nil where u is its value.
  func fill(
    at w: Vector<Element>, shift Γ: Vector<Element>, argument u: Vector<Element>, threshold: Element?, kink: KinkRule
  ) {
    self.w.copy(from: w)
    shift.value = Γ
    hessian.fill(at: w, ridge: map.λ2)
    if let threshold {
      SoftThreshold.derivative(at: u, threshold: threshold, kink: kink, into: &derivative)
      derivativeIsMask = kink != .midpoint || SoftThreshold.margin(at: u, threshold: threshold) != 0
    } else {
      SoftThreshold.derivative(ofValue: u, into: &derivative)
      derivativeIsMask = true
    }
    support.refill(nonzerosOf: derivative)
    poisonedFeatures.fill(map.poisoned)
    poisonedProbabilities.gatherRows(map.poisoned, from: hessian.probabilities)
    poisonedResiduals.copy(from: poisonedProbabilities)
    for (k, i) in map.poisoned.enumerated() { poisonedResiduals.subtractLabel(map.loss.labels[i], fromRow: k) }
  }

  // MARK: - A1

  fileprivate func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    map.poison(shift.value)
    hessian.applyLoss(x, into: &y)
    y.combine(1 - step * map.λ2, x, -step)
    y.scale(by: derivative)
  }

  fileprivate func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) {
    product.assignProduct(derivative, y)
    hessian.applyLoss(product, into: &x)
    x.combine(1 - step * map.λ2, product, -step)
  }

  // MARK: - A2

  /// y ← A2 dΓ.
  fileprivate func applyParameters(_ shift: Vector<Element>, into y: inout Vector<Element>) {
    let p = map.loss.featureCount
    let dX = Matrix(rowsOf: shift, columns: p)
    let scale = -step / Element(map.loss.sampleCount)
    poisonedScores.assignProduct(dX, map.loss.weights(w))
    let s = poisonedScores.mutableBase()
    Element._softmaxJacobianRows(map.poisoned.count, map.loss.classCount, 1, poisonedProbabilities.base, s, s)
    y.withColumns(rows: p) { Y in
      Y.assignProduct(dX.transposed, poisonedResiduals, alpha: scale)
      poisonedFeatures.multiplyTransposed(poisonedScores, alpha: scale, beta: 1, into: &Y)
    }
    y.scale(by: derivative)
  }

  /// dΓ ← A2ᵀ v: row i is −(s/n) (V rᵢ + W Jᵢ Vᵀ xᵢ) with V = D v.
  fileprivate func applyParametersAdjoint(_ v: Vector<Element>, into shift: inout Vector<Element>) {
    let p = map.loss.featureCount
    let scale = -step / Element(map.loss.sampleCount)
    product.assignProduct(derivative, v)
    let V = map.loss.weights(product)
    poisonedFeatures.multiply(V, into: &poisonedScores)
    let s = poisonedScores.mutableBase()
    Element._softmaxJacobianRows(map.poisoned.count, map.loss.classCount, 1, poisonedProbabilities.base, s, s)
    shift.withRows(columns: p) { dX in
      dX.assignProduct(poisonedResiduals, V.transposed, alpha: scale)
      dX.assignProduct(poisonedScores, map.loss.weights(w).transposed, alpha: scale, beta: 1)
    }
  }
}

extension PoisoningLinearization: ProximalGradientStructure {
  /// A shift moves the gradient alone: A2 = −s D ∂_Γ∇f.
  public var parametersLieInRange: Bool { true }

  public func assembleHessian(into H: inout Matrix<Element>) { hessian.assemble(on: support, into: &H) }
  public var costs: AdjointCosts { hessian.costs(on: support) }
  public func makeRestrictedHessian() -> any LinearOperator<Element> { hessian.restricted(to: support) }
}

/// A shift, shared by what has to bring it back.
private final class KnownShift<Element: Scalar> {
  var value: Vector<Element>
  init(_ value: Vector<Element>) { self.value = value }
}

/// A1 of the poisoning map as an operator.
public struct PoisoningStateOperator<Element: Scalar>: AdjointableOperator {
  private let linearization: PoisoningLinearization<Element>
  init(_ linearization: PoisoningLinearization<Element>) { self.linearization = linearization }
  public var rows: Int { linearization.map.stateCount }
  public var columns: Int { linearization.map.stateCount }
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) { linearization.apply(x, into: &y) }
  public func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) {
    linearization.applyAdjoint(y, into: &x)
  }
}

/// A2 of the poisoning map as an operator, p c × (rows of Γ) p.
public struct PoisoningParameterOperator<Element: Scalar>: AdjointableOperator {
  private let linearization: PoisoningLinearization<Element>
  init(_ linearization: PoisoningLinearization<Element>) { self.linearization = linearization }
  public var rows: Int { linearization.map.stateCount }
  public var columns: Int { linearization.map.parameterCount }
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    linearization.applyParameters(x, into: &y)
  }
  public func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) {
    linearization.applyParametersAdjoint(y, into: &x)
  }
}
