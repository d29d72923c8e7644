/// A = Q diag(λ) Qᵀ of a symmetric matrix (LAPACK `syevd`, divide and conquer).
///
/// Only the lower triangle of A is read. Cost about 9 n³ with vectors, 4 n³/3 without.
public struct SymmetricEigen<Element: Scalar>: Sendable {
  /// λ, ascending.
  public let values: Vector<Element>
  /// Q, n × n: column j belongs to `values[j]`, the columns are orthonormal.
  public let vectors: Matrix<Element>

  /// Values and vectors of `A` (n × n).
  ///
  /// - Throws: ``FactorizationError/notFinite(row:column:)``, ``FactorizationError/notConverged(unconverged:)``.
  public init(_ A: Matrix<Element>) throws(FactorizationError) {
    (values, vectors) = try Self.decompose(A, vectors: true)
  }

  /// The eigenvalues of `A` (n × n) alone, ascending.
  ///
  /// - Throws: ``FactorizationError/notFinite(row:column:)``, ``FactorizationError/notConverged(unconverged:)``.
  public static func eigenvalues(of A: Matrix<Element>) throws(FactorizationError) -> Vector<Element> {
    try decompose(A, vectors: false).0
  }

  private static func decompose(
    _ A: Matrix<Element>, vectors: Bool
  ) throws(FactorizationError) -> (Vector<Element>, Matrix<Element>) {
    precondition(A.isSquare, "SymmetricEigen: the matrix must be square, not \(A.rows) × \(A.columns)")
    let n = A.rows
    var matrix = A.packed(as: .columnMajor)
    try matrix.requireFiniteLower()
    var values = Vector<Element>.zeros(n)
    if n == 0 { return (values, matrix) }
    // The sizes that LAPACK documents for syevd.
    let workCount = vectors ? 1 + 6 * n + 2 * n * n : 2 * n + 1
    let integerCount = vectors ? 3 + 5 * n : 1
    var work = Vector<Element>.zeros(workCount)
    var integers = [Int32](repeating: 0, count: integerCount)
    let a = matrix.mutableBase()
    let info = Element._syevd(
      vectors, n, a, matrix.stride, values.mutableBase(), work.mutableBase(), workCount, &integers, integerCount)
    if info > 0 { throw .notConverged(unconverged: info) }
    return (values, matrix)
  }
}
