public import LinAlg

/// Symmetric n × n matrices as vectors of n (n + 1)/2 entries: the n diagonal entries first, then the entries below the diagonal, column by column,
/// times √2. The dot
/// product of two vectors is the trace of the product of the matrices, so norms, gradients and projections are those of the matrices.
public enum SymmetricVector {
  /// n (n + 1)/2.
  public static func count(order n: Int) -> Int { n * (n + 1) / 2 }

  /// Whether p is such a number.
  static func isCount(_ p: Int) -> Bool {
    let n = Int(((8 * Double(p) + 1).squareRoot() - 1) / 2 + 0.5)
    return p >= 0 && count(order: n) == p
  }

  /// n of p = n (n + 1)/2 entries.
  ///
  /// - Precondition: p is such a number.
  public static func order(count p: Int) -> Int {
    let n = Int(((8 * Double(p) + 1).squareRoot() - 1) / 2 + 0.5)
    precondition(n * (n + 1) / 2 == p, "SymmetricVector: \(p) entries are no symmetric matrix's, n (n + 1)/2")
    return n
  }

  /// x ← the symmetric matrix whose lower triangle A holds.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public static func copy<Element: Scalar>(_ A: Matrix<Element>, into x: inout Vector<Element>) {
    precondition(
      A.isSquare && x.count == count(order: A.rows), "SymmetricVector: \(A.rows) × \(A.columns) into \(x.count)")
    let n = A.rows
    let root = Element(2).squareRoot()
    for i in 0..<n { x[i] = A[i, i] }
    var next = n
    for j in 0..<n {
      for i in j + 1..<max(j + 1, n) {
        x[next] = root * A[i, j]
        next += 1
      }
    }
  }

  /// A ← the matrix, both triangles.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public static func copy<Element: Scalar>(_ x: Vector<Element>, into A: inout Matrix<Element>) {
    precondition(
      A.isSquare && x.count == count(order: A.rows), "SymmetricVector: \(x.count) into \(A.rows) × \(A.columns)")
    let n = A.rows
    let root = Element(0.5).squareRoot()
    for i in 0..<n { A[i, i] = x[i] }
    var next = n
    for j in 0..<n {
      for i in j + 1..<max(j + 1, n) {
        let entry = root * x[next]
        A[i, j] = entry
        A[j, i] = entry
        next += 1
      }
    }
  }

  /// The vector of a symmetric matrix whose lower triangle A holds.
  public static func vector<Element: Scalar>(_ A: Matrix<Element>) -> Vector<Element> {
    var x = Vector<Element>.zeros(count(order: A.rows))
    copy(A, into: &x)
    return x
  }

  /// The matrix of a vector.
  public static func matrix<Element: Scalar>(_ x: Vector<Element>) -> Matrix<Element> {
    let n = order(count: x.count)
    var A = Matrix<Element>.zeros(n, n)
    copy(x, into: &A)
    return A
  }
}
