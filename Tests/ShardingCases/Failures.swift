import Datasets
import Foundation
import LinAlg
import Sharding

/// Data from files, right and wrong.
enum Reading {
  static func read(_ world: borrowing World, folder: String) throws {
    for order in [SummationOrder.any, .fixed(blocks: 4)] {
      let data = try HeldOutDesigns<Double>(directory: folder, of: world, order: order)
      let ones = Vector<Double>(count: data.trainFeatures.columns) { Double($0 + 1) }
      for (X, y) in [
        (data.trainFeatures, data.trainTargets), (data.validationFeatures, data.validationTargets),
      ] {
        var image = Vector<Double>.zeros(X.rows)
        X.multiply(ones, alpha: 1, beta: 0, into: &image)
        report(world, "\(order == .any ? "any" : "fixed")", image)
        report(world, "targets", y)
      }
    }
  }
}

enum Failures {
  /// Reduces until somebody ends it; writes the process's number to a file for each rank, then goes on for a minute at most.
  static func wait(_ world: borrowing World, file: String) throws {
    try Data("\(ProcessInfo.processInfo.processIdentifier)".utf8).write(
      to: URL(filePath: "\(file).\(world.rank)"), options: .atomic)
    let end = Date(timeIntervalSinceNow: 60)
    var x: Vector<Double> = [1, 2]
    // The ranks end together: by a number that was reduced.
    while x[0] < .infinity {
      x[0] = Date() < end ? 1 : .infinity
      try world.allreduce(&x, .maximum)
    }
  }

  /// One rank throws by itself while the others wait for it.
  static func fail(_ world: borrowing World, on rank: Int) throws {
    if world.rank == rank { throw DatasetError.invalid(path: "shard.\(rank).npy", reason: "is not what it was") }
    try world.barrier()
  }
}
