public import LinAlg

/// Q: a matrix whose parts are gathered, or an operator that is multiplied with. The Hessian of a ``QuadraticFunction``, and of a map of one's own that
/// has a constant one.
public final class QuadraticHessian<Element: Scalar>: SupportedHessian {
  private let operation: any LinearOperator<Element>
  private let matrix: Matrix<Element>?

  /// - Parameter Q: p × p.
  /// - Precondition: Q is square and, which is not checked, symmetric and positive semidefinite.
  public convenience init(_ Q: Matrix<Element>) {
    precondition(Q.isSquare, "QuadraticHessian: Q must be square, not \(Q.rows) × \(Q.columns)")
    let Q = Q.with(layout: .columnMajor)
    self.init(Q, Q)
  }

  init(_ operation: any LinearOperator<Element>, _ matrix: Matrix<Element>?) {
    self.operation = operation
    self.matrix = matrix
  }

  public var rows: Int { operation.rows }
  public var columns: Int { operation.columns }
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) { operation.apply(x, into: &y) }
  public func apply(block X: Matrix<Element>, into Y: inout Matrix<Element>) { operation.apply(block: X, into: &Y) }

  public func restricted(to S: IndexSubset) -> any LinearOperator<Element> {
    guard let matrix else { return ProductsOnSupport(operation, S) }
    var part = Matrix<Element>.zeros(S.count, S.count)
    part.gatherSubmatrix(S, from: matrix)
    return part
  }

  /// Of an operator by |S| products.
  public func assemble(on S: IndexSubset, into M: inout Matrix<Element>) {
    if let matrix {
      M.gatherSubmatrix(S, from: matrix)
      return
    }
    let part = ProductsOnSupport(operation, S).dense()
    for j in 0..<S.count { for i in j..<S.count { (M[i, j], M[j, i]) = (part[i, j], part[i, j]) } }
  }

  public func diagonal(on S: IndexSubset, into d: inout Vector<Element>) -> Bool {
    guard let matrix else { return false }
    for k in 0..<S.count { d[k] = matrix[S[k], S[k]] }
    return true
  }

  /// A product with an operator counts as if it read a full matrix.
  public func costs(on S: IndexSubset) -> AdjointCosts {
    let s = Double(S.count)
    let product = matrix == nil ? Double(rows) * Double(columns) : s * s
    return AdjointCosts(
      assemblyMultiplications: matrix == nil ? s * product : s * s,
      productBytes: Double(MemoryLayout<Element>.stride) * product)
  }
}

/// x ↦ A_SS x by products in the full space.
private final class ProductsOnSupport<Element: Scalar>: LinearOperator {
  private let base: any LinearOperator<Element>
  private let support: IndexSubset
  private var full: Vector<Element>
  private var image: Vector<Element>

  init(_ base: any LinearOperator<Element>, _ support: IndexSubset) {
    self.base = base
    self.support = support
    full = .zeros(base.columns)
    image = .zeros(base.columns)
  }

  var rows: Int { support.count }
  var columns: Int { support.count }

  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    full.scatter(support, from: x)
    base.apply(full, into: &image)
    y.gather(support, from: image)
  }
}
