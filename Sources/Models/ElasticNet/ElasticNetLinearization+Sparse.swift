import ImplicitDiff
import LinAlg

extension ElasticNetLinearization {
  /// Entries of the lower triangle of X_SᵀX_S, for each of X_S, up to which it counts as sparse. Measured
  /// (`implicit-diff-bench sparse`): 0.5 on a band, 0.6 on a picture, 1.2 on a random design where the incomplete
  /// factorization still pays; at 5 it breaks down without a large shift and costs hundreds of products.
  private static var largestFill: Double { 2 }

  /// What the adjoint solvers cost where X is sparse. Cost: the entries of the support's columns, the rows and columns.
  func sparseCosts(_ X: SparseMatrix<Element>, hasLowRank: Bool) -> AdjointCosts {
    let s = Double(support.count)
    let stored = Double(X.storedCount(columns: support))
    let isSparse = X.estimatedSparseGramEntries(columns: support) <= Self.largestFill * stored
    return AdjointCosts(
      assemblyMultiplications: stored * s / 2, productBytes: Double(MemoryLayout<Element>.stride) * stored,
      lowRank: hasLowRank ? X.rows : nil,
      lowRankMultiplications: hasLowRank ? X.outerGramMultiplications(columns: support) : nil,
      // Five multiply-adds for each pair that meets in a row and ten for each entry: measured, within a factor of two.
      preconditionerMultiplications: isSparse
        ? 5 * X.sparseGramMultiplications(columns: support) + 10 * stored : nil, isSparse: true)
  }

  /// X_SᵀX_S/n + λ2 I by its lower triangle; nil where the estimate of its entries was wrong by more than two.
  func sparseHessian(of X: SparseMatrix<Element>, shift λ2: Element) -> SparseSymmetricMatrix<Element>? {
    let most = Int(2 * Self.largestFill * Double(X.storedCount(columns: support)))
    return SparseSymmetricMatrix(
      gramOf: X, columns: support, alpha: 1 / Element(X.rows), shift: λ2, most: most + support.count)
  }
}
