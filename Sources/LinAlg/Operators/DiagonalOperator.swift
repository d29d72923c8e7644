/// diag(d): the Jacobi preconditioner when d holds the inverses of a diagonal.
public struct DiagonalOperator<Element: Scalar>: AdjointableOperator, Sendable {
  /// d, n entries.
  public var diagonal: Vector<Element>

  public init(_ diagonal: Vector<Element>) { self.diagonal = diagonal }

  /// The inverse of diag(d), for d the diagonal of the operator to precondition.
  ///
  /// - Precondition: no entry of d is 0. For conjugate gradients and MINRES all have to be positive.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public init(inverting d: Vector<Element>) {
    var inverses = Vector<Element>.zeros(d.count)
    let (entries, out) = (d.base, inverses.mutableBase())
    for i in 0..<d.count {
      if entries[i] == 0 { preconditionFailure("DiagonalOperator: entry \(i) of the diagonal is 0") }
      out[i] = 1 / entries[i]
    }
    diagonal = inverses
  }

  public var rows: Int { diagonal.count }
  public var columns: Int { diagonal.count }

  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) { y.assignProduct(diagonal, x) }

  public func apply(block X: Matrix<Element>, into Y: inout Matrix<Element>) {
    Y.copy(from: X)
    Y.scaleRows(by: diagonal)
  }

  public func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) { apply(y, into: &x) }
  public func applyAdjoint(block Y: Matrix<Element>, into X: inout Matrix<Element>) { apply(block: Y, into: &X) }
}
