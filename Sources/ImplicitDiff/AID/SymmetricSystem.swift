import LinAlg

/// The adjoint equation of a proximal-gradient map on the support of D: `K u = D^{1/2} y` with
/// `K = (I − D) + s D^{1/2} H_SS D^{1/2}`, symmetric positive definite, |S| × |S|.
///
/// Derivation: with `A1 = D (I − s H)` and `u = D^{1/2} v`, multiply `(I − A1ᵀ) v = y` by D^{1/2}. `A2ᵀ v` depends on
/// `D v = D^{1/2} u` only, so a v with that product is returned: `D^{-1/2} u` on the support and zero off it. The same K
/// serves tangents: `(I − A1) x = b`, b in the range of D, has `x = D^{1/2} u` with `K u = D^{-1/2} b`.
final class SymmetricSystem<Element: Scalar>: LinearOperator {
  private let structure: any ProximalGradientStructure<Element>
  let support: IndexSubset
  let step: Element
  /// D^{1/2} and I − D on the support; nil where D is a mask and both are trivial.
  private var rootD: Vector<Element>?
  private var oneMinusD: Vector<Element>?
  private var hessian: (any LinearOperator<Element>)?
  var scaled: Vector<Element>
  private(set) var products = 0

  /// Right-hand side and solution on the support.
  var rightHandSide: Vector<Element>
  var solution: Vector<Element>

  var rows: Int { support.count }
  var columns: Int { support.count }

  init(_ structure: any ProximalGradientStructure<Element>) {
    self.structure = structure
    support = structure.support
    step = structure.step
    let k = support.count
    scaled = .zeros(k)
    rightHandSide = .zeros(k)
    solution = .zeros(k)
    if !structure.derivativeIsMask {
      var d = Vector<Element>.zeros(k)
      d.gather(support, from: structure.derivative)
      rootD = Vector(count: k) { d[$0].squareRoot() }
      oneMinusD = Vector(count: k) { 1 - d[$0] }
    }
  }

  /// y ← K x, matrix-free over the support's data.
  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    products += 1
    if hessian == nil { hessian = structure.makeRestrictedHessian() }
    guard let rootD, let oneMinusD else {
      hessian!.apply(x, into: &y)
      y.scale(by: step)
      return
    }
    scaled.assignProduct(rootD, x)
    hessian!.apply(scaled, into: &y)
    y.scale(by: rootD)
    y.scale(by: step)
    scaled.assignProduct(oneMinusD, x)
    y.add(1, scaled)
  }

  /// What conjugate gradient and MINRES are preconditioned with: the incomplete Cholesky factorization of a sparse K where it
  /// pays (``AdjointSolverChoice/incompleteCholeskyPays(_:)``), otherwise the diagonal where that helps, otherwise nothing.
  /// Made on first use, for any number of right-hand sides.
  private(set) lazy var preconditioner: (any LinearOperator<Element>)? = incompleteCholesky() ?? jacobi()

  private func incompleteCholesky() -> IncompleteCholesky<Element>? {
    guard support.count > 0, AdjointSolverChoice.incompleteCholeskyPays(costs),
      var K = structure.sparseHessian
    else { return nil }
    if let rootD { K.scale(by: rootD) }
    K.scale(by: step, addingToDiagonal: oneMinusD)
    return IncompleteCholesky(K)
  }

  /// The inverse of K's diagonal, where the diagonal is known and uneven: within a factor of two it would change nothing that
  /// pays for its product. With more support than samples H_SS = shift I + BᵀB has the shift as an eigenvalue many times over,
  /// which scaling by columns would spread without evening out those of BᵀB, which are those of the small BBᵀ: measured at 500
  /// samples and supports of 1000 and 4000, 85 iterations became 235 and 33 became 275.
  private func jacobi() -> DiagonalOperator<Element>? {
    if costs.lowRank != nil { return nil }
    var d = Vector<Element>.zeros(support.count)
    guard support.count > 0, structure.hessianDiagonal(into: &d) else { return nil }
    d.scale(by: step)
    if let rootD, let oneMinusD {
      d.scale(by: rootD)
      d.scale(by: rootD)
      d.add(1, oneMinusD)
    }
    var least = Element.infinity
    var greatest: Element = 0
    for k in 0..<d.count {
      least = min(least, d[k])
      greatest = max(greatest, d[k])
    }
    guard least > 0, greatest.isFinite, greatest > 2 * least else { return nil }
    return DiagonalOperator(inverting: d)
  }

  /// H_SS = shift I + BᵀB where that has fewer rows than the support has coordinates, and K is a multiple of it.
  var lowRank: (any LowRankHessian<Element>)? {
    guard rootD == nil, let hessian = structure.lowRankHessian, hessian.rank < support.count else { return nil }
    return hessian
  }

  /// What of K it costs to say; see ``AdjointSolverChoice``.
  private(set) lazy var costs: AdjointCosts = structure.costs

  /// Writes H_SS in single precision, where K is a multiple of it and it costs half.
  var assembleSingle: ((inout Matrix<Float>) -> Void)? { rootD == nil ? structure.assembleSingleHessian : nil }

  /// K as a matrix, both triangles.
  func assemble(into K: inout Matrix<Element>) {
    structure.assembleHessian(into: &K)
    K.scale(by: step)
    guard let rootD, let oneMinusD else { return }
    for j in 0..<support.count {
      for i in 0..<support.count { K[i, j] *= rootD[i] * rootD[j] }
      K[j, j] += oneMinusD[j]
    }
  }

  // MARK: - Between the full space and the support

  /// rightHandSide ← D^{1/2} y.
  func loadAdjoint(_ y: Vector<Element>) {
    rightHandSide.gather(support, from: y)
    if let rootD { rightHandSide.scale(by: rootD) }
  }

  /// v ← D^{-1/2} u on the support, zero off it.
  func storeAdjoint(into v: inout Vector<Element>) {
    if let rootD { for k in 0..<support.count { solution[k] /= rootD[k] } }
    v.scatter(support, from: solution)
  }

  /// solution ← D^{1/2} v on the support: the inverse of ``storeAdjoint(into:)``, for warm starts.
  func loadGuess(_ v: Vector<Element>) {
    solution.gather(support, from: v)
    if let rootD { solution.scale(by: rootD) }
  }

  /// rightHandSide ← D^{-1/2} b.
  func loadTangent(_ b: Vector<Element>) {
    rightHandSide.gather(support, from: b)
    if let rootD { for k in 0..<support.count { rightHandSide[k] /= rootD[k] } }
  }

  /// x ← D^{1/2} u on the support, zero off it.
  func storeTangent(into x: inout Vector<Element>) {
    if let rootD { solution.scale(by: rootD) }
    x.scatter(support, from: solution)
  }
}
