/// An iterative method for A x = b that sees A through products only.
///
/// A solver owns its vectors: `solve` allocates nothing but the history when asked. One task uses it at a time.
public protocol KrylovSolver<Element>: AnyObject {
  associatedtype Element: Scalar
  /// The number of unknowns n.
  var count: Int { get }

  /// Solves A x = b for a square A (n × n).
  ///
  /// - Parameters:
  ///   - x: n entries. With `warmStart` it holds a first guess, otherwise the method starts at 0 whatever x holds.
  ///   - preconditioner: an approximation of A⁻¹ (n × n), nil for none. For conjugate gradients and MINRES it is
  ///     symmetric positive definite. The residuals that the solver stops by and reports are those of A x = b.
  /// - Returns: what was done. Whatever the outcome, the residual of x is not larger than that of the first guess. A
  ///   right-hand side of zeros gives x = 0.
  func solve(
    _ A: some LinearOperator<Element>, _ b: Vector<Element>, into x: inout Vector<Element>, warmStart: Bool,
    preconditioner: (any LinearOperator<Element>)?, options: KrylovOptions<Element>
  ) -> KrylovReport<Element>
}

extension KrylovSolver {
  /// Solves A x = b; see the requirement of the same name. `options` nil stands for the default ones.
  public func solve(
    _ A: some LinearOperator<Element>, _ b: Vector<Element>, into x: inout Vector<Element>, warmStart: Bool = false,
    preconditioner: (any LinearOperator<Element>)? = nil, options: KrylovOptions<Element>? = nil
  ) -> KrylovReport<Element> {
    // The type of `options` differs from the requirement's, so this calls that and not itself.
    let chosen: KrylovOptions<Element> = options ?? KrylovOptions()
    return solve(A, b, into: &x, warmStart: warmStart, preconditioner: preconditioner, options: chosen)
  }

  /// Solves A X = B column by column, one report per column (B and X n × k, in either layout).
  public func solve(
    _ A: some LinearOperator<Element>, block B: Matrix<Element>, into X: inout Matrix<Element>, warmStart: Bool = false,
    preconditioner: (any LinearOperator<Element>)? = nil, options: KrylovOptions<Element> = KrylovOptions()
  ) -> [KrylovReport<Element>] {
    precondition(
      B.rows == count && X.rows == count && B.columns == X.columns,
      "KrylovSolver: \(B.rows) × \(B.columns) into \(X.rows) × \(X.columns) for \(count) unknowns")
    var x = Vector<Element>.zeros(count)
    return (0..<B.columns).map { j in
      if warmStart { x.copy(from: X.column(j)) }
      let report = solve(
        A, B.column(j), into: &x, warmStart: warmStart, preconditioner: preconditioner, options: options)
      X.setColumn(j, x)
      return report
    }
  }
}
