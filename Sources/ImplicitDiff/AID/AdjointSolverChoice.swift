import LinAlg

/// Which solver the automatic choice takes: the cheaper by a model of the costs.
enum AdjointSolverChoice: Sendable, Equatable {
  case direct
  case conjugateGradient
  case gmres

  /// The model's constants, one table. Measured with `implicit-diff-bench kernels` on the kind of processor named in
  /// docs/Performance.md; a factor of two in any of them moves the choice only where both are about as fast.
  enum Rates {
    /// Multiply-adds a second of Gram matrices and factorizations.
    static let matrixProduct = 2e10
    /// Bytes a second of products with a vector.
    static let memory = 2e10
    /// Seconds a product costs whatever its size.
    static let callOverhead = 1e-6
    /// Products that conjugate gradient is assumed to need: its true number is known only afterwards, and on supports it is
    /// some tens for well-posed problems.
    static let conjugateGradientProducts = 50.0
    /// The support beyond which a factor is not made, whatever it would cost: its memory is 8 |S|² bytes (2 GiB here).
    static let largestFactor = 16_384
    /// The unknowns up to which a general A1 is made dense, at p products and 2/3 p³ operations.
    static let largestLU = 200
  }

  static func choose<L: Linearization>(_ linearization: L, rightHandSides: Int) -> AdjointSolverChoice {
    switch linearization.structure {
    case .general:
      return linearization.state.rows <= Rates.largestLU ? .direct : .gmres
    case .proximalGradient(let structure):
      let s = Double(structure.support.count)
      let costs = structure.costs
      let columns = Double(rightHandSides)
      var direct = (costs.assemblyMultiplications + s * s * s / 6 + columns * s * s) / Rates.matrixProduct
      if let r = costs.lowRank.map(Double.init), r < s {
        direct = min(direct, (s * r * r / 2 + r * r * r / 6 + 2 * columns * s * r) / Rates.matrixProduct)
      } else if structure.support.count > Rates.largestFactor {
        return .conjugateGradient
      }
      let product = costs.productBytes / Rates.memory + Rates.callOverhead
      return direct <= columns * Rates.conjugateGradientProducts * product ? .direct : .conjugateGradient
    }
  }

  func solver<Map: FixedPointMap>(_: Map.Type) -> AID<Map>.Solver {
    switch self {
    case .direct: .direct
    case .conjugateGradient: .conjugateGradient
    case .gmres: .gmres()
    }
  }
}
