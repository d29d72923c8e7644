import LinAlg

/// The adjoint equation of a proximal-gradient map in its symmetric form: with A1 = D (I − s H), D = R Rᵀ and z = Rᵀ v,
/// `K z = Rᵀ y`, `K = (I − RᵀR) + s RᵀHR`, symmetric positive definite, r × r.
///
/// Derivation: multiply `(I − A1ᵀ) v = y` by Rᵀ. `A2ᵀ v` depends on `D v = R z` only where A2's columns lie in the range of D, so a v
/// with that product is given, zero off the active coordinates (``AID`` recovers the rest where A2 needs it). The same K serves
/// tangents: `(I − A1) x = b`, b in the range of D, has `x = R z` with `K z = R⁺ b`.
///
/// One object serves all linearizations of a map: filled again for a support of the same size it allocates nothing.
final class SymmetricSystem<Element: Scalar>: LinearOperator {
  private var parts: any SymmetricParts<Element>
  private(set) var step: Element = 0
  private var isMask = true
  private var isProjection = true
  private var hessian: (any LinearOperator<Element>)?
  private let diagonal = DiagonalPreconditioner<Element>()
  /// |S| entries, where R is not the identity there, and r entries.
  private var compact = Vector<Element>.zeros(0)
  private var compactImage = Vector<Element>.zeros(0)
  var scaled = Vector<Element>.zeros(0)
  private(set) var products = 0

  /// Right-hand side and solution, r entries.
  var rightHandSide = Vector<Element>.zeros(0)
  var solution = Vector<Element>.zeros(0)
  /// Room for the refinement of direct solves.
  var residual = Vector<Element>.zeros(0)
  var correction = Vector<Element>.zeros(0)

  /// r.
  private(set) var rows = 0
  var columns: Int { rows }

  init(parts: any SymmetricParts<Element>) {
    self.parts = parts
    load(parts)
  }

  /// Becomes the system of a linearization as it is filled now.
  func load(_ parts: any SymmetricParts<Element>) {
    self.parts = parts
    step = parts.step
    isMask = parts.isMask
    isProjection = parts.isProjection
    hessian = nil
    knownPreconditioner = nil
    knownCosts = nil
    products = 0
    let r = parts.rank
    if rows != r || scaled.count != r {
      rows = r
      scaled = .zeros(r)
      rightHandSide = .zeros(r)
      solution = .zeros(r)
      residual = .zeros(r)
      correction = .zeros(r)
    }
    let k = parts.active.count
    if compact.count != k {
      compact = .zeros(k)
      compactImage = .zeros(k)
    }
  }

  /// y ← K x, matrix-free over the support's data.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    products += 1
    if hessian == nil { hessian = parts.makeRestrictedHessian() }
    if isMask {
      if step.isModerate {
        hessian!.apply(x, into: &y)
        y.scale(by: step)
      } else {
        let size = x.powerOfTwo
        scaled.combine(1 / size, x, 0)
        hessian!.apply(scaled, into: &y)
        y.scale(by: step)
        y.scale(by: size)
      }
      return
    }
    parts.expand(x, into: &compact)
    hessian!.apply(compact, into: &compactImage)
    parts.restrict(compactImage, into: &y)
    y.scale(by: step)
    if isProjection { return }
    parts.applyGram(x, into: &scaled)
    y.add(1, x)
    y.add(-1, scaled)
  }

  private var knownPreconditioner: (any LinearOperator<Element>)??
  private var knownCosts: AdjointCosts?

  /// What conjugate gradient and MINRES are preconditioned with: the incomplete Cholesky factorization of a sparse K where it
  /// pays (``AdjointSolverChoice/incompleteCholeskyPays(_:)``), otherwise the diagonal where that helps, otherwise nothing.
  /// Made on first use, for any number of right-hand sides; only where D is diagonal.
  var preconditioner: (any LinearOperator<Element>)? {
    if let knownPreconditioner { return knownPreconditioner }
    var made: (any LinearOperator<Element>)?
    if isMask || parts.diagonalRoots != nil {
      made = incompleteCholesky()
      if made == nil { made = jacobi() }
    }
    knownPreconditioner = .some(made)
    return made
  }

  private func incompleteCholesky() -> IncompleteCholesky<Element>? {
    guard rows > 0, AdjointSolverChoice.incompleteCholeskyPays(costs), var K = parts.sparseHessian else { return nil }
    if let roots = parts.diagonalRoots { K.scale(by: roots) }
    K.scale(by: step, addingToDiagonal: oneMinusD)
    return IncompleteCholesky(K)
  }

  /// The inverse of K's diagonal, where the diagonal is known and uneven: within a factor of two it would change nothing that
  /// pays for its product. With more support than samples H_SS = shift I + BᵀB has the shift as an eigenvalue many times over,
  /// which scaling by columns would spread without evening out those of BᵀB, which are those of the small BBᵀ: measured at 500
  /// samples and supports of 1000 and 4000, 85 iterations became 235 and 33 became 275.
  private func jacobi() -> DiagonalPreconditioner<Element>? {
    if rows == 0 || costs.lowRank != nil || !parts.hessianDiagonal(into: &scaled) { return nil }
    scaled.scale(by: step)
    if let roots = parts.diagonalRoots, let oneMinusD {
      scaled.scale(by: roots)
      scaled.scale(by: roots)
      scaled.add(1, oneMinusD)
    }
    return diagonal.load(scaled) ? diagonal : nil
  }

  /// I − D on the support where D is diagonal but no mask; nil otherwise.
  private var oneMinusD: Vector<Element>? {
    parts.diagonalRoots.map { roots in Vector(count: rows) { 1 - roots[$0] * roots[$0] } }
  }

  /// H_SS = shift I + BᵀB where that has fewer rows than the support has coordinates, and K is a multiple of it.
  var lowRank: (any LowRankHessian<Element>)? {
    guard isMask, let hessian = parts.lowRankHessian, hessian.rank < rows else { return nil }
    return hessian
  }

  /// What of K it costs to say; see ``AdjointSolverChoice``.
  var costs: AdjointCosts {
    if let knownCosts { return knownCosts }
    let costs = parts.costs
    knownCosts = costs
    return costs
  }

  /// Whether H_SS is to be had in single precision, K is a multiple of it and it costs half.
  var hasSingleHessian: Bool { isMask && parts.hasSingleHessian }

  /// H ← H_SS in single precision.
  func assembleSingle(into H: inout Matrix<Float>) { parts.assembleSingleHessian(into: &H) }

  /// H_SS as an operator in single precision, where K is a multiple of it; nil otherwise.
  func makeSingle() -> (any LinearOperator<Float>)? {
    isMask ? parts.makeSingleHessian() : nil
  }

  /// K as a matrix, both triangles.
  func assemble(into K: inout Matrix<Element>) {
    if isMask {
      parts.assembleHessian(into: &K)
      K.scale(by: step)
      return
    }
    let k = compact.count
    var M = Matrix<Element>.zeros(k, k)
    parts.assembleHessian(into: &M)
    // R_Sᵀ M, one column of M at a time, then the same from the right: M is symmetric.
    var half = Matrix<Element>.zeros(rows, k)
    for j in 0..<k {
      parts.restrict(M.column(j), into: &scaled)
      half.setColumn(j, scaled)
    }
    var row = Vector<Element>.zeros(k)
    for i in 0..<rows {
      for j in 0..<k { row[j] = half[i, j] }
      parts.restrict(row, into: &scaled)
      scaled.scale(by: step)
      K.setColumn(i, scaled)
    }
    for j in 0..<rows { for i in 0..<j { K[i, j] = K[j, i] } }
    if isProjection { return }
    var unit = Vector<Element>.zeros(rows)
    for j in 0..<rows {
      unit[j] = 1
      parts.applyGram(unit, into: &scaled)
      unit[j] = 0
      for i in 0..<rows { K[i, j] -= scaled[i] }
      K[j, j] += 1
    }
  }

  // MARK: - Between the full space and the range of R

  /// rightHandSide ← Rᵀ y.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func loadAdjoint(_ y: Vector<Element>) {
    if isMask {
      rightHandSide.gather(parts.active, from: y)
      return
    }
    compact.gather(parts.active, from: y)
    parts.restrict(compact, into: &rightHandSide)
  }

  /// v ← a vector with D v = R z, zero off the active coordinates.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func storeAdjoint(into v: inout Vector<Element>) {
    if isMask {
      v.scatter(parts.active, from: solution)
      return
    }
    parts.lift(solution, into: &compact)
    v.scatter(parts.active, from: compact)
  }

  /// solution ← Rᵀ v: the inverse of ``storeAdjoint(into:)``, for warm starts.
  func loadGuess(_ v: Vector<Element>) {
    if isMask {
      solution.gather(parts.active, from: v)
      return
    }
    compact.gather(parts.active, from: v)
    parts.restrict(compact, into: &solution)
  }

  /// rightHandSide ← R⁺ b.
  func loadTangent(_ b: Vector<Element>) {
    if isMask {
      rightHandSide.gather(parts.active, from: b)
      return
    }
    compact.gather(parts.active, from: b)
    parts.project(compact, into: &rightHandSide)
  }

  /// x ← R z, zero off the active coordinates.
  func storeTangent(into x: inout Vector<Element>) {
    if isMask {
      x.scatter(parts.active, from: solution)
      return
    }
    parts.expand(solution, into: &compact)
    x.scatter(parts.active, from: compact)
  }
}
