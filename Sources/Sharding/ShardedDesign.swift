public import Datasets
public import LinAlg
internal import Synchronization

/// How sums over rows on several ranks are made.
public enum SummationOrder: Sendable, Equatable {
  /// Each rank sums over its rows and MPI over the ranks: one reduction, whose rounding depends on the number of ranks.
  case any
  /// So many blocks of rows are summed each by itself, by the rank that has it, and their sums in the order of the rows: the bits do not depend on the number
  /// of ranks. A message has the sums of all blocks, and at most so many ranks have work.
  case fixed(blocks: Int)
}

/// A design X, n × p, whose rows lie on the ranks of an MPI program: a design like any other, so that every model, solver, error bound and search
/// takes it.
///
/// Every rank has n, vectors of n entries (targets, scores, residuals) and all of p; of X it has its own rows. A product with X is one over the own rows and
/// one gathering of n numbers; a product with its transpose, a Gram product, a Gram matrix, a norm of columns are sums over the own rows and one
/// reduction of p (or |S|, |S|²) numbers. All ranks call the same products in the same order, which they do where they run the same program: what they
/// decide by is reduced, and the same on all.
///
/// Memory of a rank: its rows, and 8 n bytes for each vector of samples, which is one p-th of all of X.
public final class ShardedDesign<Element: Scalar>: StandardizableDesign, ReadsRows {
  /// n, over all ranks.
  public var rows: Int { shards.rows }
  public let columns: Int
  let communicator: Communicator
  let shards: Shards
  /// What this rank has, by block: as many as `shards` says, none without rows.
  let parts: [any DesignMatrix<Element>]
  let order: SummationOrder
  /// The file whose pages are read.
  private let mapping: MappedRows?
  private let fused = Mutex<FusedGram<Element>>(FusedGram())
  /// Vectors that products need for themselves, from one to the next.
  let spare = Mutex<[Vector<Element>]>([])

  init(
    _ communicator: Communicator, _ shards: Shards, columns: Int, order: SummationOrder,
    parts: [any DesignMatrix<Element>], mapping: MappedRows? = nil
  ) {
    (self.communicator, self.shards, self.columns, self.order, self.parts) =
      (communicator, shards, columns, order, parts)
    self.mapping = mapping
  }

  /// The rows that this rank has, dense, sparse or known by their products; those of the ranks one behind the other are X. A rank may have none.
  ///
  /// - Parameter name: where the rows come from, for the message.
  /// - Throws: ``RankFailure`` that names the rank whose rows have another number of columns than those of rank 0, or entries of another type; where
  ///   no rank has rows; where ranks compute differently.
  public init(rows local: any DesignMatrix<Element>, of world: borrowing World, name: String = "rows") throws {
    try Self.requireFit(local.columns, world, name)
    communicator = world.communicator
    columns = local.columns
    shards = Shards(counts: try world.allgather(local.rows))
    order = .any
    parts = [local]
    mapping = nil
    try Self.requireRows(shards, name)
  }

  /// The shape and type of a shard, which ranks have in common.
  static func requireFit(_ columns: Int, _ world: borrowing World, _ name: String) throws {
    try world.requireSame(
      "the kernels of its processor are", BLAS.kernel)
    let expected = try world.broadcast("\(columns) columns of \(Element.typeName)")
    try world.together {
      let found = "\(columns) columns of \(Element.typeName)"
      if found != expected {
        throw DatasetError.invalid(path: name, reason: "\(found); expected \(expected), as rank 0 has")
      }
    }
  }

  static func requireRows(_ shards: Shards, _ name: String) throws {
    if shards.rows == 0 { throw RankFailure(rank: 0, reason: "\(name): no rank has a row", exitCode: 65) }
  }

  // MARK: - Products

  public func multiply(_ x: Vector<Element>, alpha α: Element, beta β: Element, into y: inout Vector<Element>) {
    precondition(
      x.count == columns && y.count == rows, "ShardedDesign: \(rows) × \(columns) times \(x.count) into \(y.count)")
    gather(into: &y, alpha: α, beta: β) { part, values in part.multiply(x, alpha: 1, beta: 0, into: &values) }
  }

  public func multiplyTransposed(_ r: Vector<Element>, alpha α: Element, beta β: Element, into x: inout Vector<Element>)
  {
    precondition(
      r.count == rows && x.count == columns, "ShardedDesign: \(columns) × \(rows) times \(r.count) into \(x.count)")
    sum(into: &x, alpha: α, beta: β) { part, block, sum in
      withEntries(r, of: block) { part.multiplyTransposed($0, alpha: 1, beta: 0, into: &sum) }
    }
  }

  public func addProduct(columns S: IndexSubset, _ x: Vector<Element>, to y: inout Vector<Element>) {
    gather(into: &y, alpha: 1, beta: 1) { part, values in
      values.fill(0)
      part.addProduct(columns: S, x, to: &values)
    }
  }

  public func multiplyTransposed(
    columns S: IndexSubset, _ r: Vector<Element>, alpha α: Element, into out: inout Vector<Element>
  ) {
    precondition(
      r.count == rows && out.count == S.count,
      "ShardedDesign: \(S.count) columns of \(rows) rows times \(r.count) into \(out.count)")
    sum(into: &out, alpha: α, beta: 0) { part, block, sum in
      withEntries(r, of: block) { part.multiplyTransposed(columns: S, $0, alpha: 1, into: &sum) }
    }
  }

  /// One pass over the rows of each rank and one reduction.
  public func multiplyGram(
    columns S: IndexSubset?, _ x: Vector<Element>, weights d: Vector<Element>?, alpha α: Element,
    into y: inout Vector<Element>
  ) -> Bool {
    sum(into: &y, alpha: α, beta: 0) { part, block, sum in
      guard let d else { return multiplyGram(of: part, columns: S, x, weights: nil, into: &sum) }
      withEntries(d, of: block) { multiplyGram(of: part, columns: S, x, weights: $0, into: &sum) }
    }
    return true
  }

  private func multiplyGram(
    of part: any DesignMatrix<Element>, columns S: IndexSubset?, _ x: Vector<Element>, weights d: Vector<Element>?,
    into sum: inout Vector<Element>
  ) {
    if part.hasDenseColumns, let dense = part.denseColumns, FusedGram.pays(for: dense) {
      fused.withLock { $0.assign(to: &sum, columns: S, of: dense, x, weights: d, alpha: 1) }
      return
    }
    if part.multiplyGram(columns: S, x, weights: d, alpha: 1, into: &sum) { return }
    var scores = lend(part.rows)
    if let S {
      scores.fill(0)
      part.addProduct(columns: S, x, to: &scores)
    } else {
      part.multiply(x, alpha: 1, beta: 0, into: &scores)
    }
    if let d { scores.scale(by: d) }
    if let S {
      part.multiplyTransposed(columns: S, scores, alpha: 1, into: &sum)
    } else {
      part.multiplyTransposed(scores, alpha: 1, beta: 0, into: &sum)
    }
    giveBack(scores)
  }

  /// Collective: all ranks throw where the rows of one could not be read, or its file was written to meanwhile.
  public func requireRead() throws {
    try World(communicator, exitCode: { _ in 65 }).together {
      for part in parts { try (part as? any ReadsRows)?.requireRead() }
      try mapping?.requireUnchanged()
    }
  }

  // MARK: - Choices

  public func columns(_ S: IndexSubset) -> ShardedDesign {
    func chosen(_ part: some DesignMatrix<Element>) -> any DesignMatrix<Element> { part.columns(S) }
    return ShardedDesign(communicator, shards, columns: S.count, order: order, parts: parts.map { chosen($0) })
  }

  /// Rows stay on their ranks.
  public func rows(_ indices: [Int]) -> any DesignMatrix<Element> {
    precondition(indices.allSatisfy { 0 <= $0 && $0 < rows }, "ShardedDesign: a row outside 0 ..< \(rows) was chosen")
    let (chosen, places) = shards.chosen(indices)
    let own = shards.blocks[communicator.rank]
    return ShardedDesign(
      communicator, chosen, columns: columns, order: order, parts: zip(parts, own).map { $0.rows(places[$1]) })
  }

  /// Copies the rows; nil where they are sparse.
  public func standardized(means: Vector<Element>, scales: Vector<Element>) -> (any DesignMatrix<Element>)? {
    var changed: [any DesignMatrix<Element>] = []
    for part in parts {
      if let some = part as? any StandardizableDesign<Element> {
        guard let part = some.standardized(means: means, scales: scales) else { return nil }
        changed.append(part)
      } else if let matrix = part.denseColumns {
        changed.append(DenseDesign(matrix.standardized(means: means, scales: scales)))
      } else {
        return nil
      }
    }
    return ShardedDesign(communicator, shards, columns: columns, order: order, parts: changed, mapping: mapping)
  }

  public func appendingOnes() -> any DesignMatrix<Element> {
    ShardedDesign(
      communicator, shards, columns: columns + 1, order: order, parts: parts.map { $0.appendingOnes() })
  }
}
