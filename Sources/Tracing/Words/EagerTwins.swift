public import LinAlg
public import NonsmoothMaps

// The words for vectors and numbers, so that the same closure runs untraced. They allocate their results.

extension Vector {
  fileprivate func entries(_ f: (Element) -> Element) -> Vector { Vector(count: count) { f(self[$0]) } }

  fileprivate static func entries(
    _ a: Vector, _ b: Vector, _ operation: String, _ f: (Element, Element) -> Element
  ) -> Vector {
    precondition(a.count == b.count, "\(operation): a vector of \(a.count) and a vector of \(b.count)")
    return Vector(count: a.count) { f(a[$0], b[$0]) }
  }

  /// Entry by entry.
  public static func * (a: Vector, b: Vector) -> Vector { entries(a, b, "*", *) }
  /// Entry by entry.
  public static func / (a: Vector, b: Vector) -> Vector { entries(a, b, "/", /) }
  public static func * (a: Vector, c: Element) -> Vector { c * a }
  public static func / (a: Vector, c: Element) -> Vector { a.entries { $0 / c } }
  public static func / (c: Element, a: Vector) -> Vector { a.entries { c / $0 } }
  public static func + (a: Vector, c: Element) -> Vector { a.entries { $0 + c } }
  public static func + (c: Element, a: Vector) -> Vector { a + c }
  public static func - (a: Vector, c: Element) -> Vector { a + (-c) }
  public static func - (c: Element, a: Vector) -> Vector { a.entries { c - $0 } }

  public static func * (X: any DesignMatrix<Element>, x: Vector) -> Vector {
    var y = Vector.zeros(X.rows)
    X.multiply(x, alpha: 1, beta: 0, into: &y)
    return y
  }

  public static func * (X: TransposedDesign<Element>, x: Vector) -> Vector {
    var y = Vector.zeros(X.base.columns)
    X.base.multiplyTransposed(x, alpha: 1, beta: 0, into: &y)
    return y
  }

  public static func * (A: any AdjointableOperator<Element>, x: Vector) -> Vector {
    var y = Vector.zeros(A.rows)
    A.apply(x, into: &y)
    return y
  }

  /// The entries as a matrix, column by column.
  public func reshaped(_ rows: Int, _ columns: Int) -> Matrix<Element> {
    precondition(rows * columns == count, "reshaped: \(count) entries as \(rows) × \(columns)")
    return rows == 0 ? .zeros(rows, columns) : Matrix(columnsOf: self, rows: rows)
  }

  /// Entries by their indices.
  public func rows(_ indices: [Int]) -> Vector { Vector(count: indices.count) { self[indices[$0]] } }

  /// Zeros, but entry k added to entry `indices[k]` of n.
  public func spread(toRows indices: [Int], of n: Int) -> Vector {
    precondition(indices.count == count, "spread: \(indices.count) indices for \(count) entries")
    var result = Vector.zeros(n)
    for k in 0..<count { result[indices[k]] += self[k] }
    return result
  }
}

public func exp<Element>(_ x: Vector<Element>) -> Vector<Element> { x.entries { Element.exp($0) } }
public func log<Element>(_ x: Vector<Element>) -> Vector<Element> { x.entries { Element.log($0) } }
public func sqrt<Element>(_ x: Vector<Element>) -> Vector<Element> { x.entries { $0.squareRoot() } }
public func tanh<Element>(_ x: Vector<Element>) -> Vector<Element> { x.entries { Element.tanh($0) } }
public func sin<Element>(_ x: Vector<Element>) -> Vector<Element> { x.entries { Element.sin($0) } }
public func cos<Element>(_ x: Vector<Element>) -> Vector<Element> { x.entries { Element.cos($0) } }
public func abs<Element>(_ x: Vector<Element>) -> Vector<Element> { x.entries(\.magnitude) }
public func square<Element>(_ x: Vector<Element>) -> Vector<Element> { x.entries { $0 * $0 } }
public func sigmoid<Element>(_ x: Vector<Element>) -> Vector<Element> { x.entries { sigmoid($0) } }
public func softplus<Element>(_ x: Vector<Element>) -> Vector<Element> { x.entries { softplus($0) } }
public func positivePart<Element>(_ x: Vector<Element>) -> Vector<Element> { x.entries { positivePart($0) } }
public func pow<Element>(_ x: Vector<Element>, _ c: Element) -> Vector<Element> { x.entries { pow($0, c) } }

public func sigmoid<Element: Scalar>(_ x: Element) -> Element { Sigmoid.value(x) }
public func softplus<Element: Scalar>(_ x: Element) -> Element { Sigmoid.softplus(x) }
public func positivePart<Element: Scalar>(_ x: Element) -> Element { x > 0 ? x : x.isNaN ? x : 0 }
public func square<Element: Scalar>(_ x: Element) -> Element { x * x }
public func exp<Element: Scalar>(_ x: Element) -> Element { Element.exp(x) }
public func log<Element: Scalar>(_ x: Element) -> Element { Element.log(x) }
public func sqrt<Element: Scalar>(_ x: Element) -> Element { x.squareRoot() }
public func tanh<Element: Scalar>(_ x: Element) -> Element { Element.tanh(x) }
public func sin<Element: Scalar>(_ x: Element) -> Element { Element.sin(x) }
public func cos<Element: Scalar>(_ x: Element) -> Element { Element.cos(x) }
public func pow<Element: Scalar>(_ x: Element, _ c: Element) -> Element { Power.value(x, c) }

public func maximum<Element>(_ a: Vector<Element>, _ b: Vector<Element>) -> Vector<Element> {
  Vector.entries(a, b, "maximum") { $0 > $1 ? $0 : $1 }
}
public func minimum<Element>(_ a: Vector<Element>, _ b: Vector<Element>) -> Vector<Element> {
  Vector.entries(a, b, "minimum") { $1 > $0 ? $0 : $1 }
}
public func maximum<Element>(_ a: Vector<Element>, _ c: Element) -> Vector<Element> { a.entries { $0 > c ? $0 : c } }
public func minimum<Element>(_ a: Vector<Element>, _ c: Element) -> Vector<Element> { a.entries { c > $0 ? $0 : c } }

public func maximum<Element>(_ c: Element, _ b: Vector<Element>) -> Vector<Element> { b.entries { c > $0 ? c : $0 } }
public func minimum<Element>(_ c: Element, _ b: Vector<Element>) -> Vector<Element> { b.entries { $0 > c ? c : $0 } }
public func maximum<Element: Scalar>(_ a: Element, _ b: Element) -> Element { a > b ? a : b }
public func minimum<Element: Scalar>(_ a: Element, _ b: Element) -> Element { b > a ? a : b }

/// x where a > b, y otherwise.
public func select<Element: Scalar>(
  where a: Element, isGreaterThan b: Element, _ x: Element, otherwise y: Element
) -> Element { a > b ? x : y }

/// x where a > b, y otherwise.
public func select<Element>(
  where a: Element, isGreaterThan b: Element, _ x: Vector<Element>, otherwise y: Vector<Element>
) -> Vector<Element> {
  precondition(x.count == y.count, "select: vectors of \(x.count) and \(y.count)")
  return a > b ? x : y
}

/// Entry by entry, x where a > b and y elsewhere.
public func select<Element>(
  where a: Vector<Element>, isGreaterThan b: Vector<Element>, _ x: Vector<Element>, otherwise y: Vector<Element>
) -> Vector<Element> {
  precondition(
    a.count == b.count && x.count == a.count && y.count == a.count,
    "select: vectors of \(a.count), \(b.count), \(x.count) and \(y.count)")
  return Vector(count: a.count) { a[$0] > b[$0] ? x[$0] : y[$0] }
}

public func sum<Element>(_ x: Vector<Element>) -> Element { x.reduce(0, +) }
public func mean<Element>(_ x: Vector<Element>) -> Element { sum(x) / Element(max(1, x.count)) }
public func dot<Element>(_ x: Vector<Element>, _ y: Vector<Element>) -> Element { x.dot(y) }
public func norm2<Element>(_ x: Vector<Element>) -> Element { x.dot(x) }
public func norm<Element>(_ x: Vector<Element>) -> Element { x.norm }
public func norm1<Element>(_ x: Vector<Element>) -> Element { x.oneNorm }

public func logSumExp<Element>(_ x: Vector<Element>) -> Element {
  let top = x.max() ?? 0
  return top + Element.log(x.reduce(0) { $0 + Element.exp($1 - top) })
}

public func softmax<Element>(_ x: Vector<Element>) -> Vector<Element> {
  let size = logSumExp(x)
  return x.entries { Element.exp($0 - size) }
}

public func concatenate<Element>(_ parts: [Vector<Element>]) -> Vector<Element> { Vector(parts.flatMap { Array($0) }) }
public func concatenate<Element: Scalar>(_ parts: [Element]) -> Vector<Element> { Vector(parts) }
public func detach<Element>(_ x: Vector<Element>) -> Vector<Element> { x }
public func detach<Element: Scalar>(_ x: Element) -> Element { x }

public func softThreshold<Element>(_ u: Vector<Element>, by t: Element) -> Vector<Element> {
  var result = Vector<Element>.zeros(u.count)
  SoftThreshold.apply(u, threshold: t, into: &result)
  return result
}

public func softThreshold<Element>(_ u: Vector<Element>, by t: Vector<Element>) -> Vector<Element> {
  var result = Vector(copying: u)
  SoftThreshold.apply(thresholds: t, to: &result)
  return result
}

public func softThreshold<Element: Scalar>(_ u: Element, by t: Element) -> Element { softThreshold([u], by: t)[0] }

public func proximal<G: ProximalMap>(
  _ g: G, step s: G.Element, kink: KinkRule = .zero, _ u: Vector<G.Element>
) -> Vector<G.Element> { proximal(g, step: s, parameters: [], kink: kink, u) }

public func proximal<G: ProximalMap>(
  _ g: G, step s: G.Element, parameters λ: Vector<G.Element>, kink: KinkRule = .zero, _ u: Vector<G.Element>
) -> Vector<G.Element> {
  var result = Vector(copying: u)
  g.apply(step: s, parameters: λ, to: &result)
  return result
}
