extension AdjointOperator: AdjointableOperator {
  public func applyAdjoint(_ y: Vector<Base.Element>, into x: inout Vector<Base.Element>) { base.apply(y, into: &x) }
  public func applyAdjoint(block Y: Matrix<Base.Element>, into X: inout Matrix<Base.Element>) {
    base.apply(block: Y, into: &X)
  }
}

extension AdjointableOperator {
  /// The adjoint with its type erased, so that it can be asked of an `any AdjointableOperator` too.
  ///
  /// If M approximates A⁻¹ then Mᵀ approximates (Aᵀ)⁻¹: a preconditioner M of a system with A serves the adjoint system
  /// as `M.adjointPreconditioner`. M itself would be the wrong one unless it is symmetric.
  public var adjointPreconditioner: any LinearOperator<Element> { adjoint }
}
