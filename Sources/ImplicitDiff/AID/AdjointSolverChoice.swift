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
    /// The same for dense `Float` data up to so many bytes, which stay in the caches between products.
    static let cachedMemory = 5e10
    static let cachedBytes = 8e6
    /// Multiply-adds a second of sparse Gram matrices, and bytes of values a second of sparse products: each value is
    /// multiplied twice, its place read from an index.
    static let sparseMultiplications = 1e9
    static let sparseMemory = 4e9
    /// Seconds a product costs whatever its size.
    static let callOverhead = 1e-6
    /// Products that conjugate gradient is assumed to need: its true number is known only afterwards, and on supports it is
    /// some tens for well-posed problems.
    static let conjugateGradientProducts = 50.0
    /// The same on a dense support larger than the samples, where the ridge alone carries most directions: in all such rows of
    /// `implicit-diff-bench choice` it was more than twice as many.
    static let conjugateGradientProductsOfLowRank = 100.0
    /// Products in single precision below which a direct solve is not worth trying to undercut: a trial takes some ten.
    static let trialProducts = 30.0
    /// The same for `Float`, whose solves ask for half the digits, and whose columns are half as large for the cache.
    static let trialProductsOfSingle = 10.0
    /// What the refinement of a factor in single precision costs, in products.
    static let refinementProducts = 4.0
    /// The same with the incomplete Cholesky factorization, a product with which costs about as much again: measured
    /// (`implicit-diff-bench sparse`) 1 on bands, 3 to 36 on random and two-dimensional designs.
    static let incompleteCholeskyProducts = 12.0
    /// The support beyond which a factor is not made, whatever it would cost: its memory is 8 |S|² bytes (2 GiB here).
    static let largestFactor = 16_384
    /// The support below which a factor in single precision is not considered: the arithmetic it could save is some tens of
    /// microseconds.
    static let smallestSingleFactor = 96
    /// The unknowns up to which a general A1 is made dense, at p products and 2/3 p³ operations.
    static let largestLU = 200
  }

  static func choose<L: Linearization>(_ linearization: L, rightHandSides: Int) -> AdjointSolverChoice {
    let isDouble = L.Element.self != Float.self
    switch linearization.structure {
    case .general:
      return linearization.state.rows <= Rates.largestLU ? .direct : .gmres
    case .symmetric(let form):
      return choose(
        form.costs, support: form.range.rank, rightHandSides: rightHandSides,
        hasSingle: form.range.isMask && form.supportedHessian.assemblesSingle, isDouble: isDouble)
    case .proximalGradient(let structure):
      return choose(
        structure.costs, support: structure.support.count, rightHandSides: rightHandSides,
        hasSingle: structure.derivativeIsMask && structure.hasSingleHessian, isDouble: isDouble)
    }
  }

  /// By the costs of a symmetric system with so many unknowns.
  ///
  /// - Parameter hasSingle: whether single precision with refinement serves, for one right-hand side: conjugate gradient then
  ///   finds out on the way whether it was the better choice, and is worth a trial.
  static func choose(
    _ costs: AdjointCosts, support: Int, rightHandSides: Int, hasSingle: Bool, isDouble: Bool
  ) -> AdjointSolverChoice {
    let hasSingle = hasSingle && rightHandSides == 1
    let direct = factoring(
      costs, support, Double(rightHandSides), hasSingle: hasSingle && isDouble, isDouble: isDouble)
    if hasSingle, costs.lowRank == nil {
      let product = seconds(ofProduct: costs, isDouble: isDouble) / (isDouble ? 2 : 1)
      let trial = isDouble ? Rates.trialProducts : Rates.trialProductsOfSingle
      return direct <= trial * product ? .direct : .conjugateGradient
    }
    return direct <= conjugateGradient(Double(rightHandSides), costs) ? .direct : .conjugateGradient
  }

  /// The products in single precision that take as long as a direct solve; infinity where no factor would be made.
  static func productsOfFactor(_ costs: AdjointCosts, support: Int, isDouble: Bool) -> Double {
    factoring(costs, support, 1, hasSingle: isDouble, isDouble: isDouble)
      / (seconds(ofProduct: costs, isDouble: isDouble) / (isDouble ? 2 : 1))
  }

  /// Seconds of a direct solve.
  private static func factoring(
    _ costs: AdjointCosts, _ support: Int, _ columns: Double, hasSingle: Bool, isDouble: Bool
  ) -> Double {
    let s = Double(support)
    let product = seconds(ofProduct: costs)
    var direct = Double.infinity
    if support <= Rates.largestFactor {
      let isSingle = hasSingle && support >= Rates.smallestSingleFactor && singlePrecisionPays(costs, support: support)
      let arithmetic = Rates.matrixProduct * (isDouble ? 1 : 2)
      let assembling = costs.isSparse ? Rates.sparseMultiplications : arithmetic
      direct = costs.assemblyMultiplications / assembling + (s * s * s / 6 + columns * s * s) / arithmetic
      if isSingle { direct = direct / 2 + Rates.refinementProducts * product }
    }
    if let rank = costs.lowRank, Double(rank) < s, rank <= Rates.largestFactor {
      direct = min(direct, lowRank(Double(rank), s, columns, costs, product))
    }
    return direct
  }

  /// Whether conjugate gradient and MINRES are faster with the incomplete Cholesky factorization of a sparse H_SS, made for
  /// one right-hand side: it pays while making it costs less than the products it is assumed to save, which by these rates
  /// holds up to some eight pairs of entries in the same row for each entry.
  static func incompleteCholeskyPays(_ costs: AdjointCosts) -> Bool {
    guard let setup = costs.preconditionerMultiplications else { return false }
    let saved = Rates.conjugateGradientProducts - 2 * Rates.incompleteCholeskyProducts
    return setup / Rates.sparseMultiplications <= saved * seconds(ofProduct: costs)
  }

  /// Whether a factor in single precision with its refinement is faster than one in full precision: it saves half of the
  /// arithmetic and costs some four products.
  static func singlePrecisionPays(_ costs: AdjointCosts, support: Int) -> Bool {
    let s = Double(support)
    let saved = (costs.assemblyMultiplications + s * s * s / 6) / 2 / Rates.matrixProduct
    return !costs.isSparse && saved > Rates.refinementProducts * seconds(ofProduct: costs)
  }

  private static func seconds(ofProduct costs: AdjointCosts, isDouble: Bool = true) -> Double {
    let isCached = !isDouble && costs.productBytes <= Rates.cachedBytes
    let dense = isCached ? Rates.cachedMemory : Rates.memory
    return costs.productBytes / (costs.isSparse ? Rates.sparseMemory : dense) + Rates.callOverhead
  }

  /// Seconds of conjugate gradient for so many right-hand sides, with the preconditioner that it gets.
  private static func conjugateGradient(_ columns: Double, _ costs: AdjointCosts) -> Double {
    let product = seconds(ofProduct: costs)
    guard incompleteCholeskyPays(costs), let setup = costs.preconditionerMultiplications else {
      let isLowRank = costs.lowRank != nil && !costs.isSparse
      return columns * product
        * (isLowRank ? Rates.conjugateGradientProductsOfLowRank : Rates.conjugateGradientProducts)
    }
    return setup / Rates.sparseMultiplications + columns * 2 * Rates.incompleteCholeskyProducts * product
  }

  /// Seconds of Woodbury's identity at rank r.
  private static func lowRank(
    _ r: Double, _ s: Double, _ columns: Double, _ costs: AdjointCosts, _ product: Double
  ) -> Double {
    let factor = r * r * r / 6 / Rates.matrixProduct
    guard costs.isSparse else {
      return factor + (s * r * r / 2 + 2 * columns * s * r) / Rates.matrixProduct
    }
    // Zeros and the second triangle move three times r² numbers; a solve with its refinement takes four products.
    return factor + (costs.lowRankMultiplications ?? s * r * r / 2) / Rates.sparseMultiplications
      + 24 * r * r / Rates.memory + columns * (r * r / Rates.matrixProduct + 4 * product)
  }

  func solver<Map: FixedPointMap>(_: Map.Type) -> AID<Map>.Solver {
    switch self {
    case .direct: .direct
    case .conjugateGradient: .conjugateGradient
    case .gmres: .gmres()
    }
  }
}
