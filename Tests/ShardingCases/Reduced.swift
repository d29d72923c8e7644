import Datasets
import Foundation
import ImplicitDiff
import LinAlg
import Models
import Sharding

/// Rows that are reduced as they come.
enum Reduced {
  /// Blocks of seven rows of each rank, all reduced to p + 1: the solution and hypergradient of all rows.
  static func check(_ world: borrowing World, split: String) throws {
    let (X, y) = (
      Hypergradients.data.features[rows: Hypergradients.train],
      Hypergradients.data.targets[segment: Hypergradients.train]
    )
    let counts = Split.counts(split, rows: X.rows, ranks: world.ranks)
    let end = counts[...world.rank].reduce(0, +)
    var next = end - counts[world.rank]
    var blocks = RowBlockClosure<Double> {
      let range = next..<min(next + 7, end)
      next = range.upperBound
      return range.isEmpty ? nil : RowBlock(features: X[rows: range], targets: y[segment: range])
    }
    let reduced = try ReducedRows.joined(counts[world.rank] == 0 ? nil : ReducedRows(&blocks), of: world)
    try require(reduced.count == X.rows && reduced.targets.count == X.columns + 1, "shape")
    func answer(_ X: Matrix<Double>, _ y: Vector<Double>) throws -> (w: Vector<Double>, g: Vector<Double>) {
      let map = ElasticNetMap(features: X, targets: y)
      let λ = Hypergradients.λ
      let w = try map.solve(at: λ).get()
      let cotangent = Vector<Double>(count: w.count) { Double($0 % 3) - 0.5 }
      let strategy = AID<ElasticNetMap<Double>>(.direct)
      return (
        w,
        try strategy.vjp(FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true), cotangent: cotangent)
          .estimate
      )
    }
    let (found, expected) = (try answer(reduced.features, reduced.targets), try answer(X, y))
    // The factor is known to some 30 p ulps of the rows, 2e-13 at most, times the condition of the columns of the support, below 5.
    try requireClose(found.w, expected.w, 1e-12, "w")
    try requireClose(found.g, expected.g, 1e-12, "hypergradient")
  }

  /// The solution of rows that the memory does not hold at once.
  static func stream(_ world: borrowing World, folder: String, memory: Int) throws {
    var blocks = try NPYRowBlocks<Double>(features: folder + "/X.npy", targets: folder + "/y.npy", memory: memory)
    let reduced = try ReducedRows(&blocks)
    report(
      world, "w", try ElasticNetMap(features: reduced.features, targets: reduced.targets).solve(at: [1e-8, 1e-8]).get())
  }

  /// The largest address space so far in KiB, once BLAS and files have been used on a few numbers.
  static func idle() throws {
    let few = Matrix<Double>(rows: 40, columns: 3) { Double(($0 * $1) % 5) }
    _ = try ElasticNetMap(features: few, targets: Vector(count: 40) { Double($0 % 3) }).solve(at: [1e-8, 1e-8]).get()
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmPeak:") }
    print(line?.split(whereSeparator: \.isWhitespace).dropFirst().first ?? "0")
  }

  /// The same with all of them in memory.
  static func whole(_ world: borrowing World, folder: String) throws {
    let X = try NPY.matrix(at: folder + "/X.npy", as: Double.self, layout: .columnMajor)
    let y = try NPY.vector(at: folder + "/y.npy", as: Double.self)
    report(world, "w", try ElasticNetMap(features: X, targets: y).solve(at: [1e-8, 1e-8]).get())
  }
}
