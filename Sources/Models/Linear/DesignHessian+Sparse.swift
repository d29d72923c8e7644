import ImplicitDiff
import LinAlg

/// Where X is sparse.
extension DesignHessian {
  /// Entries of the lower triangle of X_SᵀX_S, for each of X_S, up to which it counts as sparse. Measured
  /// (`implicit-diff-bench sparse`): 0.5 on a band, 0.6 on a picture, 1.2 on a random design where the incomplete
  /// factorization still pays; at 5 it breaks down without a large shift and costs hundreds of products.
  private static var largestFill: Double { 2 }

  /// Columns up to which a Cholesky factor is always about the fastest, at some tens of microseconds: a look at what else there is
  /// costs as much.
  private static var smallSupport: Int { 96 }

  /// What the adjoint solvers cost. Cost: the entries of the chosen columns, the rows and columns.
  func sparseCosts(_ X: SparseMatrix<Element>, on S: IndexSubset, hasLowRank: Bool) -> AdjointCosts {
    let stored = Double(X.storedCount(columns: S))
    let most = Self.largestFill * stored
    let isSparse =
      S.count > Self.smallSupport && X.estimatedSparseGramEntries(columns: S, most: most) <= most
    return AdjointCosts(
      assemblyMultiplications: stored * Double(S.count) / 2,
      productBytes: Double(MemoryLayout<Element>.stride) * stored,
      lowRank: hasLowRank ? X.rows : nil,
      lowRankMultiplications: hasLowRank ? X.outerGramMultiplications(columns: S) : nil,
      // Five multiply-adds for each pair that meets in a row and ten for each entry: measured, within a factor of two.
      preconditionerMultiplications: isSparse
        ? 5 * X.sparseGramMultiplications(columns: S) + 10 * stored : nil, isSparse: true)
  }

  /// H_SS + shift I by its lower triangle; nil where X is not sparse, or where the estimate of H_SS's entries was wrong by more than two.
  func sparseMatrix(on S: IndexSubset, shift: Element) -> SparseSymmetricMatrix<Element>? {
    if let own {
      var matrix = own.sparse(on: S)
      matrix?.scale(by: 1, addingToDiagonal: Vector(repeating: shift, count: S.count))
      return matrix
    }
    guard let X = features.sparseColumns else { return nil }
    let most = Int(2 * Self.largestFill * Double(X.storedCount(columns: S))) + S.count
    let (root, columns) = sparseRoot(X, S)
    return SparseSymmetricMatrix(
      gramOf: root, columns: columns, alpha: 1 / Element(X.rows), shift: shift, most: most)
  }

  /// H_SS + shift I as shift I + BᵀB, B = √D X_S/√n.
  func sparseLowRank(_ X: SparseMatrix<Element>, on S: IndexSubset, shift: Element) -> SparseLowRank<Element> {
    let (root, columns) = sparseRoot(X, S)
    return SparseLowRank(root, columns, shift: shift)
  }

  /// A matrix whose chosen columns are those of √D X at S: X itself where there are no weights.
  private func sparseRoot(_ X: SparseMatrix<Element>, _ S: IndexSubset) -> (SparseMatrix<Element>, IndexSubset) {
    guard let weights else { return (X, S) }
    let roots = Vector(count: weights.count) { weights[$0].squareRoot() }
    return (X.columns(S).scalingRows(by: roots), IndexSubset(Array(0..<S.count), universe: S.count))
  }
}
