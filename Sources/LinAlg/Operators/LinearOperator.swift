/// A linear map R^columns → R^rows known by its action.
///
/// An operator may own scratch memory that its products write into, so it is used by one task at a time (its type is
/// usually a class that is not `Sendable`). A product allocates nothing once the operator exists.
public protocol LinearOperator<Element> {
  associatedtype Element: Scalar
  /// The length of the result.
  var rows: Int { get }
  /// The length of the argument.
  var columns: Int { get }

  /// y ← A x. `y` holds `rows` entries and does not share memory with `x`.
  func apply(_ x: Vector<Element>, into y: inout Vector<Element>)

  /// Y ← A X, column by column or faster. Both are column-major.
  func apply(block X: Matrix<Element>, into Y: inout Matrix<Element>)
}

/// A linear map whose adjoint (transpose) can be applied too.
public protocol AdjointableOperator<Element>: LinearOperator {
  /// x ← Aᵀ y. `x` holds `columns` entries and does not share memory with `y`.
  func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>)

  /// X ← Aᵀ Y, column by column or faster. Both are column-major.
  func applyAdjoint(block Y: Matrix<Element>, into X: inout Matrix<Element>)
}

extension LinearOperator {
  public func apply(block X: Matrix<Element>, into Y: inout Matrix<Element>) {
    precondition(
      X.rows == columns && Y.rows == rows && X.columns == Y.columns,
      "LinearOperator: \(rows) × \(columns) applied to \(X.rows) × \(X.columns) into \(Y.rows) × \(Y.columns)")
    var y = Vector<Element>.zeros(rows)
    for j in 0..<X.columns {
      apply(X.column(j), into: &y)
      Y.setColumn(j, y)
    }
  }

  /// The matrix of the operator, one product per column.
  public func dense() -> Matrix<Element> {
    var result = Matrix<Element>.zeros(rows, columns)
    apply(block: .identity(columns), into: &result)
    return result
  }
}

extension AdjointableOperator {
  public func applyAdjoint(block Y: Matrix<Element>, into X: inout Matrix<Element>) {
    AdjointOperator(self).apply(block: Y, into: &X)
  }

  /// The adjoint as an operator of its own.
  public var adjoint: AdjointOperator<Self> { AdjointOperator(self) }
}

/// Aᵀ for an operator A.
public struct AdjointOperator<Base: AdjointableOperator>: LinearOperator {
  public let base: Base
  public init(_ base: Base) { self.base = base }
  public var rows: Int { base.columns }
  public var columns: Int { base.rows }
  public func apply(_ x: Vector<Base.Element>, into y: inout Vector<Base.Element>) { base.applyAdjoint(x, into: &y) }
}

extension Matrix: AdjointableOperator {
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) { y.assignProduct(self, x) }
  public func apply(block X: Matrix, into Y: inout Matrix) { Y.assignProduct(self, X) }
  public func applyAdjoint(_ y: Vector<Element>, into x: inout Vector<Element>) { x.assignProduct(transposed, y) }
  public func applyAdjoint(block Y: Matrix, into X: inout Matrix) { X.assignProduct(transposed, Y) }
}
