internal import RealModule

/// A = L Lᵀ of a symmetric positive definite matrix (LAPACK `potrf`).
///
/// Only the lower triangle of A is read. Cost n³/3; a solve costs 2 n².
public struct Cholesky<Element: Scalar>: Sendable {
  private let lower: Matrix<Element>
  private let norm: Element

  /// Factors a copy of `A` (n × n).
  ///
  /// - Throws: ``FactorizationError/notPositiveDefinite(leadingMinor:)``, ``FactorizationError/notFinite(row:column:)``.
  public init(_ A: Matrix<Element>) throws(FactorizationError) {
    try self.init(overwriting: A.packed(as: .columnMajor))
  }

  /// Factors `A` (n × n) in its own memory where that is column-major and not shared, in a copy otherwise.
  ///
  /// - Throws: ``FactorizationError/notPositiveDefinite(leadingMinor:)``, ``FactorizationError/notFinite(row:column:)``.
  public init(overwriting A: consuming Matrix<Element>) throws(FactorizationError) {
    var matrix = A.layout == .columnMajor ? consume A : A.packed(as: .columnMajor)
    var work = Vector<Element>.zeros(matrix.rows)
    norm = try matrix.factorCholesky(&work)
    lower = matrix
  }

  /// The number of unknowns n.
  public var count: Int { lower.rows }

  /// L, n × n, zeros above the diagonal.
  public var factor: Matrix<Element> { lower.keepingLower() }

  /// b ← A⁻¹ b.
  public func solve(_ b: inout Vector<Element>) { lower.solveCholesky(&b) }

  /// B ← A⁻¹ B, B n × k.
  public func solve(block B: inout Matrix<Element>) { lower.solveCholesky(block: &B) }

  /// log det A.
  public var logDeterminant: Element { lower.logDeterminantOfCholesky }

  /// An estimate of 1 / (‖A‖₁ ‖A⁻¹‖₁), within a small factor of it in practice (Higham's estimator); 1 for n = 0. Cost
  /// a few solves. At or below the unit roundoff no digit of a solution is certain.
  public var reciprocalCondition: Element {
    if count == 0 { return 1 }
    var work = Vector<Element>.zeros(3 * count)
    var integers = [Int32](repeating: 0, count: count)
    return Element._pocon(count, lower.base, lower.stride, norm, work.mutableBase(), &integers)
  }
}

// MARK: - The steps, on memory that somebody else owns

extension Matrix {
  /// Overwrites the lower triangle by L; ‖A‖₁ as it was. `work` holds at least n entries.
  mutating func factorCholesky(_ work: inout Vector<Element>) throws(FactorizationError) -> Element {
    precondition(isSquare, "Cholesky: the matrix must be square, not \(rows) × \(columns)")
    if rows == 0 { return 0 }
    try requireFiniteLower()
    let a = mutableBase()
    let norm = Element._lansy(rows, a, stride, work.mutableBase())
    let info = Element._potrf(rows, a, stride)
    if info > 0 { throw .notPositiveDefinite(leadingMinor: info) }
    return norm
  }

  func solveCholesky(_ b: inout Vector<Element>) {
    precondition(b.count == rows, "Cholesky.solve: \(b.count) entries for \(rows) unknowns")
    if rows == 0 { return }
    let p = b.mutableBase()
    Element._trsv(true, false, rows, base, stride, p)
    Element._trsv(true, true, rows, base, stride, p)
  }

  func solveCholesky(block B: inout Matrix) {
    precondition(B.rows == rows, "Cholesky.solve: a block of \(B.rows) × \(B.columns) for \(rows) unknowns")
    if rows == 0 || B.columns == 0 { return }
    B.inColumnMajor { B in
      let p = B.mutableBase()
      Element._trsm(true, false, rows, B.columns, base, stride, p, B.stride)
      Element._trsm(true, true, rows, B.columns, base, stride, p, B.stride)
    }
  }

  var logDeterminantOfCholesky: Element {
    var sum: Element = 0
    for i in 0..<rows { sum += Element.log(base[i * (stride + 1)]) }
    return 2 * sum
  }

  func keepingLower() -> Matrix { Matrix(rows: rows, columns: columns) { $0 >= $1 ? self[$0, $1] : 0 } }
}
