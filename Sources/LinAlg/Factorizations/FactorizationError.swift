/// Why a matrix could not be factored or a factored system not be solved.
public enum FactorizationError: Error, Equatable, Sendable {
  /// Cholesky met a leading block of this size that is not positive definite.
  case notPositiveDefinite(leadingMinor: Int)
  /// LU found no pivot other than exactly 0 in this column (from 0).
  case singular(pivot: Int)
  /// The columns depend on each other to working accuracy: `column` (from 0) has the smallest pivot, and the estimated
  /// reciprocal condition number is not above its rounding error.
  case rankDeficient(column: Int, reciprocalCondition: Double)
  /// An iteration inside LAPACK gave up; `unconverged` is what it returned (values or off-diagonals left).
  case notConverged(unconverged: Int)
  /// An entry is NaN or infinite; the first one is named.
  case notFinite(row: Int, column: Int)
}

extension FactorizationError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notPositiveDefinite(let k):
      "the matrix is not positive definite: its leading \(k) × \(k) block is not. "
        + "Add to the diagonal, or use LU or SymmetricEigen if it is meant to be indefinite."
    case .singular(let k):
      "the matrix is singular: column \(k) depends on those before it. "
        + "Use SVD.leastSquares for a solution of smallest norm."
    case .rankDeficient(let column, let rcond):
      "the columns are dependent to working accuracy (column \(column) is the weakest, reciprocal condition \(rcond)). "
        + "Use SVD.leastSquares for the solution of smallest norm."
    case .notConverged(let k):
      "LAPACK's iteration did not converge (\(k) left). Rescale the matrix; entries near overflow or underflow do this."
    case .notFinite(let i, let j):
      "entry (\(i), \(j)) is not a finite number. Look for an overflow or a division by zero upstream."
    }
  }
}

extension Matrix {
  /// Throws where an entry is NaN or infinite: LAPACK may loop or return numbers for such input.
  func requireFinite() throws(FactorizationError) {
    if let bad = firstNonFinite { throw .notFinite(row: bad.row, column: bad.column) }
  }

  /// The same for the lower triangle of a column-major square matrix.
  func requireFiniteLower() throws(FactorizationError) {
    for j in 0..<columns {
      let i = Element._firstNonFinite(rows - j, base + j * (stride + 1))
      if i < rows - j { throw .notFinite(row: i + j, column: j) }
    }
  }

  /// Runs `body` on a column-major form of the matrix and takes the result back.
  mutating func inColumnMajor(_ body: (inout Matrix) -> Void) {
    if layout == .columnMajor {
      body(&self)
    } else {
      var turned = packed(as: .columnMajor)
      body(&turned)
      copy(from: turned)
    }
  }
}
