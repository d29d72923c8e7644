import Datasets
public import LinAlg

extension ShardedDesign where Element == Double {
  /// The lines of a LIBSVM file, plain text: every rank reads those that begin in its part of the bytes, and has all targets.
  ///
  /// - Parameters:
  ///   - features: p; nil for the largest index on any rank.
  ///   - firstIndex: 1, or 0 for files that count from there.
  /// - Throws: ``RankFailure`` that names the rank, the file and the line.
  public static func libsvm(
    _ path: String, of world: borrowing World, features: Int? = nil, firstIndex: Int = 1
  ) throws -> (features: ShardedDesign, targets: Vector<Double>) {
    let (rank, ranks) = (world.rank, world.ranks)
    let own = try world.together {
      try LIBSVM.share(rank, of: ranks, at: path, features: features, firstIndex: firstIndex)
    }
    let columns = try features ?? world.allgather(own.features).max()!
    guard columns > 0 else {
      throw RankFailure(
        rank: 0,
        reason: DatasetError.invalid(path: path, reason: "holds no entry 'index:value'; expected features").description,
        exitCode: 65)
    }
    let design = try ShardedDesign(rows: own.matrix(columns: columns), of: world, name: path)
    let counts = try world.allgather(own.targets.count)
    var targets = Vector<Double>.zeros(design.rows)
    let begin = counts[..<rank].reduce(0, +)
    targets[segment: begin..<begin + counts[rank]] = own.targets
    try world.gather(&targets, counts: counts, to: nil)
    return (design, targets)
  }
}
