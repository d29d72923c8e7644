import LinAlg

/// Which solver the automatic choice takes, and why.
enum AdjointSolverChoice: Sendable, Equatable {
  case cholesky
  case conjugateGradient
  case lu
  case gmres

  /// The support up to which forming and factoring the Gram matrix (|S|³/3 + n|S|²) is taken over conjugate gradient
  /// (4 n|S| a product, some tens to hundreds of products): the crossover lies near |S| = a few hundred products, and
  /// the factorization's rate on BLAS-3 is several times that of matrix-vector products.
  static let choleskyLimit = 2000
  /// The unknowns up to which a general A1 is made dense, at p products and p³·2/3 operations.
  static let luLimit = 200

  static func choose<L: Linearization>(_ linearization: L, rightHandSides: Int) -> AdjointSolverChoice {
    switch linearization.structure {
    case .proximalGradient(let structure):
      structure.support.count <= choleskyLimit ? .cholesky : .conjugateGradient
    case .general:
      linearization.state.rows <= luLimit ? .lu : .gmres
    }
  }

  func solver<Map: FixedPointMap>(_: Map.Type) -> AID<Map>.Solver {
    switch self {
    case .cholesky, .lu: .direct
    case .conjugateGradient: .conjugateGradient
    case .gmres: .gmres()
    }
  }
}
