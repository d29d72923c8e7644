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
  private var work: Vector<Element>
  private var integers: [Int32]
  private var norm: Element = 0
  private var isFactored = false

  /// Room for `capacity` unknowns: capacity² entries.
  public init(capacity: Int) {
    precondition(capacity >= 0, "CholeskyWorkspace: a capacity cannot be negative (\(capacity))")
    matrix = .zeros(capacity, capacity)
    work = .zeros(3 * capacity)
    integers = Array(repeating: 0, count: capacity)
  }

  /// The number of unknowns of the matrix factored last.
  public var count: Int { matrix.rows }

  /// Factors the n × n matrix that `fill` writes; only its lower triangle is read. Cost n³/3 and what `fill` costs.
  ///
  /// `fill` receives a column-major matrix that holds what was left there, so it must write the whole lower triangle.
  /// Beyond the capacity the memory grows (once).
  ///
  /// - Throws: ``FactorizationError/notPositiveDefinite(leadingMinor:)``, ``FactorizationError/notFinite(row:column:)``;
  ///   nothing can be solved until the next success.
  public func factor(count n: Int, _ fill: (inout Matrix<Element>) -> Void) throws(FactorizationError) {
    isFactored = false
    resize(n)
    fill(&matrix)
    precondition(
      matrix.rows == n && matrix.columns == n && matrix.layout == .columnMajor,
      "CholeskyWorkspace: the matrix was replaced by one of \(matrix.rows) × \(matrix.columns), \(n) × \(n) is needed")
    norm = try matrix.factorCholesky(&work)
    isFactored = true
  }

  private func resize(_ n: Int) {
    precondition(n >= 0, "CholeskyWorkspace: a count cannot be negative (\(n))")
    if matrix.storage.capacity < n * n { matrix = .zeros(n, n) }
    if work.count < 3 * n { work = .zeros(3 * n) }
    if integers.count < n { integers = Array(repeating: 0, count: n) }
    if matrix.rows != n {
      matrix = Matrix(
        storage: matrix.storage, offset: 0, rows: n, columns: n, leadingDimension: max(1, n), layout: .columnMajor)
    }
  }

  private func requireFactored() {
    precondition(
      isFactored, "CholeskyWorkspace: nothing is factored (the last factor(count:_:) threw, or none was made)")
  }

  /// b ← A⁻¹ b. Cost 2 n².
  public func solve(_ b: inout Vector<Element>) {
    requireFactored()
    matrix.solveCholesky(&b)
  }

  /// B ← A⁻¹ B, B n × k. Allocates nothing where B is column-major. Cost 2 n² k.
  public func solve(block B: inout Matrix<Element>) {
    requireFactored()
    matrix.solveCholesky(block: &B)
  }

  /// log det A.
  public var logDeterminant: Element {
    requireFactored()
    return matrix.logDeterminantOfCholesky
  }

  /// As ``Cholesky/reciprocalCondition``.
  public var reciprocalCondition: Element {
    requireFactored()
    if count == 0 { return 1 }
    return Element._pocon(count, matrix.base, matrix.stride, norm, work.mutableBase(), &integers)
  }
}
