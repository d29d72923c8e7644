/// A = U diag(s) Vᵀ, thin (LAPACK `gesdd`, divide and conquer), A m × n.
///
/// Cost about 14 m n² + 8 n³ for m ≥ n.
public struct SVD<Element: Scalar>: Sendable {
  /// U, m × k with k = min(m, n), orthonormal columns.
  public let u: Matrix<Element>
  /// s, k entries, descending, none negative.
  public let values: Vector<Element>
  /// Vᵀ, k × n, orthonormal rows.
  public let vTransposed: Matrix<Element>

  /// Values and vectors of `A` (m × n, any shape).
  ///
  /// - Throws: ``FactorizationError/notFinite(row:column:)``, ``FactorizationError/notConverged(unconverged:)``.
  public init(_ A: Matrix<Element>) throws(FactorizationError) {
    (u, values, vTransposed) = try Self.decompose(A, vectors: true)
  }

  /// The singular values of `A` (m × n) alone, descending.
  ///
  /// - Throws: ``FactorizationError/notFinite(row:column:)``, ``FactorizationError/notConverged(unconverged:)``.
  public static func singularValues(of A: Matrix<Element>) throws(FactorizationError) -> Vector<Element> {
    try decompose(A, vectors: false).1
  }

  private static func decompose(
    _ A: Matrix<Element>, vectors: Bool
  ) throws(FactorizationError) -> (Matrix<Element>, Vector<Element>, Matrix<Element>) {
    try A.requireFinite()
    let (m, n) = (A.rows, A.columns)
    let k = min(m, n)
    var matrix = A.packed(as: .columnMajor)
    var s = Vector<Element>.zeros(k)
    var U = Matrix<Element>.zeros(vectors ? m : 0, vectors ? k : 0)
    var V = Matrix<Element>.zeros(vectors ? k : 0, vectors ? n : 0)
    if k == 0 { return (U, s, V) }
    var integers = [Int32](repeating: 0, count: 8 * k)
    let a = matrix.mutableBase()
    let (u, v, values) = (U.mutableBase(), V.mutableBase(), s.mutableBase())
    let (lda, ldu, ldv) = (matrix.stride, U.stride, V.stride)
    var info = 0
    integers.withUnsafeMutableBufferPointer { integers in
      withBestWork { work, count in
        info = Element._gesdd(
          vectors, m, n, a, lda, values, u, ldu, v, ldv, work, count, integers.baseAddress!)
      }
    }
    if info > 0 { throw .notConverged(unconverged: info) }
    return (U, s, V)
  }

  /// max(m, n) · ulp: values below this times the largest are rounding errors of a smaller rank.
  public var defaultRankTolerance: Element { Element(max(u.rows, vTransposed.columns)) * .ulpOfOne }

  /// The number of values above `tolerance` times the largest; nil stands for ``defaultRankTolerance``.
  public func rank(tolerance: Element? = nil) -> Int {
    guard let largest = values.first else { return 0 }
    let threshold = (tolerance ?? defaultRankTolerance) * largest
    return values.count { $0 > threshold }
  }

  /// Of the x (n entries) that make ‖b − A x‖ smallest, the one of smallest norm. Cost 2 (m + n) k.
  ///
  /// Singular values at or below `tolerance` times the largest count as 0; nil stands for ``defaultRankTolerance``.
  public func leastSquares(_ b: Vector<Element>, tolerance: Element? = nil) -> Vector<Element> {
    precondition(b.count == u.rows, "SVD.leastSquares: \(b.count) entries for \(u.rows) equations")
    let rank = rank(tolerance: tolerance)
    var c = Vector<Element>.zeros(values.count)
    c.assignProduct(u.transposed, b)
    for i in 0..<values.count { c[i] = i < rank ? c[i] / values[i] : 0 }
    var x = Vector<Element>.zeros(vTransposed.columns)
    x.assignProduct(vTransposed.transposed, c)
    return x
  }

  /// Of the x (n entries) that make ‖b − A x‖ smallest, the one of smallest norm. Cost that of the decomposition.
  ///
  /// - Throws: ``FactorizationError/notFinite(row:column:)``, ``FactorizationError/notConverged(unconverged:)``.
  public static func leastSquares(
    _ A: Matrix<Element>, _ b: Vector<Element>, tolerance: Element? = nil
  ) throws(FactorizationError) -> Vector<Element> {
    try SVD(A).leastSquares(b, tolerance: tolerance)
  }
}
