public import LinAlg

/// Blocks of columns in one message, Gram matrices, norms and single rows.
extension ShardedDesign {
  public func multiply(block V: Matrix<Element>, into Y: inout Matrix<Element>) {
    precondition(
      V.rows == columns && Y.rows == rows && V.columns == Y.columns,
      "ShardedDesign: \(rows) × \(columns) times \(V.rows) × \(V.columns) into \(Y.rows) × \(Y.columns)")
    let k = V.columns
    let all = gather(width: k) { part, values in
      var image = Matrix<Element>.zeros(part.rows, k)
      part.multiply(block: V, into: &image)
      values = image.packed(as: .rowMajor).flattened()
    }
    Y.copy(from: Matrix(rows: rows, columns: k, layout: .rowMajor, flattened: all))
  }

  public func multiplyTransposed(block R: Matrix<Element>, alpha α: Element, into V: inout Matrix<Element>) {
    precondition(
      R.rows == rows && V.rows == columns && R.columns == V.columns,
      "ShardedDesign: \(columns) × \(rows) times \(R.rows) × \(R.columns) into \(V.rows) × \(V.columns)")
    let (p, k) = (columns, R.columns)
    let image = sum(p * k) { part, block, sum in
      var own = Matrix<Element>.zeros(p, k)
      part.multiplyTransposed(block: rows(of: R, in: block), alpha: α, into: &own)
      sum = own.flattened()
    }
    V.copy(from: Matrix(rows: p, columns: k, layout: .columnMajor, flattened: image))
  }

  /// The rows of a matrix of samples that belong to a block.
  private func rows(of R: Matrix<Element>, in block: Int) -> Matrix<Element> {
    let range = shards.range(block)
    guard let sample = shards.sample else { return R[rows: range].packed(as: R.layout) }
    return Matrix(rows: range.count, columns: R.columns, layout: R.layout) { R[sample[range.lowerBound + $0], $1] }
  }

  public func gram(
    columns S: IndexSubset, weights d: Vector<Element>?, alpha α: Element, into C: inout Matrix<Element>,
    workspace: ColumnGram<Element>
  ) {
    let k = S.count
    let image = sum(k * k) { part, block, sum in
      var own = Matrix<Element>.zeros(k, k)
      part.gram(
        columns: S, weights: d.map { entries($0, of: block) }, alpha: α, into: &own, workspace: workspace)
      sum = own.flattened()
    }
    C.copy(from: Matrix(rows: k, columns: k, layout: .columnMajor, flattened: image))
  }

  public func squaredColumnNorms(into norms: inout Vector<Element>) {
    sum(into: &norms) { part, _, sum in part.squaredColumnNorms(into: &sum) }
  }

  public func squaredColumnNorms(_ S: IndexSubset, weights d: Vector<Element>?, into norms: inout Vector<Element>) {
    sum(into: &norms) { part, block, sum in
      part.squaredColumnNorms(S, weights: d.map { entries($0, of: block) }, into: &sum)
    }
  }

  public func squaredRowNorms(into norms: inout Vector<Element>) {
    gather(into: &norms) { part, values in part.squaredRowNorms(into: &values) }
  }

  // MARK: - Chosen rows

  /// Those of `indices` whose rows are in a block: where they are in `indices`, and which rows of the block they are.
  private func own(_ indices: [Int], in block: Int) -> (positions: [Int], rows: [Int]) {
    let range = shards.range(block)
    var (positions, chosen) = ([Int](), [Int]())
    if let sample = shards.sample {
      // A sample is at one place.
      var place = [Int: Int](minimumCapacity: range.count)
      for k in range { place[sample[k]] = k - range.lowerBound }
      for (k, i) in indices.enumerated() {
        guard let row = place[i] else { continue }
        positions.append(k)
        chosen.append(row)
      }
    } else {
      for (k, i) in indices.enumerated() where range.contains(i) {
        positions.append(k)
        chosen.append(i - range.lowerBound)
      }
    }
    return (positions, chosen)
  }

  private func requireRows(_ indices: [Int]?) {
    precondition(
      (indices ?? []).allSatisfy { 0 <= $0 && $0 < rows }, "ShardedDesign: a row outside 0 ..< \(rows) was chosen")
  }

  public func multiply(rows indices: [Int]?, _ v: Vector<Element>, into a: inout Vector<Element>) {
    guard let indices else { return multiply(v, alpha: 1, beta: 0, into: &a) }
    requireRows(indices)
    // Every number comes from one rank, so that the sum is exact in any order.
    a.combine(
      1,
      scattered(indices, width: 1) { part, chosen in
        var values = Vector<Element>.zeros(chosen.count)
        part.multiply(rows: chosen, v, into: &values)
        return values
      }, 0)
  }

  /// `width` numbers for each of the rows `indices`, from the ranks that have them.
  private func scattered(
    _ indices: [Int], width: Int, _ body: (any DesignMatrix<Element>, [Int]) -> Vector<Element>
  ) -> Vector<Element> {
    var all = Vector<Element>.zeros(indices.count * width)
    let blocks = shards.blocks[communicator.rank]
    for (part, block) in zip(parts, blocks) {
      let (positions, chosen) = own(indices, in: block)
      if chosen.isEmpty { continue }
      let values = body(part, chosen)
      for (k, position) in positions.enumerated() {
        for l in 0..<width { all[position * width + l] = values[k * width + l] }
      }
    }
    communicator.orEnd { () throws(MPIError) in
      try communicator.allreduce(all.mutableBase(), all.count, .of(Element.self), .sum)
    }
    return all
  }

  public func addRows(_ indices: [Int]?, _ c: Vector<Element>, scale α: Element, to z: inout Vector<Element>) {
    guard let indices else { return multiplyTransposed(c, alpha: α, beta: 1, into: &z) }
    requireRows(indices)
    sum(into: &z, alpha: 1, beta: 1) { part, block, sum in
      let (positions, chosen) = own(indices, in: block)
      part.addRows(chosen, Vector(count: chosen.count) { c[positions[$0]] }, scale: α, to: &sum)
    }
  }

  public func addRowGrams(
    rows indices: [Int]?, _ v: Vector<Element>, targets y: Vector<Element>?, scale: Element, to z: inout Vector<Element>
  ) {
    requireRows(indices)
    sum(into: &z, alpha: 1, beta: 1) { part, block, sum in
      let chosen = indices.map { own($0, in: block).rows }
      part.addRowGrams(rows: chosen, v, targets: y.map { entries($0, of: block) }, scale: scale, to: &sum)
    }
  }

  public func multiply(rows indices: [Int]?, block W: Matrix<Element>, into Y: inout Matrix<Element>) {
    guard let indices else { return multiply(block: W, into: &Y) }
    requireRows(indices)
    let k = W.columns
    let all = scattered(indices, width: k) { part, chosen in
      var image = Matrix<Element>.zeros(chosen.count, k, layout: .rowMajor)
      part.multiply(rows: chosen, block: W, into: &image)
      return image.flattened()
    }
    Y.copy(from: Matrix(rows: indices.count, columns: k, layout: .rowMajor, flattened: all))
  }

  public func addTransposedProduct(
    rows indices: [Int]?, block R: Matrix<Element>, alpha α: Element, to V: inout Matrix<Element>
  ) {
    let all = indices ?? Array(0..<rows)
    requireRows(all)
    let (p, k) = (columns, R.columns)
    let image = sum(p * k) { part, block, sum in
      let (positions, chosen) = own(all, in: block)
      var own = Matrix<Element>.zeros(p, k)
      let few = Matrix(rows: chosen.count, columns: k, layout: .rowMajor) { R[positions[$0], $1] }
      part.addTransposedProduct(rows: chosen, block: few, alpha: α, to: &own)
      sum = own.flattened()
    }
    let added = Matrix(rows: p, columns: k, layout: .columnMajor, flattened: image)
    V.combine(1, added.with(layout: V.layout), 1)
  }
}

extension Matrix {
  /// The entries of a matrix without gaps, in the order of its layout.
  fileprivate func flattened() -> Vector<Element> {
    let from = base
    return Vector(count: count, filledBy: { $0.baseAddress!.initialize(from: from, count: count) })
  }

  fileprivate init(rows: Int, columns: Int, layout: Layout, flattened: Vector<Element>) {
    self.init(
      rows: rows, columns: columns, layout: layout,
      filledBy: { $0.baseAddress!.initialize(from: flattened.base, count: flattened.count) })
  }
}
