public import LinAlg

/// H + λ diag(factors) with H = XᵀDX/n: the Hessian of a loss over a design with a ridge, as the design multiplies and assembles it best.
///
/// A storage that hands out an H of its own is asked for everything. Of others dense columns are read in place, sparse ones gathered; of a design that
/// is known by its products alone, H_SS is made of products with the chosen columns and its diagonal counts as unknown.
public final class LinearModelHessian<Element: Scalar>: SupportedHessian {
  /// H.
  let loss: DesignHessian<Element>
  /// λ, with the loss's weights D what a fill sets.
  package var ridge: Element = 0
  /// Of the ridge, p entries; nil for ones.
  private let allFactors: Vector<Element>?
  private var scaled: Vector<Element>
  private lazy var chosen = RestrictedDesignHessian(loss)

  package init(_ loss: DesignHessian<Element>, factors: Vector<Element>? = nil) {
    self.loss = loss
    allFactors = factors
    scaled = .zeros(factors?.count ?? 0)
  }

  /// The factors where they matter.
  private var factors: Vector<Element>? { ridge == 0 ? nil : allFactors }

  /// λ factors on S; nil where all are λ.
  private func shifts(on S: IndexSubset) -> Vector<Element>? {
    factors.map { factors in Vector(count: S.count) { ridge * factors[S[$0]] } }
  }

  public var rows: Int { loss.features.columns }
  public var columns: Int { loss.features.columns }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    loss.apply(x, into: &y)
    if let factors {
      scaled.assignProduct(factors, x)
      y.add(ridge, scaled)
    } else if ridge != 0 {
      y.add(ridge, x)
    }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func apply(block X: Matrix<Element>, into Y: inout Matrix<Element>) {
    loss.apply(block: X, into: &Y)
    if let factors {
      var shifted = X.packed(as: X.layout)
      shifted.scaleRows(by: factors)
      Y.combine(ridge, shifted, 1)
    } else if ridge != 0 {
      Y.combine(ridge, X, 1)
    }
  }

  public func restricted(to S: IndexSubset) -> any LinearOperator<Element> {
    chosen.load(S, shift: ridge, shifts: shifts(on: S))
    return chosen
  }

  public func assemble(on S: IndexSubset, into M: inout Matrix<Element>) {
    loss.assemble(on: S, into: &M)
    if let factors {
      for k in 0..<S.count { M[k, k] += ridge * factors[S[k]] }
    } else {
      M.addToDiagonal(ridge)
    }
  }

  public var assemblesSingle: Bool { loss.assemblesSingle }

  public func assembleSingle(on S: IndexSubset, into M: inout Matrix<Float>) {
    loss.assembleSingle(on: S, into: &M)
    if let factors {
      for k in 0..<S.count { M[k, k] += Float(ridge * factors[S[k]]) }
    } else {
      M.addToDiagonal(Float(ridge))
    }
  }

  public func single(on S: IndexSubset) -> (any LinearOperator<Float>)? {
    factors == nil ? loss.single(on: S, shift: Float(ridge)) : nil
  }

  public func diagonal(on S: IndexSubset, into d: inout Vector<Element>) -> Bool {
    if let own = loss.own {
      guard own.diagonal(on: S, into: &d) else { return false }
    } else {
      guard loss.features.isStored else { return false }
      loss.diagonal(on: S, into: &d)
    }
    if let shifts = shifts(on: S) { d.add(1, shifts) } else { d.add(constant: ridge) }
    return true
  }

  /// Where there are more coordinates than samples and a ridge without factors: ridge I + BᵀB with B = √D X_S/√n.
  public func lowRank(on S: IndexSubset) -> (any LowRankHessian<Element>)? {
    if let own = loss.own {
      return factors == nil && ridge > 0 ? own.lowRank(on: S).map { ShiftedLowRank($0, shift: ridge) } : nil
    }
    guard hasLowRank(on: S) else { return nil }
    if let X = loss.features.sparseColumns { return loss.sparseLowRank(X, on: S, shift: ridge) }
    guard let (X, places) = loss.features.dense(columns: S) else { return nil }
    var root = X.columns(places)
    if let weights = loss.weights { root.scaleRows(by: Vector(count: weights.count) { weights[$0].squareRoot() }) }
    return LowRankDesignHessian(root, shift: ridge)
  }

  private func hasLowRank(on S: IndexSubset) -> Bool {
    ridge > 0 && factors == nil && loss.features.rows < S.count && loss.features.isStored
  }

  public func sparse(on S: IndexSubset) -> SparseSymmetricMatrix<Element>? {
    guard let shifts = shifts(on: S) else { return loss.sparseMatrix(on: S, shift: ridge) }
    guard var matrix = loss.sparseMatrix(on: S, shift: 0) else { return nil }
    matrix.scale(by: 1, addingToDiagonal: shifts)
    return matrix
  }

  public func costs(on S: IndexSubset) -> AdjointCosts { costs(on: S, ofMultiple: true) }

  /// - Parameter isMultiple: whether the system is a multiple of H_SS, so that its low rank is of use.
  func costs(on S: IndexSubset, ofMultiple isMultiple: Bool) -> AdjointCosts {
    if let own = loss.own {
      var costs = own.costs(on: S)
      if !isMultiple || factors != nil || ridge == 0 { costs.lowRank = nil }
      return costs
    }
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
