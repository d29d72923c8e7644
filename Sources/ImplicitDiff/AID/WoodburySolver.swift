import LinAlg

/// Solves `(shift I + BᵀB) u = b` by Woodbury's identity: `u = (b − Bᵀ (shift I + B Bᵀ)⁻¹ B b)/shift`.
///
/// The subtraction loses up to a factor ‖BᵀB‖/shift of the accuracy; a step of iterative refinement on the residual of the
/// system itself wins it back. Refinement is repeated while it halves the residual, at most three times.
struct WoodburySolver<Element: Scalar> {
  private let hessian: any LowRankHessian<Element>
  private let cholesky: CholeskyWorkspace<Element>
  private var small: Vector<Element>
  private var wide: Vector<Element>
  private var residual: Vector<Element>

  /// Factors shift I + B Bᵀ.
  ///
  /// - Throws: as ``CholeskyWorkspace/factor(count:_:)``.
  init(
    _ hessian: any LowRankHessian<Element>, _ cholesky: CholeskyWorkspace<Element>
  ) throws(FactorizationError) {
    self.hessian = hessian
    self.cholesky = cholesky
    small = .zeros(hessian.rank)
    wide = .zeros(hessian.count)
    residual = .zeros(hessian.count)
    try cholesky.factor(count: hessian.rank) {
      hessian.assembleOuter(into: &$0)
      $0.addToDiagonal(hessian.shift)
    }
  }

  /// u ← the solution; the norm of the residual b − (shift I + BᵀB) u.
  mutating func solve(_ b: Vector<Element>, into u: inout Vector<Element>) -> Element {
    u.fill(0)
    residual.copy(from: b)
    var norm = b.norm
    for _ in 0..<4 {
      // wide ← the correction for this residual.
      hessian.apply(residual, into: &small)
      cholesky.solve(&small)
      hessian.applyAdjoint(small, into: &wide)
      wide.combine(1 / hessian.shift, residual, -1 / hessian.shift)
      u.add(1, wide)
      let last = norm
      hessian.apply(u, into: &small)
      hessian.applyAdjoint(small, into: &residual)
      residual.add(hessian.shift, u)
      residual.combine(1, b, -1)
      norm = residual.norm
      if !(norm <= last / 2) {
        if norm > last { u.add(-1, wide) }
        return min(norm, last)
      }
    }
    return norm
  }
}
