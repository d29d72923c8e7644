/// What the adjoint solvers cost on a support, for choosing among them.
public struct AdjointCosts: Sendable {
  /// Multiply-adds to write H_SS as a matrix.
  public var assemblyMultiplications: Double
  /// Bytes that a product with H_SS reads: of values, where the data are sparse.
  public var productBytes: Double
  /// The rank of ``SupportedHessian/lowRank(on:)``, nil where there is none.
  public var lowRank: Int?
  /// Multiply-adds of ``LowRankHessian/assembleOuter(into:)``; nil stands for those of a dense B, |S| r²/2.
  public var lowRankMultiplications: Double?
  /// Multiply-adds of making ``SupportedHessian/sparse(on:)`` and its incomplete Cholesky factorization; nil where
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
