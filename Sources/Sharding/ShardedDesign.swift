import Datasets
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
public final class ShardedDesign<Element: Scalar>: DesignMatrix {
  /// n, over all ranks.
  public var rows: Int { shards.rows }
  public let columns: Int
  let communicator: Communicator
  let shards: Shards
  /// What this rank has, by block: as many as `shards` says, none without rows.
  let parts: [any DesignMatrix<Element>]
  let order: SummationOrder
  private let fused = Mutex<FusedGram<Element>>(FusedGram())

  init(
    _ communicator: Communicator, _ shards: Shards, columns: Int, order: SummationOrder,
    parts: [any DesignMatrix<Element>]
  ) {
    (self.communicator, self.shards, self.columns, self.order, self.parts) =
      (communicator, shards, columns, order, parts)
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

  // MARK: - What every product is made of

  /// Σ over the blocks of rows of the `count` numbers that `body` gives for a block: its number among this rank's, its rows and their samples. One message.
  func sum(
    _ count: Int, _ body: (_ part: any DesignMatrix<Element>, _ block: Int, _ sum: inout Vector<Element>) -> Void
  ) -> Vector<Element> {
    let own = shards.blocks[communicator.rank]
    var total = Vector<Element>.zeros(count)
    guard case .fixed = order else {
      for (k, part) in parts.enumerated() where part.rows > 0 { body(part, own.lowerBound + k, &total) }
      communicator.orEnd { () throws(MPIError) in
        try communicator.allreduce(total.mutableBase(), count, .of(Element.self), .sum)
      }
      return total
    }
    var sums: [Vector<Element>] = []
    for (k, part) in parts.enumerated() {
      var one = Vector<Element>.zeros(count)
      if part.rows > 0 { body(part, own.lowerBound + k, &one) }
      sums.append(one)
    }
    // Stretch by stretch, so that no rank holds all sums of a large matrix.
    let blocks = shards.bounds.count - 1
    let stretch = min(count, 1 << 16)
    if stretch == 0 { return total }
    var gathered = Vector<Element>.zeros(blocks * stretch)
    for first in Swift.stride(from: 0, to: count, by: stretch) {
      let length = min(stretch, count - first)
      for (k, one) in sums.enumerated() {
        let place = (own.lowerBound + k) * length
        gathered[segment: place..<place + length] = one[segment: first..<first + length]
      }
      communicator.orEnd { () throws(MPIError) in
        try communicator.allgather(gathered.mutableBase(), shards.blocks.map { $0.count * length }, .of(Element.self))
      }
      var stretchSum = Vector(copying: gathered[segment: 0..<length])
      for block in 1..<max(1, blocks) {
        stretchSum.add(1, gathered[segment: block * length..<(block + 1) * length])
      }
      total[segment: first..<first + length] = stretchSum
    }
    return total
  }

  /// The `width` numbers that `body` gives for every row of a block, of all rows: entry i · width + k belongs to sample i.
  func gather(
    width: Int = 1, _ body: (_ part: any DesignMatrix<Element>, _ values: inout Vector<Element>) -> Void
  ) -> Vector<Element> {
    var all = Vector<Element>.zeros(rows * width)
    let own = shards.blocks[communicator.rank]
    for (k, part) in parts.enumerated() where part.rows > 0 {
      var values = Vector<Element>.zeros(part.rows * width)
      body(part, &values)
      let range = shards.range(own.lowerBound + k)
      all[segment: range.lowerBound * width..<range.upperBound * width] = values
    }
    communicator.orEnd { () throws(MPIError) in
      try communicator.allgather(all.mutableBase(), shards.counts.map { $0 * width }, .of(Element.self))
    }
    guard let sample = shards.sample else { return all }
    var ordered = Vector<Element>.zeros(rows * width)
    let (from, to) = (all.base, ordered.mutableBase())
    for (place, i) in sample.enumerated() { (to + i * width).update(from: from + place * width, count: width) }
    return ordered
  }

  /// The entries of a vector of samples that belong to a block.
  func entries(_ r: Vector<Element>, of block: Int) -> Vector<Element> {
    let range = shards.range(block)
    guard let sample = shards.sample else { return r[segment: range] }
    return Vector(count: range.count) { r[sample[range.lowerBound + $0]] }
  }

  // MARK: - Products

  public func multiply(_ x: Vector<Element>, alpha α: Element, beta β: Element, into y: inout Vector<Element>) {
    precondition(
      x.count == columns && y.count == rows, "ShardedDesign: \(rows) × \(columns) times \(x.count) into \(y.count)")
    y.combine(α, gather { part, values in part.multiply(x, alpha: 1, beta: 0, into: &values) }, β)
  }

  public func multiplyTransposed(_ r: Vector<Element>, alpha α: Element, beta β: Element, into x: inout Vector<Element>)
  {
    precondition(
      r.count == rows && x.count == columns, "ShardedDesign: \(columns) × \(rows) times \(r.count) into \(x.count)")
    let image = sum(columns) { part, block, sum in
      part.multiplyTransposed(entries(r, of: block), alpha: 1, beta: 0, into: &sum)
    }
    x.combine(α, image, β)
  }

  public func addProduct(columns S: IndexSubset, _ x: Vector<Element>, to y: inout Vector<Element>) {
    y.add(1, gather { part, values in part.addProduct(columns: S, x, to: &values) })
  }

  public func multiplyTransposed(
    columns S: IndexSubset, _ r: Vector<Element>, alpha α: Element, into out: inout Vector<Element>
  ) {
    precondition(
      r.count == rows && out.count == S.count,
      "ShardedDesign: \(S.count) columns of \(rows) rows times \(r.count) into \(out.count)")
    let image = sum(S.count) { part, block, sum in
      part.multiplyTransposed(columns: S, entries(r, of: block), alpha: 1, into: &sum)
    }
    out.combine(α, image, 0)
  }

  /// One pass over the rows of each rank and one reduction.
  public func multiplyGram(
    columns S: IndexSubset?, _ x: Vector<Element>, weights d: Vector<Element>?, alpha α: Element,
    into y: inout Vector<Element>
  ) -> Bool {
    let count = S?.count ?? columns
    let image = sum(count) { part, block, sum in
      let weights = d.map { entries($0, of: block) }
      if part.hasDenseColumns, let dense = part.denseColumns, FusedGram.pays(for: dense) {
        fused.withLock { $0.assign(to: &sum, columns: S, of: dense, x, weights: weights, alpha: 1) }
        return
      }
      var scores = Vector<Element>.zeros(part.rows)
      if let S {
        part.addProduct(columns: S, x, to: &scores)
      } else {
        part.multiply(x, alpha: 1, beta: 0, into: &scores)
      }
      if let weights { scores.scale(by: weights) }
      if let S {
        part.multiplyTransposed(columns: S, scores, alpha: 1, into: &sum)
      } else {
        part.multiplyTransposed(scores, alpha: 1, beta: 0, into: &sum)
      }
    }
    y.combine(α, image, 0)
    return true
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

  public func appendingOnes() -> any DesignMatrix<Element> {
    ShardedDesign(
      communicator, shards, columns: columns + 1, order: order, parts: parts.map { $0.appendingOnes() })
  }
}
