public import ImplicitDiff
public import LinAlg
import NonsmoothMaps

/// [A1, A2] of a ``PenalizedMap``: `A1 = D (I − s (H + λ_G I))`, H = ∇²f(w), and A2 with the column `−s D sign(u)` for the strength of
/// each group, on its features, and `−s D w` for the ridge's.
public final class PenalizedLinearization<Element: Scalar>: Linearization {
  /// H.
  var hessian: DesignHessian<Element> { curvature.loss }
  /// H + λ_G I.
  private let curvature: LinearModelHessian<Element>
  /// The map that made it.
  let owner: AnyObject
  private let groups: FeatureGroups
  private var ridge: Element {
    get { curvature.ridge }
    set { curvature.ridge = newValue }
  }
  private var product: Vector<Element>
  private var blockScaled: Matrix<Element>?
  /// −s D sign(u) and −s D w.
  private(set) var signColumn: Vector<Element>
  fileprivate var ridgeColumn: Vector<Element>

  public private(set) var step: Element = 0
  public private(set) var derivative: Vector<Element>
  public private(set) var support: IndexSubset
  public private(set) var derivativeIsMask = true
  public private(set) var kinkDistance: Element?

  init(_ hessian: DesignHessian<Element>, _ groups: FeatureGroups, owner: AnyObject) {
    curvature = LinearModelHessian(hessian)
    self.owner = owner
    self.groups = groups
    let p = hessian.features.columns
    product = .zeros(p)
    signColumn = .zeros(p)
    ridgeColumn = .zeros(p)
    derivative = .zeros(p)
    support = IndexSubset(universe: p)
  }

  public var state: PenalizedStateOperator<Element> { PenalizedStateOperator(self) }
  public var parameters: PenaltyParameterOperator<Element> { PenaltyParameterOperator(self, groups) }
  public var structure: LinearizationStructure<Element> { .proximalGradient(self) }

  /// Of two norms, so that no square under- or overflows.
  public var parametersFrobeniusNorm: Element {
    Element.hypot(signColumn.norm, ridgeColumn.norm)
  }

  /// - Parameter thresholds: s λ_{g(j)}, used where there are groups.
  func fill(
    at w: Vector<Element>, step s: Element, parameters λ: Vector<Element>, argument u: Vector<Element>,
    thresholds: Vector<Element>, kink: KinkRule
  ) {
    step = s
    ridge = groups.ridge(λ)
    // ‖I − s H‖ ≤ 1 for a contracting step, so a move of w by δ moves no entry of u by more than δ.
    if groups.groupOfFeature == nil {
      SoftThreshold.derivative(at: u, threshold: s * λ[0], kink: kink, into: &derivative)
      kinkDistance = SoftThreshold.margin(at: u, threshold: s * λ[0])
    } else {
      SoftThreshold.derivative(at: u, thresholds: thresholds, kink: kink, into: &derivative)
      kinkDistance = SoftThreshold.margin(at: u, thresholds: thresholds)
    }
    support.refill(nonzerosOf: derivative)
    derivativeIsMask = kink != .midpoint || kinkDistance != 0
    fillParameters(signs: u, w)
  }

  func fill(atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>) {
    step = s
    ridge = groups.ridge(λ)
    // |w| > 0: the derivative of soft thresholding read off its value.
    SoftThreshold.derivative(ofValue: w, into: &derivative)
    support.refill(nonzerosOf: derivative)
    kinkDistance = nil
    derivativeIsMask = true
    fillParameters(signs: w, w)
  }

  private func fillParameters(signs u: Vector<Element>, _ w: Vector<Element>) {
    signColumn.assignProduct(-step, derivative, signOf: u)
    ridgeColumn.assignProduct(derivative, w)
    ridgeColumn.scale(by: -step)
    // A product below the smallest normal number has lost digits or vanished: with it the answer is no number, and says so.
    let smallest = ridgeColumn.smallestNonzeroMagnitude(where: derivative, w)
    if smallest < .leastNormalMagnitude { invalidate() }
  }

  /// Makes every product with A2 a NaN.
  func invalidate() {
    signColumn.fill(.nan)
    ridgeColumn.fill(.nan)
  }

  // MARK: - Products with A1

  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    subtractHessian(x, into: &y)
    y.scale(by: derivative)
  }

  /// y ← x − s (H + λ_G I) x.
  private func subtractHessian(_ x: Vector<Element>, into y: inout Vector<Element>) {
    if step.isModerate {
      hessian.apply(x, into: &y)
      y.combine(1 - step * ridge, x, -step)
    } else {
      let size = x.powerOfTwo
      hessian.apply((1 / size) * x, into: &y)
      y.scale(by: step)
      y.combine(1 - step * ridge, x, -size)
    }
  }

  func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) {
    product.assignProduct(derivative, y)
    subtractHessian(product, into: &x)
  }

  func apply(block X: Matrix<Element>, into Y: inout Matrix<Element>) {
    hessian.apply(block: X, into: &Y)
    Y.combine(1 - step * ridge, X, -step)
    Y.scaleRows(by: derivative)
  }

  func applyAdjoint(block Y: Matrix<Element>, into X: inout Matrix<Element>) {
    if blockScaled?.columns != Y.columns { blockScaled = .zeros(Y.rows, Y.columns) }
    blockScaled!.copy(from: Y)
    blockScaled!.scaleRows(by: derivative)
    hessian.apply(block: blockScaled!, into: &X)
    X.combine(1 - step * ridge, blockScaled!, -step)
  }
}

extension PenalizedLinearization: ProximalGradientStructure {
  /// Both columns of A2 are products with D.
  public var parametersLieInRange: Bool { true }

  public func assembleHessian(into H: inout Matrix<Element>) { curvature.assemble(on: support, into: &H) }
  public var hasSingleHessian: Bool { curvature.assemblesSingle }
  public func assembleSingleHessian(into H: inout Matrix<Float>) { curvature.assembleSingle(on: support, into: &H) }
  public func makeSingleHessian() -> (any LinearOperator<Float>)? { curvature.single(on: support) }
  public func hessianDiagonal(into d: inout Vector<Element>) -> Bool { curvature.diagonal(on: support, into: &d) }
  public var sparseHessian: SparseSymmetricMatrix<Element>? { curvature.sparse(on: support) }
  public func makeRestrictedHessian() -> any LinearOperator<Element> { curvature.restricted(to: support) }

  /// Of a D that is no mask, K is no multiple of H_SS.
  public var lowRankHessian: (any LowRankHessian<Element>)? { derivativeIsMask ? curvature.lowRank(on: support) : nil }
  public var costs: AdjointCosts { curvature.costs(on: support, ofMultiple: derivativeIsMask) }
}

/// A1 of a ``PenalizedMap`` as an operator.
public struct PenalizedStateOperator<Element: Scalar>: AdjointableOperator {
  private let linearization: PenalizedLinearization<Element>

  init(_ linearization: PenalizedLinearization<Element>) { self.linearization = linearization }

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

/// A2 of a ``PenalizedMap``, p × (G + 1), by its two columns of numbers. A product costs p whatever the number of groups.
public struct PenaltyParameterOperator<Element: Scalar>: AdjointableOperator {
  private let linearization: PenalizedLinearization<Element>
  private let groups: FeatureGroups

  init(_ linearization: PenalizedLinearization<Element>, _ groups: FeatureGroups) {
    self.linearization = linearization
    self.groups = groups
  }

  public var rows: Int { linearization.derivative.count }
  public var columns: Int { groups.parameterCount }

  public func apply(_ μ: Vector<Element>, into y: inout Vector<Element>) {
    precondition(
      μ.count == columns && y.count == rows, "PenaltyParameterOperator: \(rows) × \(columns) times \(μ.count)")
    writeProduct(μ.base, y.mutableBase())
  }

  public func apply(block M: Matrix<Element>, into Y: inout Matrix<Element>) {
    precondition(
      M.rows == columns && Y.rows == rows && M.columns == Y.columns && M.layout == .columnMajor
        && Y.layout == .columnMajor,
      "PenaltyParameterOperator: \(rows) × \(columns) times \(M.rows) × \(M.columns) into \(Y.rows) × \(Y.columns)")
    let y = Y.mutableBase()
    for k in 0..<M.columns { writeProduct(M.base + k * M.stride, y + k * Y.stride) }
  }

  /// y ← A2 μ.
  private func writeProduct(_ μ: UnsafePointer<Element>, _ y: UnsafeMutablePointer<Element>) {
    let (p, ridge) = (rows, μ[groups.count])
    let (signs, states) = (linearization.signColumn.base, linearization.ridgeColumn.base)
    if groups.groupOfFeature == nil {
      Element._linearCombination(p, μ[0], signs, ridge, states, y)
      return
    }
    groups.groupOfFeature?.withUnsafeBufferPointer {
      if let index = $0.baseAddress { Element._gather(p, index, μ, y) }
    }
    Element._hadamard(p, y, signs, y)
    Element._axpy(p, ridge, states, y)
  }

  public func applyAdjoint(_ v: Vector<Element>, into g: inout Vector<Element>) {
    precondition(
      v.count == rows && g.count == columns, "PenaltyParameterOperator: \(columns) × \(rows) times \(v.count)")
    groups.collect(linearization.signColumn, v, into: &g)
    g[groups.count] = linearization.ridgeColumn.dot(v)
  }
}
