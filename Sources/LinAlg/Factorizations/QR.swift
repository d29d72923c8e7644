/// A = Q R by Householder reflections (LAPACK `geqrf`), A m × n.
///
/// Cost 2 n² (m − n/3) for m ≥ n. Q is kept as reflections and formed on request.
public struct QR<Element: Scalar>: Sendable {
  private let reflections: Matrix<Element>
  private let tau: Vector<Element>

  /// Factors a copy of `A` (m × n, any shape).
  ///
  /// - Throws: ``FactorizationError/notFinite(row:column:)``.
  public init(_ A: Matrix<Element>) throws(FactorizationError) {
    try self.init(overwriting: A.packed(as: .columnMajor))
  }

  /// Factors `A` (m × n, any shape) in its own memory where that is column-major and not shared, in a copy otherwise.
  ///
  /// - Throws: ``FactorizationError/notFinite(row:column:)``.
  public init(overwriting A: consuming Matrix<Element>) throws(FactorizationError) {
    var matrix = A.layout == .columnMajor ? consume A : A.packed(as: .columnMajor)
    try matrix.requireFinite()
    let (m, n) = (matrix.rows, matrix.columns)
    var tau = Vector<Element>.zeros(min(m, n))
    if tau.count > 0 {
      let a = matrix.mutableBase()
      let t = tau.mutableBase()
      let stride = matrix.stride
      withBestWork { work, count in _ = Element._geqrf(m, n, a, stride, t, work, count) }
    }
    self.reflections = matrix
    self.tau = tau
  }

  /// m.
  public var rows: Int { reflections.rows }
  /// n.
  public var columns: Int { reflections.columns }

  /// R, min(m, n) × n, zeros below the diagonal.
  public var r: Matrix<Element> {
    Matrix(rows: tau.count, columns: columns) { $0 <= $1 ? reflections[$0, $1] : 0 }
  }

  /// The first min(m, n) columns of Q: orthonormal, m × min(m, n). Cost about that of the factorization.
  public func thinQ() -> Matrix<Element> {
    let (m, k) = (rows, tau.count)
    var Q = reflections[columns: 0..<k].packed(as: .columnMajor)
    if k > 0 {
      let q = Q.mutableBase()
      let stride = Q.stride
      withBestWork { work, count in _ = Element._orgqr(m, k, k, q, stride, tau.base, work, count) }
    }
    return Q
  }

  /// b ← Q b, Q the full m × m factor. Cost 4 m n.
  public func applyQ(_ b: inout Vector<Element>) { apply(&b, adjoint: false) }

  /// b ← Qᵀ b, Q the full m × m factor. Cost 4 m n.
  public func applyQAdjoint(_ b: inout Vector<Element>) { apply(&b, adjoint: true) }

  /// B ← Q B, or Qᵀ B, for a column-major m × k matrix. Cost 4 m n k.
  public func applyQ(block B: inout Matrix<Element>, adjoint: Bool = false) {
    precondition(
      B.rows == rows && B.layout == .columnMajor, "QR: a column-major block of \(rows) rows is needed, not \(B.rows)")
    if tau.count > 0 && B.columns > 0 {
      let stride = B.stride
      apply(B.mutableBase(), columns: B.columns, stride: stride, adjoint: adjoint)
    }
  }

  private func apply(_ b: inout Vector<Element>, adjoint: Bool) {
    precondition(b.count == rows, "QR: \(b.count) entries for \(rows) rows")
    if tau.count > 0 { apply(b.mutableBase(), columns: 1, stride: rows, adjoint: adjoint) }
  }

  private func apply(_ c: UnsafeMutablePointer<Element>, columns: Int, stride: Int, adjoint: Bool) {
    withBestWork { work, count in
      _ = Element._ormqr(
        adjoint, rows, columns, tau.count, reflections.base, reflections.stride, tau.base, c, stride, work, count)
    }
  }

  /// The x (n entries) of smallest ‖b − A x‖, for m ≥ n and independent columns. Cost 4 m n.
  ///
  /// - Throws: ``FactorizationError/rankDeficient(column:reciprocalCondition:)``.
  public func leastSquares(_ b: Vector<Element>) throws(FactorizationError) -> Vector<Element> {
    let X = try leastSquares(block: Matrix(rows: b.count, columns: 1, layout: .columnMajor, entries: b))
    return X.column(0)
  }

  /// The X (n × k) of smallest ‖B − A X‖ column by column, for m ≥ n and independent columns. Cost 4 m n k.
  ///
  /// The columns count as dependent where the estimated reciprocal condition of R is at most max(m, n) · ulp: the
  /// rounding error of R is of that size, so a matrix of smaller rank cannot be excluded.
  ///
  /// - Throws: ``FactorizationError/rankDeficient(column:reciprocalCondition:)``.
  public func leastSquares(block B: Matrix<Element>) throws(FactorizationError) -> Matrix<Element> {
    let (m, n) = (rows, columns)
    precondition(m >= n, "QR.leastSquares: \(m) equations for \(n) unknowns; use SVD.leastSquares")
    precondition(B.rows == m, "QR.leastSquares: a right-hand side of \(B.rows) × \(B.columns) for \(m) equations")
    if n == 0 { return .zeros(0, B.columns) }
    try requireFullRank()
    var C = B.packed(as: .columnMajor)
    if B.columns > 0 {
      let c = C.mutableBase()
      apply(c, columns: B.columns, stride: C.stride, adjoint: true)
      Element._trsm(false, false, n, B.columns, reflections.base, reflections.stride, c, C.stride)
    }
    return C[rows: 0..<n].packed(as: .columnMajor)
  }

  private func requireFullRank() throws(FactorizationError) {
    var work = Vector<Element>.zeros(3 * columns)
    var integers = [Int32](repeating: 0, count: columns)
    let rcond = Element._trcon(columns, reflections.base, reflections.stride, work.mutableBase(), &integers)
    if rcond > Element(max(rows, columns)) * .ulpOfOne { return }
    let weakest = (0..<columns).min { reflections[$0, $0].magnitude < reflections[$1, $1].magnitude } ?? 0
    throw .rankDeficient(column: weakest, reciprocalCondition: Double(rcond))
  }
}

/// Asks a LAPACK routine for its best workspace, then calls it with one.
func withBestWork<Element: Scalar>(_ call: (UnsafeMutablePointer<Element>, Int) -> Void) {
  var best: Element = 0
  call(&best, -1)
  // The size comes back as a real number; a Float above 2²⁴ may have been rounded down.
  let count = max(1, Int(best.nextUp.rounded(.up)))
  var work = Vector<Element>.zeros(count)
  call(work.mutableBase(), count)
}
