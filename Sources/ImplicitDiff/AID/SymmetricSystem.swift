import LinAlg

/// The adjoint equation of a proximal-gradient map on the support of D: `K u = D^{1/2} y` with
/// `K = (I − D) + s D^{1/2} H_SS D^{1/2}`, symmetric positive definite, |S| × |S|.
///
/// Derivation: with `A1 = D (I − s H)` and `u = D^{1/2} v`, multiply `(I − A1ᵀ) v = y` by D^{1/2}. `A2ᵀ v` depends on
/// `D v = D^{1/2} u` only where A2's columns lie in the range of D, so a v with that product is given: `D^{-1/2} u` on the support
/// and zero off it (``AID`` recovers the rest where A2 needs it). The same K serves tangents: `(I − A1) x = b`, b in the range of
/// D, has `x = D^{1/2} u` with `K u = D^{-1/2} b`.
///
/// One object serves all linearizations of a map: filled again for a support of the same size it allocates nothing.
final class SymmetricSystem<Element: Scalar>: LinearOperator {
  private var structure: any ProximalGradientStructure<Element>
  private(set) var step: Element = 0
  /// D^{1/2} and I − D on the support, used where D is not a mask.
  private var rootD: Vector<Element>
  private var oneMinusD: Vector<Element>
  private var isMask = true
  private var hessian: (any LinearOperator<Element>)?
  private let diagonal = DiagonalPreconditioner<Element>()
  var scaled: Vector<Element>
  private(set) var products = 0

  /// Right-hand side and solution on the support.
  var rightHandSide: Vector<Element>
  var solution: Vector<Element>
  /// Room for the refinement of direct solves.
  var residual: Vector<Element>
  var correction: Vector<Element>

  /// Read where it lies: a copy would share the memory that the next linearization fills.
  var support: IndexSubset { structure.support }
  /// |S|.
  private(set) var rows = 0
  var columns: Int { rows }

  init(_ structure: any ProximalGradientStructure<Element>) {
    self.structure = structure
    rootD = .zeros(0)
    oneMinusD = .zeros(0)
    scaled = .zeros(0)
    rightHandSide = .zeros(0)
    solution = .zeros(0)
    residual = .zeros(0)
    correction = .zeros(0)
    load(structure)
  }

  /// Becomes the system of a linearization as it is filled now.
  func load(_ structure: any ProximalGradientStructure<Element>) {
    self.structure = structure
    step = structure.step
    hessian = nil
    knownPreconditioner = nil
    knownCosts = nil
    products = 0
    let k = structure.support.count
    if rows != k {
      rows = k
      scaled = .zeros(k)
      rightHandSide = .zeros(k)
      solution = .zeros(k)
      residual = .zeros(k)
      correction = .zeros(k)
    }
    isMask = structure.derivativeIsMask
    if isMask { return }
    if rootD.count != k {
      rootD = .zeros(k)
      oneMinusD = .zeros(k)
    }
    rootD.gather(structure.support, from: structure.derivative)
    for i in 0..<k {
      oneMinusD[i] = 1 - rootD[i]
      rootD[i] = rootD[i].squareRoot()
    }
  }

  /// y ← K x, matrix-free over the support's data.
  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    products += 1
    if hessian == nil { hessian = structure.makeRestrictedHessian() }
    if isMask && step.isModerate {
      hessian!.apply(x, into: &y)
      y.scale(by: step)
      return
    }
    if isMask {
      let size = x.powerOfTwo
      scaled.combine(1 / size, x, 0)
      hessian!.apply(scaled, into: &y)
      y.scale(by: step)
      y.scale(by: size)
      return
    }
    scaled.assignProduct(rootD, x)
    hessian!.apply(scaled, into: &y)
    y.scale(by: rootD)
    y.scale(by: step)
    scaled.assignProduct(oneMinusD, x)
    y.add(1, scaled)
  }

  private var knownPreconditioner: (any LinearOperator<Element>)??
  private var knownCosts: AdjointCosts?

  /// What conjugate gradient and MINRES are preconditioned with: the incomplete Cholesky factorization of a sparse K where it
  /// pays (``AdjointSolverChoice/incompleteCholeskyPays(_:)``), otherwise the diagonal where that helps, otherwise nothing.
  /// Made on first use, for any number of right-hand sides.
  var preconditioner: (any LinearOperator<Element>)? {
    if let knownPreconditioner { return knownPreconditioner }
    let made: (any LinearOperator<Element>)? = incompleteCholesky() ?? jacobi()
    knownPreconditioner = .some(made)
    return made
  }

  private func incompleteCholesky() -> IncompleteCholesky<Element>? {
    guard rows > 0, AdjointSolverChoice.incompleteCholeskyPays(costs),
      var K = structure.sparseHessian
    else { return nil }
    if !isMask { K.scale(by: rootD) }
    K.scale(by: step, addingToDiagonal: isMask ? nil : oneMinusD)
    return IncompleteCholesky(K)
  }

  /// The inverse of K's diagonal, where the diagonal is known and uneven: within a factor of two it would change nothing that
  /// pays for its product. With more support than samples H_SS = shift I + BᵀB has the shift as an eigenvalue many times over,
  /// which scaling by columns would spread without evening out those of BᵀB, which are those of the small BBᵀ: measured at 500
  /// samples and supports of 1000 and 4000, 85 iterations became 235 and 33 became 275.
  private func jacobi() -> DiagonalPreconditioner<Element>? {
    if rows == 0 || costs.lowRank != nil || !structure.hessianDiagonal(into: &scaled) { return nil }
    scaled.scale(by: step)
    if !isMask {
      scaled.scale(by: rootD)
      scaled.scale(by: rootD)
      scaled.add(1, oneMinusD)
    }
    return diagonal.load(scaled) ? diagonal : nil
  }

  /// H_SS = shift I + BᵀB where that has fewer rows than the support has coordinates, and K is a multiple of it.
  var lowRank: (any LowRankHessian<Element>)? {
    guard isMask, let hessian = structure.lowRankHessian, hessian.rank < rows else { return nil }
    return hessian
  }

  /// What of K it costs to say; see ``AdjointSolverChoice``.
  var costs: AdjointCosts {
    if let knownCosts { return knownCosts }
    let costs = structure.costs
    knownCosts = costs
    return costs
  }

  /// Whether H_SS is to be had in single precision, K is a multiple of it and it costs half.
  var hasSingleHessian: Bool { isMask && structure.hasSingleHessian }

  /// H ← H_SS in single precision.
  func assembleSingle(into H: inout Matrix<Float>) { structure.assembleSingleHessian(into: &H) }

  /// K as a matrix, both triangles.
  func assemble(into K: inout Matrix<Element>) {
    structure.assembleHessian(into: &K)
    K.scale(by: step)
    if isMask { return }
    for j in 0..<rows {
      for i in 0..<rows { K[i, j] *= rootD[i] * rootD[j] }
      K[j, j] += oneMinusD[j]
    }
  }

  // MARK: - Between the full space and the support

  /// rightHandSide ← D^{1/2} y.
  func loadAdjoint(_ y: Vector<Element>) {
    rightHandSide.gather(support, from: y)
    if !isMask { rightHandSide.scale(by: rootD) }
  }

  /// v ← D^{-1/2} u on the support, zero off it.
  func storeAdjoint(into v: inout Vector<Element>) {
    if !isMask { for k in 0..<rows { solution[k] /= rootD[k] } }
    v.scatter(support, from: solution)
  }

  /// solution ← D^{1/2} v on the support: the inverse of ``storeAdjoint(into:)``, for warm starts.
  func loadGuess(_ v: Vector<Element>) {
    solution.gather(support, from: v)
    if !isMask { solution.scale(by: rootD) }
  }

  /// rightHandSide ← D^{-1/2} b.
  func loadTangent(_ b: Vector<Element>) {
    rightHandSide.gather(support, from: b)
    if !isMask { for k in 0..<rows { rightHandSide[k] /= rootD[k] } }
  }

  /// x ← D^{1/2} u on the support, zero off it.
  func storeTangent(into x: inout Vector<Element>) {
    if !isMask { solution.scale(by: rootD) }
    x.scatter(support, from: solution)
  }
}
