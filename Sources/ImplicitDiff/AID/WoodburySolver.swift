public import LinAlg

/// A Hessian on a support of the form `H_SS = shift I + BᵀB`, B r × |S| with few rows: fewer samples than features. With
/// Woodbury's identity its solves need an r × r factorization instead of one of |S| × |S|.
public protocol LowRankHessian<Element>: AnyObject {
  associatedtype Element: Scalar
  /// r.
  var rank: Int { get }
  /// |S|.
  var count: Int { get }
  /// The multiple of the identity, above 0.
  var shift: Element { get }
  /// M ← B Bᵀ, r × r column-major, both triangles. Cost r² |S| for a dense B.
  func assembleOuter(into M: inout Matrix<Element>)
  /// y ← B x.
  func apply(_ x: Vector<Element>, into y: inout Vector<Element>)
  /// x ← Bᵀ y.
  func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>)
}

/// What the adjoint solvers cost on a proximal-gradient structure, for choosing among them.
public struct AdjointCosts: Sendable {
  /// Multiply-adds to write H_SS as a matrix.
  public var assemblyMultiplications: Double
  /// Bytes that a product with H_SS reads: of values, where the data are sparse.
  public var productBytes: Double
  /// The rank of ``ProximalGradientStructure/lowRankHessian``, nil where there is none.
  public var lowRank: Int?
  /// Multiply-adds of ``LowRankHessian/assembleOuter(into:)``; nil stands for those of a dense B, |S| r²/2.
  public var lowRankMultiplications: Double?
  /// Multiply-adds of making ``ProximalGradientStructure/sparseHessian`` and its incomplete Cholesky factorization; nil where
  /// it is dense, or nearly.
  public var preconditionerMultiplications: Double?
  /// Whether the data are sparse: multiplications then find their factors through indices, one at a time.
  public var isSparse: Bool

  public init(
    assemblyMultiplications: Double, productBytes: Double, lowRank: Int? = nil, lowRankMultiplications: Double? = nil,
    preconditionerMultiplications: Double? = nil, isSparse: Bool = false
  ) {
    self.assemblyMultiplications = assemblyMultiplications
    self.productBytes = productBytes
    self.lowRank = lowRank
    self.lowRankMultiplications = lowRankMultiplications
    self.preconditionerMultiplications = preconditionerMultiplications
    self.isSparse = isSparse
  }
}

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
