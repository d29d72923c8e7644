internal import RealModule

/// P A = L U of a square matrix, by row exchanges (LAPACK `getrf`).
///
/// Cost 2 n³/3; a solve costs 2 n².
public struct LU<Element: Scalar>: Sendable {
  private let factors: Matrix<Element>
  private let pivots: [Int32]
  private let norm: Element

  /// Factors a copy of `A` (n × n).
  ///
  /// - Throws: ``FactorizationError/singular(pivot:)`` for a pivot that is exactly 0 (a nearly singular matrix factors:
  ///   look at ``reciprocalCondition``), ``FactorizationError/notFinite(row:column:)``.
  public init(_ A: Matrix<Element>) throws(FactorizationError) {
    try self.init(overwriting: A.packed(as: .columnMajor))
  }

  /// Factors `A` (n × n) in its own memory where that is column-major and not shared, in a copy otherwise.
  ///
  /// - Throws: ``FactorizationError/singular(pivot:)``, ``FactorizationError/notFinite(row:column:)``.
  public init(overwriting A: consuming Matrix<Element>) throws(FactorizationError) {
    var matrix = A.layout == .columnMajor ? consume A : A.packed(as: .columnMajor)
    precondition(matrix.isSquare, "LU: the matrix must be square, not \(matrix.rows) × \(matrix.columns)")
    try matrix.requireFinite()
    let n = matrix.rows
    var pivots = [Int32](repeating: 0, count: n)
    var norm: Element = 0
    if n > 0 {
      let a = matrix.mutableBase()
      for j in 0..<n { norm = max(norm, Element._asum(n, a + j * matrix.stride)) }
      let info = Element._getrf(n, n, a, matrix.stride, &pivots)
      if info > 0 { throw .singular(pivot: info - 1) }
    }
    self.factors = matrix
    self.pivots = pivots
    self.norm = norm
  }

  /// The number of unknowns n.
  public var count: Int { factors.rows }

  /// b ← A⁻¹ b.
  public func solve(_ b: inout Vector<Element>) { solve(&b, adjoint: false) }

  /// b ← A⁻ᵀ b.
  public func solveAdjoint(_ b: inout Vector<Element>) { solve(&b, adjoint: true) }

  /// B ← A⁻¹ B, B n × k.
  public func solve(block B: inout Matrix<Element>) { solve(block: &B, adjoint: false) }

  /// B ← A⁻ᵀ B, B n × k.
  public func solveAdjoint(block B: inout Matrix<Element>) { solve(block: &B, adjoint: true) }

  private func solve(_ b: inout Vector<Element>, adjoint: Bool) {
    precondition(b.count == count, "LU.solve: \(b.count) entries for \(count) unknowns")
    if count == 0 { return }
    _ = Element._getrs(adjoint, count, 1, factors.base, factors.stride, pivots, b.mutableBase(), count)
  }

  private func solve(block B: inout Matrix<Element>, adjoint: Bool) {
    precondition(B.rows == count, "LU.solve: a block of \(B.rows) × \(B.columns) for \(count) unknowns")
    if count == 0 || B.columns == 0 { return }
    B.inColumnMajor { B in
      let p = B.mutableBase()
      _ = Element._getrs(adjoint, count, B.columns, factors.base, factors.stride, pivots, p, B.stride)
    }
  }

  /// det A as its sign (−1 or 1) and log |det A|, which does not overflow.
  public var determinant: (sign: Int, logMagnitude: Element) {
    var sign = 1
    var log: Element = 0
    for i in 0..<count {
      let u = factors[i, i]
      if (u < 0) != (pivots[i] != Int32(i + 1)) { sign = -sign }
      log += Element.log(u.magnitude)
    }
    return (sign, log)
  }

  /// An estimate of 1 / (‖A‖₁ ‖A⁻¹‖₁), within a small factor of it in practice (Higham's estimator); 1 for n = 0. Cost
  /// a few solves. At or below the unit roundoff no digit of a solution is certain.
  public var reciprocalCondition: Element {
    if count == 0 { return 1 }
    var work = Vector<Element>.zeros(4 * count)
    var integers = [Int32](repeating: 0, count: count)
    return Element._gecon(count, factors.base, factors.stride, norm, work.mutableBase(), &integers)
  }
}
