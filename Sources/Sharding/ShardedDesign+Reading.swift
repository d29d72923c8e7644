public import Datasets
public import LinAlg

extension ShardedDesign {
  /// Dense rows: what this rank has, those of the ranks one behind the other being X. A rank may have none.
  ///
  /// In fixed order the rows of a block are on one rank: where a block begins on one and ends on another, the first gets the rest.
  ///
  /// - Parameter name: where the rows come from, for messages.
  /// - Throws: ``RankFailure``, as for rows of any storage; ``MPIError``.
  public convenience init(
    rows local: Matrix<Element>, of world: borrowing World, order: SummationOrder = .any, name: String = "rows"
  ) throws {
    guard case .fixed(let blocks) = order else {
      try self.init(rows: DenseDesign(local), of: world, name: name)
      return
    }
    precondition(blocks >= 1, "ShardedDesign: \(blocks) blocks of rows")
    try Self.requireFit(local.columns, world, name)
    let counts = try world.allgather(local.rows)
    try Self.requireRows(Shards(counts: counts), name)
    let ends = Shards(counts: counts).bounds
    let bounds = Self.bounds(rows: ends.last!, order)
    // The rank of a block is the one that has its first row.
    let owners = bounds.dropLast().map { first in ends.lastIndex { $0 <= first }! }
    let owned = (0..<world.ranks).map { rank in
      owners.partitionPoint { $0 >= rank }..<owners.partitionPoint { $0 > rank }
    }
    var parts: [any DesignMatrix<Element>] = []
    let begin = ends[world.rank]
    for (block, owner) in owners.enumerated() {
      let range = bounds[block]..<bounds[block + 1]
      let inside = range.clamped(to: begin..<begin + local.rows)
      if range.upperBound <= ends[owner + 1] {
        if owner == world.rank {
          parts.append(
            DenseDesign(local[rows: range.lowerBound - begin..<range.upperBound - begin].packed(as: .columnMajor)))
        }
        continue
      }
      var whole = Matrix<Element>.zeros(range.count, local.columns, layout: .rowMajor)
      for i in inside { for j in 0..<local.columns { whole[i - range.lowerBound, j] = local[i - begin, j] } }
      let pieces = (0..<world.ranks).map { range.clamped(to: ends[$0]..<ends[$0 + 1]).count }
      try world.gather(&whole, counts: pieces, to: owner)
      if owner == world.rank { parts.append(DenseDesign(whole)) }
    }
    self.init(
      world.communicator, Shards(bounds: bounds, blocks: owned), columns: local.columns, order: order, parts: parts)
  }

  /// Where blocks of n rows begin; no block is empty.
  static func bounds(rows n: Int, _ order: SummationOrder) -> [Int] {
    guard case .fixed(let wanted) = order else { return [0, n] }
    let blocks = min(wanted, n)
    return (0...blocks).map { n * $0 / blocks }
  }

  /// The rows of n that a rank reads: an equal share, of whole blocks in fixed order.
  static func share(of n: Int, rank: Int, ranks: Int, _ order: SummationOrder) -> Range<Int> {
    guard case .fixed = order, n > 0 else { return n * rank / ranks..<n * (rank + 1) / ranks }
    let bounds = bounds(rows: n, order)
    let blocks = bounds.count - 1
    return bounds[blocks * rank / ranks]..<bounds[blocks * (rank + 1) / ranks]
  }

  /// An array of two dimensions in NumPy's format: every rank has its share of the rows of one file, which large rows do not leave: they are mapped where their type and
  /// order allow it, in single precision too. The file must stay as it is meanwhile (``requireRead()``).
  ///
  /// - Throws: ``RankFailure`` that names the rank and the file.
  public convenience init(npy path: String, of world: borrowing World, order: SummationOrder = .any) throws {
    let (rank, ranks) = (world.rank, world.ranks)
    let (shape, own) = try world.together {
      let (rows, columns) = try NPY.shape(at: path)
      guard rows > 0, columns > 0 else {
        throw DatasetError.invalid(path: path, reason: "has shape (\(rows), \(columns)); expected rows and columns")
      }
      let blocks = Self.blocks(of: rows, rank: rank, ranks: ranks, order)
      return ((rows, columns), try MappedRows.designs(at: path, rows: blocks, as: Element.self))
    }
    try Self.requireFit(shape.1, world, path)
    let all = (0..<ranks).map { Self.blocks(of: shape.0, rank: $0, ranks: ranks, order) }
    let ends = all.reduce(into: [0]) { $0.append($0.last! + $1.count) }
    self.init(
      world.communicator,
      Shards(
        bounds: [0] + all.joined().map(\.upperBound), blocks: (0..<ranks).map { ends[$0]..<ends[$0 + 1] }),
      columns: shape.1, order: order, parts: own.designs, mapping: own.mapping)
  }

  /// The blocks of rows that a rank reads: one in any order, be it empty.
  private static func blocks(of n: Int, rank: Int, ranks: Int, _ order: SummationOrder) -> [Range<Int>] {
    let share = share(of: n, rank: rank, ranks: ranks, order)
    guard case .fixed = order else { return [share] }
    let bounds = bounds(rows: n, order)
    return zip(bounds, bounds.dropFirst()).map { $0..<$1 }.filter {
      share.contains($0.lowerBound)
    }
  }

  /// A file for each rank: PREFIX.0.npy, PREFIX.1.npy, …, each with the rows behind those of the file before.
  ///
  /// - Throws: ``RankFailure`` that names the rank and the file: where one is missing, where there are more than ranks, where they disagree on the columns.
  public convenience init(npyShards prefix: String, of world: borrowing World, order: SummationOrder = .any) throws {
    let path = "\(prefix).\(world.rank).npy"
    try world.requireAllShards(prefix)
    try world.requireSameType(path)
    let local = try world.together { try NPY.matrix(at: path, as: Element.self, layout: .columnMajor) }
    try self.init(rows: local, of: world, order: order, name: path)
  }
}

extension World {
  /// Refuses a file for a rank that is not there.
  func requireAllShards(_ prefix: String) throws {
    let (rank, ranks) = (rank, ranks)
    try together {
      let further = "\(prefix).\(ranks).npy"
      if rank == ranks - 1, NPY.exists(at: further) {
        throw DatasetError.invalid(
          path: further, reason: "is there, and the ranks end at \(ranks - 1); expected a rank for each file")
      }
    }
  }

  /// Refuses shards of different types: rounded differently, or numbers of something else.
  ///
  /// - Parameter path: this rank's.
  func requireSameType(_ path: String) throws {
    let type = try together { try NPY.entryType(at: path) }
    let expected = try broadcast(type)
    try together {
      if type != expected {
        throw DatasetError.invalid(path: path, reason: "holds \(type); expected \(expected), as rank 0 has")
      }
    }
  }
}

extension RandomAccessCollection where Index == Int {
  /// The first index at which `isSecond` holds, for elements that begin to satisfy it and go on to.
  fileprivate func partitionPoint(_ isSecond: (Element) -> Bool) -> Int { firstIndex(where: isSecond) ?? endIndex }
}

extension HeldOutDesigns {
  /// Reads a folder as ``init(directory:)`` does, the features of each part over the ranks: their shares of X_train.npy, or X_train.0.npy, X_train.1.npy, …,
  /// a file for each rank with targets alike. Every rank has all targets.
  ///
  /// - Parameter plan: leaves the rows in their files; they are then summed in any order.
  /// - Throws: ``RankFailure`` that names the rank and the file.
  public init(
    directory: String, of world: borrowing World, order: SummationOrder = .any, within plan: StreamingPlan? = nil
  ) throws {
    let train: (features: ShardedDesign<Element>, targets: Vector<Element>)
    let validation: (features: ShardedDesign<Element>, targets: Vector<Element>)
    if let plan {
      let counts = try world.together {
        (try NPY.shape(at: "\(directory)/X_train.npy").rows, try NPY.shape(at: "\(directory)/X_val.npy").rows)
      }
      let total = counts.0 + counts.1
      train = try Self.streamed("train", directory, world, rows: counts.0, of: total, plan)
      validation = try Self.streamed("val", directory, world, rows: counts.1, of: total, plan)
    } else {
      train = try Self.part("train", directory, world, order)
      validation = try Self.part("val", directory, world, order)
    }
    guard train.features.columns == validation.features.columns else {
      throw RankFailure(
        rank: 0,
        reason: DatasetError.invalid(
          path: "\(directory)/X_val",
          reason: "\(validation.features.columns) columns; expected \(train.features.columns), as X_train has"
        ).description, exitCode: 65)
    }
    self.init(
      trainFeatures: train.features, trainTargets: train.targets, validationFeatures: validation.features,
      validationTargets: validation.targets)
  }

  /// This rank's share of the rows of X_`name`.npy, which stay there.
  private static func streamed(
    _ name: String, _ directory: String, _ world: borrowing World, rows: Int, of total: Int, _ plan: StreamingPlan
  ) throws -> (features: ShardedDesign<Element>, targets: Vector<Element>) {
    let path = "\(directory)/X_\(name).npy"
    let range = ShardedDesign<Element>.share(of: rows, rank: world.rank, ranks: world.ranks, .any)
    let (own, targets) = try world.together {
      try StreamedDesign<Element>.part(
        features: path, targets: "\(directory)/y_\(name).npy", rows: range, of: total, within: plan)
    }
    return (try ShardedDesign(rows: own, of: world, name: path), targets)
  }

  private static func part(
    _ name: String, _ directory: String, _ world: borrowing World, _ order: SummationOrder
  ) throws -> (features: ShardedDesign<Element>, targets: Vector<Element>) {
    let prefix = "\(directory)/X_\(name)"
    if try world.allgather(NPY.exists(at: prefix + ".data.npy") ? 1 : 0).contains(1) {
      return try sparsePart(name, directory, world, order)
    }
    let hasShards = try world.allgather(NPY.exists(at: prefix + ".npy") ? 0 : 1).allSatisfy { $0 == 1 }
    if !hasShards {
      let features = try ShardedDesign<Element>(npy: prefix + ".npy", of: world, order: order)
      let path = "\(directory)/y_\(name).npy"
      let targets = try world.together {
        let targets = try NPY.vector(at: path, as: Element.self)
        try requireCount(targets.count, features.rows, path)
        return targets
      }
      return (features, targets)
    }
    guard try world.allgather(NPY.exists(at: "\(prefix).\(world.rank).npy") ? 1 : 0).contains(1) else {
      throw RankFailure(
        rank: 0, reason: DatasetError.missing(path: prefix + ".npy").description, exitCode: 66)
    }
    let features = try ShardedDesign<Element>(npyShards: prefix, of: world, order: order)
    let path = "\(directory)/y_\(name).\(world.rank).npy"
    let rows = try world.together {
      try NPY.exists(at: "\(prefix).\(world.rank).npy") ? NPY.shape(at: "\(prefix).\(world.rank).npy").rows : 0
    }
    try world.requireSameType(path)
    let own = try world.together {
      let targets = try NPY.vector(at: path, as: Element.self)
      try requireCount(targets.count, rows, path)
      return targets
    }
    let counts = try world.allgather(rows)
    var targets = Vector<Element>.zeros(features.rows)
    let begin = counts[..<world.rank].reduce(0, +)
    targets[segment: begin..<begin + rows] = own
    try world.gather(&targets, counts: counts, to: nil)
    return (features, targets)
  }

  /// Compressed columns, of which every rank takes its rows.
  private static func sparsePart(
    _ name: String, _ directory: String, _ world: borrowing World, _ order: SummationOrder
  ) throws -> (features: ShardedDesign<Element>, targets: Vector<Element>) {
    let prefix = "\(directory)/X_\(name)"
    let (rank, ranks) = (world.rank, world.ranks)
    let (own, targets) = try world.together {
      guard order == .any else {
        throw DatasetError.invalid(
          path: prefix + ".data.npy", reason: "is sparse; a fixed order of summation is for dense features")
      }
      let targets = try NPY.vector(at: "\(directory)/y_\(name).npy", as: Element.self)
      let whole = try SparseMatrix<Element>(compressedColumnsAt: prefix, rows: targets.count)
      let range = ShardedDesign<Element>.share(of: targets.count, rank: rank, ranks: ranks, .any)
      return (whole.rows(Array(range)), targets)
    }
    return (try ShardedDesign(rows: own, of: world, name: prefix + ".data.npy"), targets)
  }

  private static func requireCount(_ found: Int, _ rows: Int, _ path: String) throws(DatasetError) {
    guard found == rows else {
      throw .invalid(path: path, reason: "\(found) entries; expected \(rows), one for each row of the features")
    }
  }
}
