public import ImplicitDiff
public import LinAlg
import NonsmoothMaps

/// [A1, A2] of the elastic net's map: `A1 = D (I − s (XᵀX/n + λ2 I))`, `A2 = −s D [sign(u), w]`.
public final class ElasticNetLinearization<Element: Scalar>: Linearization {
  private let loss: QuadraticLoss<Element>
  private var λ2: Element = 0
  private var product: Vector<Element>
  private var blockProduct: Matrix<Element>?
  private var blockScaled: Matrix<Element>?

  public private(set) var step: Element = 0
  public private(set) var derivative: Vector<Element>
  public private(set) var support: IndexSubset
  public private(set) var derivativeIsMask = true
  public private(set) var kinkDistance: Element?
  /// A2, p × 2.
  public private(set) var parameters: Matrix<Element>

  init(_ loss: QuadraticLoss<Element>) {
    self.loss = loss
    let p = loss.featureCount
    product = .zeros(p)
    derivative = .zeros(p)
    support = IndexSubset(universe: p)
    parameters = .zeros(p, 2)
  }

  public var state: ElasticNetStateOperator<Element> { ElasticNetStateOperator(self) }
  public var structure: LinearizationStructure<Element> { .proximalGradient(self) }

  func fill(
    at w: Vector<Element>, step s: Element, λ2: Element, argument u: Vector<Element>, threshold: Element, kink: KinkRule
  ) {
    step = s
    self.λ2 = λ2
    SoftThreshold.derivative(at: u, threshold: threshold, kink: kink, into: &derivative)
    support.refill(nonzerosOf: derivative)
    // ‖I − s H‖ ≤ 1 for a contracting step, so a move of w by δ moves no entry of u by more than δ.
    kinkDistance = SoftThreshold.margin(at: u, threshold: threshold)
    derivativeIsMask = kink != .midpoint || kinkDistance != 0
    fillParameters(signs: u, w)
  }

  func fill(atSolution w: Vector<Element>, step s: Element, λ2: Element) {
    step = s
    self.λ2 = λ2
    // |w| > 0: the derivative of soft thresholding read off its value.
    SoftThreshold.derivative(ofValue: w, into: &derivative)
    support.refill(nonzerosOf: derivative)
    kinkDistance = nil
    derivativeIsMask = true
    fillParameters(signs: w, w)
  }

  /// A2 ← −s D [sign(u), w].
  private func fillParameters(signs u: Vector<Element>, _ w: Vector<Element>) {
    product.assignProduct(-step, derivative, signOf: u)
    parameters.setColumn(0, product)
    product.assignProduct(derivative, w)
    product.scale(by: -step)
    parameters.setColumn(1, product)
  }

  // MARK: - Products with A1

  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    loss.applyHessian(x, into: &y)
    y.combine(1 - step * λ2, x, -step)
    y.scale(by: derivative)
  }

  func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) {
    product.assignProduct(derivative, y)
    loss.applyHessian(product, into: &x)
    x.combine(1 - step * λ2, product, -step)
  }

  func apply(block X: Matrix<Element>, into Y: inout Matrix<Element>) {
    loss.applyHessian(block: X, into: &Y)
    Y.combine(1 - step * λ2, X, -step)
    Y.scaleRows(by: derivative)
  }

  func applyAdjoint(block Y: Matrix<Element>, into X: inout Matrix<Element>) {
    if blockScaled?.columns != Y.columns { blockScaled = .zeros(Y.rows, Y.columns) }
    blockScaled!.copy(from: Y)
    blockScaled!.scaleRows(by: derivative)
    loss.applyHessian(block: blockScaled!, into: &X)
    X.combine(1 - step * λ2, blockScaled!, -step)
  }
}

extension ElasticNetLinearization: ProximalGradientStructure {
  public func assembleHessian(into H: inout Matrix<Element>) {
    loss.assembleHessian(on: support, into: &H)
    H.addToDiagonal(λ2)
  }

  public func hessianDiagonal(into d: inout Vector<Element>) -> Bool {
    d.gather(support, from: loss.squaredColumnNorms)
    d.scale(by: 1 / Element(loss.sampleCount))
    let ones = Vector<Element>(repeating: 1, count: d.count)
    d.add(λ2, ones)
    return true
  }

  public var costs: AdjointCosts {
    if let sparse = loss.features as? SparseMatrix<Element> { return sparseCosts(sparse, hasLowRank: hasLowRank) }
    let s = Double(support.count)
    // Stored entries of the support's columns, as if all columns held equally many.
    let stored = Double(loss.features.storedCount) * s / Double(max(1, loss.featureCount))
    return AdjointCosts(
      assemblyMultiplications: loss.usesGramMatrix ? s * s : stored * s / 2,
      productBytes: Double(MemoryLayout<Element>.stride) * stored, lowRank: hasLowRank ? loss.sampleCount : nil)
  }

  public var lowRankHessian: (any LowRankHessian<Element>)? {
    guard hasLowRank else { return nil }
    if let sparse = loss.features as? SparseMatrix<Element> { return SparseLowRank(sparse, support, shift: λ2) }
    guard let dense = loss.features as? DenseDesign<Element> else { return nil }
    return QuadraticLowRank(dense.matrix.columns(support), shift: λ2)
  }

  private var hasLowRank: Bool {
    λ2 > 0 && derivativeIsMask && loss.sampleCount < support.count
      && (loss.features is DenseDesign<Element> || loss.features is SparseMatrix<Element>)
  }

  public var sparseHessian: SparseSymmetricMatrix<Element>? {
    (loss.features as? SparseMatrix<Element>).flatMap { sparseHessian(of: $0, shift: λ2) }
  }

  public func makeRestrictedHessian() -> any LinearOperator<Element> {
    RestrictedQuadratic(loss.features, support, shift: λ2)
  }
}

/// A1 of the elastic net's map as an operator.
public struct ElasticNetStateOperator<Element: Scalar>: AdjointableOperator {
  private let linearization: ElasticNetLinearization<Element>

  init(_ linearization: ElasticNetLinearization<Element>) { self.linearization = linearization }

  public var rows: Int { linearization.derivative.count }
  public var columns: Int { linearization.derivative.count }

  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) { linearization.apply(x, into: &y) }
  public func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) {
    linearization.applyAdjoint(y, into: &x)
  }
  public func apply(block X: Matrix<Element>, into Y: inout Matrix<Element>) {
    linearization.apply(block: X, into: &Y)
  }
  public func applyAdjoint(block Y: Matrix<Element>, into X: inout Matrix<Element>) {
    linearization.applyAdjoint(block: Y, into: &X)
  }
}
