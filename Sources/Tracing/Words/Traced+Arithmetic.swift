public import LinAlg

/// Sums, differences, products and quotients entry by entry; a number goes with every entry. Wrong shapes are an error that is thrown where the closure
/// was given.
extension Traced {
  private static func sum(_ a: Traced, _ β: Element, _ b: Traced, _ sign: String) -> Traced {
    guard let shape = common(a, b, "\(a.text) \(sign) \(b.text)") else { return a.shape.isScalar ? b : a }
    return a.with(a.tape.combine(1, a.spread(to: shape), β, b.spread(to: shape)))
  }

  public static func + (a: Traced, b: Traced) -> Traced { sum(a, 1, b, "+") }
  public static func - (a: Traced, b: Traced) -> Traced { sum(a, -1, b, "-") }
  public static prefix func - (a: Traced) -> Traced { a.with(a.tape.scaled(-1, a.node)) }

  /// Entry by entry, or every entry with a number.
  public static func * (a: Traced, b: Traced) -> Traced {
    guard common(a, b, "\(a.text) * \(b.text)") != nil else { return a.shape.isScalar ? b : a }
    if a.shape.isScalar { return a.with(a.tape.scale(a.node, b.node)) }
    if b.shape.isScalar { return a.with(a.tape.scale(b.node, a.node)) }
    return a.with(a.tape.times(a.node, b.node))
  }

  public static func / (a: Traced, b: Traced) -> Traced {
    guard common(a, b, "\(a.text) / \(b.text)") != nil else { return a.shape.isScalar ? b : a }
    return a * b.with(b.tape.elementary(.reciprocal, b.node))
  }

  // MARK: - With numbers

  public static func + (a: Traced, c: Element) -> Traced { a.with(a.tape.offset(c, a.node)) }
  public static func + (c: Element, a: Traced) -> Traced { a + c }
  public static func - (a: Traced, c: Element) -> Traced { a + (-c) }
  public static func - (c: Element, a: Traced) -> Traced { a.with(a.tape.offset(c, a.tape.scaled(-1, a.node))) }
  public static func * (c: Element, a: Traced) -> Traced { a.with(a.tape.scaled(c, a.node)) }
  public static func * (a: Traced, c: Element) -> Traced { c * a }
  public static func / (a: Traced, c: Element) -> Traced { a.with(a.tape.divided(a.node, by: c)) }
  public static func / (c: Element, a: Traced) -> Traced {
    a.with(a.tape.scaled(c, a.tape.elementary(.reciprocal, a.node)))
  }

  // MARK: - With constant vectors

  public static func + (a: Traced, v: Vector<Element>) -> Traced { a + a.constant(v) }
  public static func + (v: Vector<Element>, a: Traced) -> Traced { a.constant(v) + a }
  public static func - (a: Traced, v: Vector<Element>) -> Traced { a - a.constant(v) }
  public static func - (v: Vector<Element>, a: Traced) -> Traced { a.constant(v) - a }
  public static func * (a: Traced, v: Vector<Element>) -> Traced { a * a.constant(v) }
  public static func * (v: Vector<Element>, a: Traced) -> Traced { a.constant(v) * a }
  public static func / (a: Traced, v: Vector<Element>) -> Traced { a / a.constant(v) }
  public static func / (v: Vector<Element>, a: Traced) -> Traced { a.constant(v) / a }

  // MARK: - With matrices, designs and operators

  /// A x, of a vector or of every column of a matrix. A matrix and its transpose count as one design.
  public static func * (A: Matrix<Element>, x: Traced) -> Traced { x.multiplied(by: A) }

  private func multiplied(by A: Matrix<Element>) -> Traced {
    guard Self.fits(A.rows, A.columns, "matrix", self) else { return wrong(A.rows) }
    let (design, transposed) = tape.register(A)
    return with(tape.multiply(design, transposed: transposed, node))
  }

  /// X x for a design, dense, sparse or known by its products.
  public static func * (X: any DesignMatrix<Element>, x: Traced) -> Traced {
    guard fits(X.rows, X.columns, "design", x) else { return x.wrong(X.rows) }
    return x.with(x.tape.multiply(x.tape.register(X), transposed: false, x.node))
  }

  /// Xᵀ x for a design.
  public static func * (X: TransposedDesign<Element>, x: Traced) -> Traced {
    guard fits(X.base.columns, X.base.rows, "transposed design", x) else { return x.wrong(X.base.columns) }
    return x.with(x.tape.multiply(x.tape.register(X.base), transposed: true, x.node))
  }

  /// A x for an operator of one's own.
  public static func * (A: any AdjointableOperator<Element>, x: Traced) -> Traced {
    // The compiler may choose this form for a matrix too.
    if let matrix = A as? Matrix<Element> { return x.multiplied(by: matrix) }
    guard fits(A.rows, A.columns, "operator", x) else { return x.wrong(A.rows) }
    return x.with(x.tape.operate(x.tape.register(A), adjoint: false, x.node))
  }

  private static func fits(_ rows: Int, _ columns: Int, _ kind: String, _ x: Traced) -> Bool {
    if !x.shape.isScalar, x.shape.extent == .fixed(columns) { return true }
    x.tape.fail("\(kind) * \(x.text)", "a \(rows) × \(columns) \(kind) and a \(x.shape)")
    return false
  }

  private func wrong(_ rows: Int) -> Traced { with(tape.filled(0, shape.with(.fixed(rows)))) }

  // MARK: - Parts

  /// Entry i of a vector, a number.
  public subscript(i: Int, file: StaticString = #fileID, line: UInt = #line) -> Traced {
    guard shape.isVector, let count = shape.fixedCount, i >= 0, i < count else {
      return failing("\(text)[\(i)]", "entry \(i) of a \(shape)", like: .scalar, at: Place(file, line))
    }
    return with(tape.append(.segment(i), [node], .scalar))
  }

  /// A range of the entries of a vector, numbered from 0.
  public subscript(segment range: Range<Int>, file: StaticString = #fileID, line: UInt = #line) -> Traced {
    guard shape.isVector, let count = shape.fixedCount, range.lowerBound >= 0, range.upperBound <= count else {
      return failing(
        "\(text)[segment: \(range)]", "entries \(range) of a \(shape)", like: .vector(range.count),
        at: Place(file, line))
    }
    if range.count == count { return self }
    return with(tape.append(.segment(range.lowerBound), [node], .vector(range.count)))
  }
}
