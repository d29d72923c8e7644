public import LinAlg

/// ∇²f of a ``PoisonedMultinomial`` f at a point and a shift, with what its derivative by the shift needs: the poisoned rows of X, P and P − Y. It brings
/// the features back to its shift before it uses them, since f may have seen others since.
public final class PoisonedHessian<Element: Scalar>: SupportedHessian {
  private let function: PoisonedMultinomial<Element>
  private let known: KnownShift<Element>
  private let hessian: MultinomialHessian<Element>
  private let features: any FeatureRows<Element>
  private var softmax: Matrix<Element>
  private var residuals: Matrix<Element>
  private var scores: Matrix<Element>

  init(_ function: PoisonedMultinomial<Element>) {
    self.function = function
    let (loss, m) = (function.loss, function.poisoned.count)
    let known = KnownShift<Element>(.zeros(function.parameterCount))
    self.known = known
    hessian = MultinomialHessian(loss) { function.shift(by: known.value) }
    features = loss.features.makeRows()
    softmax = .zeros(m, loss.classCount, layout: .rowMajor)
    residuals = .zeros(m, loss.classCount, layout: .rowMajor)
    scores = .zeros(m, loss.classCount, layout: .rowMajor)
  }

  /// P at the point, n × c row-major.
  var probabilities: Matrix<Element> { hessian.probabilities }

  func fill(at w: Vector<Element>, shift Γ: Vector<Element>) {
    known.value = Γ
    hessian.fill(at: w, ridge: function.ridge)
    let rows = function.poisoned
    features.fill(rows)
    softmax.gatherRows(rows, from: hessian.probabilities)
    residuals.copy(from: softmax)
    for (k, i) in rows.enumerated() { residuals.subtractLabel(function.loss.labels[i], fromRow: k) }
  }

  public var rows: Int { hessian.rows }
  public var columns: Int { hessian.columns }
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) { hessian.apply(x, into: &y) }
  public func restricted(to S: IndexSubset) -> any LinearOperator<Element> { hessian.restricted(to: S) }
  public func assemble(on S: IndexSubset, into M: inout Matrix<Element>) { hessian.assemble(on: S, into: &M) }
  public func costs(on S: IndexSubset) -> AdjointCosts { hessian.costs(on: S) }

  // MARK: - ∂_Γ∇f, with rᵢ = pᵢ − e_{yᵢ} and Jᵢ = diag(pᵢ) − pᵢ pᵢᵀ

  /// x ← x + (α/n) Σᵢ (dxᵢ rᵢᵀ + xᵢ (Jᵢ Wᵀ dxᵢ)ᵀ) for a shift dΓ with rows dxᵢ.
  func addMixedDerivative(_ dΓ: Vector<Element>, at w: Vector<Element>, scale α: Element, to x: inout Vector<Element>) {
    let loss = function.loss
    let dX = Matrix(rowsOf: dΓ, columns: loss.featureCount)
    let scale = α / Element(loss.sampleCount)
    scores.assignProduct(dX, loss.weights(w))
    applyJacobians()
    x.withColumns(rows: loss.featureCount) { X in
      X.assignProduct(dX.transposed, residuals, alpha: scale, beta: 1)
      features.multiplyTransposed(scores, alpha: scale, beta: 1, into: &X)
    }
  }

  /// Row i of r gets (α/n) (V rᵢ + W Jᵢ Vᵀ xᵢ).
  func addMixedDerivativeAdjoint(
    _ v: Vector<Element>, at w: Vector<Element>, scale α: Element, to r: inout Vector<Element>
  ) {
    let loss = function.loss
    let scale = α / Element(loss.sampleCount)
    let V = loss.weights(v)
    features.multiply(V, into: &scores)
    applyJacobians()
    r.withRows(columns: loss.featureCount) { R in
      R.assignProduct(residuals, V.transposed, alpha: scale, beta: 1)
      R.assignProduct(scores, loss.weights(w).transposed, alpha: scale, beta: 1)
    }
  }

  /// scores ← Jᵢ times each row.
  private func applyJacobians() {
    let s = scores.mutableBase()
    Element._softmaxJacobianRows(function.poisoned.count, function.loss.classCount, 1, softmax.base, s, s)
  }
}

/// A shift, shared by what has to bring it back.
private final class KnownShift<Element: Scalar> {
  var value: Vector<Element>
  init(_ value: Vector<Element>) { self.value = value }
}
