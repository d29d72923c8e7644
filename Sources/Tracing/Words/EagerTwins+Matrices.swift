public import LinAlg

// The words for matrices, untraced.

extension Matrix {
  fileprivate func entries(_ f: (Element) -> Element) -> Matrix {
    Matrix(rows: rows, columns: columns) { f(self[$0, $1]) }
  }

  fileprivate static func entries(
    _ A: Matrix, _ B: Matrix, _ operation: String, _ f: (Element, Element) -> Element
  ) -> Matrix {
    precondition(
      A.rows == B.rows && A.columns == B.columns,
      "\(operation): a \(A.rows) × \(A.columns) matrix and a \(B.rows) × \(B.columns) matrix")
    return Matrix(rows: A.rows, columns: A.columns) { f(A[$0, $1], B[$0, $1]) }
  }

  public static func + (A: Matrix, B: Matrix) -> Matrix { entries(A, B, "+", +) }
  public static func + (A: Matrix, c: Element) -> Matrix { A.entries { $0 + c } }
  public static func + (c: Element, A: Matrix) -> Matrix { A + c }
  public static func - (A: Matrix, c: Element) -> Matrix { A + (-c) }
  public static func - (c: Element, A: Matrix) -> Matrix { A.entries { c - $0 } }
  public static func * (c: Element, A: Matrix) -> Matrix { A.entries { c * $0 } }
  public static func * (A: Matrix, c: Element) -> Matrix { c * A }
  public static func / (A: Matrix, c: Element) -> Matrix { A.entries { $0 / c } }

  /// The entries column by column.
  public var flattened: Vector<Element> {
    Vector((0..<columns).flatMap { j in (0..<rows).map { self[$0, j] } })
  }

  /// Rows by their indices.
  public func rows(_ indices: [Int]) -> Matrix {
    Matrix(rows: indices.count, columns: columns) { self[indices[$0], $1] }
  }

  /// Zeros, but row k added to row `indices[k]` of n.
  public func spread(toRows indices: [Int], of n: Int) -> Matrix {
    precondition(indices.count == rows, "spread: \(indices.count) indices for \(rows) rows")
    var result = Matrix.zeros(n, columns)
    for k in 0..<rows { for j in 0..<columns { result[indices[k], j] += self[k, j] } }
    return result
  }
}

/// Entry by entry, as `*` is for traced matrices; for matrices of numbers `*` is the matrix product.
public func entrywiseProduct<Element>(_ A: Matrix<Element>, _ B: Matrix<Element>) -> Matrix<Element> {
  Matrix.entries(A, B, "entrywiseProduct", *)
}

/// Entry by entry, as `*` is.
public func entrywiseProduct<Element>(_ A: Traced<Element>, _ B: Traced<Element>) -> Traced<Element> { A * B }

public func exp<Element>(_ A: Matrix<Element>) -> Matrix<Element> { A.entries { Element.exp($0) } }
public func log<Element>(_ A: Matrix<Element>) -> Matrix<Element> { A.entries { Element.log($0) } }
public func square<Element>(_ A: Matrix<Element>) -> Matrix<Element> { A.entries { $0 * $0 } }
public func tanh<Element>(_ A: Matrix<Element>) -> Matrix<Element> { A.entries { Element.tanh($0) } }
public func sigmoid<Element>(_ A: Matrix<Element>) -> Matrix<Element> { A.entries { sigmoid($0) } }
public func positivePart<Element>(_ A: Matrix<Element>) -> Matrix<Element> { A.entries { positivePart($0) } }

public func sum<Element>(_ A: Matrix<Element>) -> Element { sum(A.flattened) }
public func mean<Element>(_ A: Matrix<Element>) -> Element { mean(A.flattened) }
public func norm2<Element>(_ A: Matrix<Element>) -> Element { norm2(A.flattened) }
public func norm<Element>(_ A: Matrix<Element>) -> Element { A.frobeniusNorm }

public func rowSums<Element>(_ A: Matrix<Element>) -> Vector<Element> { Vector(count: A.rows) { sum(A.row($0)) } }
public func logSumExpRows<Element>(_ A: Matrix<Element>) -> Vector<Element> {
  Vector(count: A.rows) { logSumExp(A.row($0)) }
}
public func softmaxRows<Element>(_ A: Matrix<Element>) -> Matrix<Element> {
  let sizes = logSumExpRows(A)
  return Matrix(rows: A.rows, columns: A.columns) { Element.exp(A[$0, $1] - sizes[$0]) }
}
public func matrixProduct<Element>(_ A: Matrix<Element>, _ B: Matrix<Element>) -> Matrix<Element> { A * B }
public func matrixProduct<Element>(_ A: Matrix<Element>, _ x: Vector<Element>) -> Vector<Element> { A * x }
