public import ImplicitDiff
public import LinAlg

/// H + λ I with H = XᵀDX/n: the Hessian of a loss over a design with a ridge, as the design multiplies and assembles it best.
///
/// Dense columns are read in place, sparse ones gathered; of a design that is known by its products alone, H_SS is made of products with
/// the chosen columns and its diagonal counts as unknown.
public final class LinearModelHessian<Element: Scalar>: SupportedHessian {
  /// H.
  let loss: DesignHessian<Element>
  /// λ, with the loss's weights D what a fill sets.
  var ridge: Element = 0
  private lazy var chosen = RestrictedDesignHessian(loss)

  init(_ loss: DesignHessian<Element>) { self.loss = loss }

  public var rows: Int { loss.features.columns }
  public var columns: Int { loss.features.columns }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    loss.apply(x, into: &y)
    if ridge != 0 { y.add(ridge, x) }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(block X: Matrix<Element>, into Y: inout Matrix<Element>) {
    loss.apply(block: X, into: &Y)
    if ridge != 0 { Y.combine(ridge, X, 1) }
  }

  public func restricted(to S: IndexSubset) -> any LinearOperator<Element> {
    chosen.load(S, shift: ridge)
    return chosen
  }

  public func assemble(on S: IndexSubset, into M: inout Matrix<Element>) {
    loss.assemble(on: S, into: &M)
    M.addToDiagonal(ridge)
  }

  public var assemblesSingle: Bool { loss.assemblesSingle }

  public func assembleSingle(on S: IndexSubset, into M: inout Matrix<Float>) {
    loss.assembleSingle(on: S, into: &M)
    M.addToDiagonal(Float(ridge))
  }

  public func single(on S: IndexSubset) -> (any LinearOperator<Float>)? { loss.single(on: S, shift: Float(ridge)) }

  public func diagonal(on S: IndexSubset, into d: inout Vector<Element>) -> Bool {
    guard loss.features.isStored else { return false }
    loss.diagonal(on: S, into: &d)
    d.add(constant: ridge)
    return true
  }

  /// Where there are more coordinates than samples and a ridge: ridge I + BᵀB with B = √D X_S/√n.
  public func lowRank(on S: IndexSubset) -> (any LowRankHessian<Element>)? {
    guard hasLowRank(on: S) else { return nil }
    if let X = loss.features.sparseColumns { return loss.sparseLowRank(X, on: S, shift: ridge) }
    guard let X = loss.features.denseColumns else { return nil }
    var root = X.columns(S)
    if let weights = loss.weights { root.scaleRows(by: Vector(count: weights.count) { weights[$0].squareRoot() }) }
    return LowRankDesignHessian(root, shift: ridge)
  }

  private func hasLowRank(on S: IndexSubset) -> Bool {
    ridge > 0 && loss.features.rows < S.count && loss.features.isStored
  }

  public func sparse(on S: IndexSubset) -> SparseSymmetricMatrix<Element>? { loss.sparseMatrix(on: S, shift: ridge) }

  public func costs(on S: IndexSubset) -> AdjointCosts { costs(on: S, ofMultiple: true) }

  /// - Parameter isMultiple: whether the system is a multiple of H_SS, so that its low rank is of use.
  func costs(on S: IndexSubset, ofMultiple isMultiple: Bool) -> AdjointCosts {
    let usesRank = isMultiple && hasLowRank(on: S)
    if let X = loss.features.sparseColumns { return loss.sparseCosts(X, on: S, hasLowRank: usesRank) }
    let s = Double(S.count)
    return AdjointCosts(
      assemblyMultiplications: loss.assemblyCost(columns: s),
      // A product alone goes through all columns.
      productBytes: Double(MemoryLayout<Element>.stride)
        * loss.storedEntries(columns: loss.features.isStored ? s : Double(columns)),
      lowRank: usesRank ? loss.features.rows : nil)
  }
}
