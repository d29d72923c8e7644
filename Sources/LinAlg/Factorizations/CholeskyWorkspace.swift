internal import RealModule

/// ``Cholesky`` for many matrices in turn in one memory: after `init` nothing allocates while n stays within the
/// capacity.
///
/// ```swift
/// let workspace = CholeskyWorkspace<Double>(capacity: 100)
/// try workspace.factor(count: 40) { H in H.assignGram(X) }
/// workspace.solve(&b)
/// ```
public final class CholeskyWorkspace<Element: Scalar> {
  private var matrix: Matrix<Element>
  private var diagonal: Vector<Element>
  private var isFactored = false

  /// The unknowns up to which a plain loop beats LAPACK's packing of blocks.
  static var smallCount: Int { 96 }

  /// (min Lᵢᵢ / max Lᵢᵢ)²: an upper bound on 1 / cond₂(A), at no cost. At or below n ulps A is singular to working
  /// precision.
  public private(set) var pivotRatio: Element = 1

  /// min Lᵢᵢ² / Aᵢᵢ: the smallest part of an unknown's own curvature that those before it do not explain, in whatever units each unknown is. At or
  /// below n ulps a column of A depends on others to working precision.
  public private(set) var independence: Element = 1

  /// Room for `capacity` unknowns: capacity² entries.
  public init(capacity: Int) {
    precondition(capacity >= 0, "CholeskyWorkspace: a capacity cannot be negative (\(capacity))")
    matrix = .zeros(capacity, capacity)
    diagonal = .zeros(capacity)
  }

  /// The number of unknowns of the matrix factored last.
  public var count: Int { matrix.rows }

  /// Factors the n × n matrix that `fill` writes; only its lower triangle is read. Cost n³/3 and what `fill` costs.
  ///
  /// `fill` receives a column-major matrix that holds what was left there, so it must write the whole lower triangle.
  /// Beyond the capacity the memory grows (once). Where a pivot turns out NaN or infinite, `fill` is called a second time,
  /// since the factor has overwritten the matrix by then: the same numbers again tell which entry is to blame.
  ///
  /// - Throws: ``FactorizationError/notFinite(row:column:)`` with the first such entry of the lower triangle, column by
  ///   column; ``FactorizationError/notPositiveDefinite(leadingMinor:)``. Nothing can be solved until the next success.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func factor(count n: Int, _ fill: (inout Matrix<Element>) -> Void) throws(FactorizationError) {
    isFactored = false
    resize(n)
    fill(&matrix)
    precondition(
      matrix.rows == n && matrix.columns == n && matrix.layout == .columnMajor,
      "CholeskyWorkspace: the matrix was replaced by one of \(matrix.rows) × \(matrix.columns), \(n) × \(n) is needed")
    for i in 0..<n { diagonal[i] = matrix.base[i * (matrix.stride + 1)] }
    if n > 0 {
      let a = matrix.mutableBase()
      let info =
        n <= Self.smallCount ? Element._smallCholesky(n, a, matrix.stride) : Element._potrf(n, a, matrix.stride)
      if info > 0 { throw failure(leadingMinor: info, fill) }
      // A NaN or an infinity anywhere in the triangle reaches a pivot: no pass over the matrix is needed to find it.
      var least = Element.infinity
      var greatest: Element = 0
      var share: Element = 1
      for i in 0..<n {
        let pivot = a[i * (matrix.stride + 1)]
        if !pivot.isFinite { throw failure(leadingMinor: i + 1, fill) }
        least = min(least, pivot)
        greatest = max(greatest, pivot)
        // A quotient first: the square of a small pivot may underflow.
        share = min(share, pivot / diagonal[i] * pivot)
      }
      pivotRatio = (least / greatest) * (least / greatest)
      independence = share
    } else {
      (pivotRatio, independence) = (1, 1)
    }
    isFactored = true
  }

  /// Why pivot k failed. A finite one is not positive, and all entries that it was made of are finite. One that is not is
  /// the trace of an entry; where the matrix has none, a number overflowed on the way, which none does in the
  /// factorization of a positive definite matrix (Lᵢⱼ² ≤ Aᵢᵢ).
  private func failure(leadingMinor k: Int, _ fill: (inout Matrix<Element>) -> Void) -> FactorizationError {
    if matrix.base[(k - 1) * (matrix.stride + 1)].isFinite { return .notPositiveDefinite(leadingMinor: k) }
    fill(&matrix)
    do throws(FactorizationError) { try matrix.requireFiniteLower() } catch { return error }
    return .notPositiveDefinite(leadingMinor: k)
  }

  private func resize(_ n: Int) {
    precondition(n >= 0, "CholeskyWorkspace: a count cannot be negative (\(n))")
    if matrix.rows != n { matrix.reshape(n, n) }
    if diagonal.count < n { diagonal = .zeros(n) }
  }

  private func requireFactored() {
    precondition(
      isFactored, "CholeskyWorkspace: nothing is factored (the last factor(count:_:) threw, or none was made)")
  }

  /// b ← A⁻¹ b. Cost 2 n².
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func solve(_ b: inout Vector<Element>) {
    requireFactored()
    matrix.solveCholesky(&b)
  }

  /// B ← A⁻¹ B, B n × k. Allocates nothing where B is column-major. Cost 2 n² k.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func solve(block B: inout Matrix<Element>) {
    requireFactored()
    matrix.solveCholesky(block: &B)
  }

  /// r ← b − A x. Cost 2 n².
  ///
  /// - Precondition: `fill` wrote both triangles: the factor took the place of the lower one, and this reads the upper.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func residual(of x: Vector<Element>, rightHandSide b: Vector<Element>, into r: inout Vector<Element>) {
    requireFactored()
    precondition(
      x.count == count && b.count == count && r.count == count,
      "CholeskyWorkspace.residual: \(x.count), \(b.count) and \(r.count) entries for \(count) unknowns")
    if count == 0 { return }
    r.copy(from: b)
    let out = r.mutableBase()
    Element._symv(true, count, -1, matrix.base, matrix.stride, x.base, 1, out)
    // The product took L's diagonal for A's.
    for i in 0..<count { out[i] += (matrix.base[i * (matrix.stride + 1)] - diagonal[i]) * x.base[i] }
  }

  /// log det A.
  public var logDeterminant: Element {
    requireFactored()
    return matrix.logDeterminantOfCholesky
  }
}
