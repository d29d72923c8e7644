import ImplicitDiff
import LinAlg

extension ElasticNetLinearization {
  /// What the adjoint solvers cost where X is sparse. Cost: the entries of the support's columns.
  func sparseCosts(_ X: SparseMatrix<Element>, hasLowRank: Bool) -> AdjointCosts {
    let s = Double(support.count)
    let stored = Double(X.storedCount(columns: support))
    return AdjointCosts(
      assemblyMultiplications: stored * s / 2, productBytes: Double(MemoryLayout<Element>.stride) * stored,
      lowRank: hasLowRank ? X.rows : nil,
      lowRankMultiplications: hasLowRank ? X.outerGramMultiplications(columns: support) : nil, isSparse: true)
  }
}
