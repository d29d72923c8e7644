public import LinAlg

extension StreamedDesign {
  public func squaredColumnNorms(into norms: inout Vector<Element>) {
    precondition(norms.count == columns, "DesignMatrix: \(columns) norms into \(norms.count)")
    if let known = squares.withLock({ $0 }) { return norms.copy(from: known) }
    norms.fill(0)
    let out = norms.mutableBase()
    var isRead = pass { _, X in Element._rowsSquares(X.rows, X.columns, X.base, X.stride, out) }
    // Where squares over- or underflowed on the way, the norm itself may not.
    let doubtful = norms.indices.filter { !(norms[$0] > .leastNormalMagnitude / .ulpOfOne && norms[$0].isFinite) }
    if isRead, !doubtful.isEmpty {
      var lengths = [Element](repeating: 0, count: doubtful.count)
      isRead = pass { _, X in
        for (k, j) in doubtful.enumerated() { lengths[k] = ([lengths[k], X.column(j).norm] as Vector<Element>).norm }
      }
      for (k, j) in doubtful.enumerated() { norms[j] = lengths[k] * lengths[k] }
    }
    if !isRead { norms.fill(.nan) }
    let found = norms
    squares.withLock { $0 = found }
  }

  public func squaredColumnNorms(_ S: IndexSubset, weights d: Vector<Element>?, into norms: inout Vector<Element>) {
    precondition(S.universe == columns && norms.count == S.count, "Column norms of \(S.universe) into \(norms.count)")
    norms.fill(0)
    if S.count == 0 { return }
    let places = all(S.count)
    var part = Vector<Element>.zeros(S.count)
    let isRead = pass { first, X in
      gathered(S, from: X).squaredColumnNorms(
        places, weights: d.map { $0[segment: first..<first + X.rows] }, into: &part)
      norms.add(1, part)
    }
    if !isRead { norms.fill(.nan) }
  }

  public func squaredRowNorms(into norms: inout Vector<Element>) {
    precondition(norms.count == rows, "Row norms of \(rows) × \(columns) into \(norms.count)")
    let isRead = pass { first, X in for i in 0..<X.rows { norms[first + i] = X.row(i).dot(X.row(i)) } }
    if !isRead { norms.fill(.nan) }
  }
}
