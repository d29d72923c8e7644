internal import LinAlg

extension Tape {
  /// Why another trace of the same closure is not the same program, or nil where it is.
  func difference(from other: Tape) -> String? {
    if nodes.count != other.nodes.count {
      return "one run of the closure has \(nodes.count) operations, the next \(other.nodes.count)"
    }
    for k in nodes.indices {
      let (a, b) = (nodes[k], other.nodes[k])
      if a.operation != b.operation || a.operands != b.operands || a.shape != b.shape {
        return "one run of the closure gives \(expression(k)), the next \(other.expression(k))"
      }
    }
    for (a, b) in zip(constants, other.constants) where !Self.agree(a, b) {
      return "a constant of \(a.count) entries differs between two runs of the closure"
    }
    if indexLists != other.indexLists { return "indices differ between two runs of the closure" }
    for (a, b) in zip(designs, other.designs) where !Self.agree(a, b) {
      return "a design of \(a.rows) × \(a.columns) differs between two runs of the closure"
    }
    for (a, b) in zip(operators, other.operators) where !Self.agree(a, b) {
      return "an operator of \(a.rows) × \(a.columns) differs between two runs of the closure"
    }
    for (a, b) in zip(proximals, other.proximals)
    where a.name != b.name || a.step != b.step || a.kink != b.kink || a.parameterCount != b.parameterCount
      || a.describe() != b.describe()
    {
      return "a proximal map, \(a.name) with step \(a.step), differs between two runs of the closure"
    }
    return nil
  }

  /// A NaN agrees with a NaN.
  private static func agree(_ a: Vector<Element>, _ b: Vector<Element>) -> Bool {
    a.count == b.count && (0..<a.count).allSatisfy { a[$0] == b[$0] || (a[$0].isNaN && b[$0].isNaN) }
  }

  /// Designs made anew by the closure have other memory: one product tells them apart.
  private static func agree(_ a: any DesignMatrix<Element>, _ b: any DesignMatrix<Element>) -> Bool {
    guard a.rows == b.rows, a.columns == b.columns, a.storedCount == b.storedCount else { return false }
    if bytes(ofDesign: a) == bytes(ofDesign: b) { return true }
    let x = probe(a.columns)
    var (p, q) = (Vector<Element>.zeros(a.rows), Vector<Element>.zeros(a.rows))
    a.multiply(x, alpha: 1, beta: 0, into: &p)
    b.multiply(x, alpha: 1, beta: 0, into: &q)
    return agree(p, q)
  }

  private static func agree(
    _ a: any AdjointableOperator<Element>, _ b: any AdjointableOperator<Element>
  ) -> Bool {
    guard a.rows == b.rows, a.columns == b.columns else { return false }
    if bytes(ofOperator: a) == bytes(ofOperator: b) { return true }
    let x = probe(a.columns)
    var (p, q) = (Vector<Element>.zeros(a.rows), Vector<Element>.zeros(a.rows))
    a.apply(x, into: &p)
    b.apply(x, into: &q)
    return agree(p, q)
  }

  /// Numbers between 1 and 2 of no pattern.
  private static func probe(_ n: Int) -> Vector<Element> {
    Vector(count: n) { i in
      let x = Double(i + 1) * 0.618_033_988_749_894_9
      return Element(1 + x - x.rounded(.down))
    }
  }
}
