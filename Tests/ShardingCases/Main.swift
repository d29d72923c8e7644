// What ShardingTests runs under mpirun: a case by name. A case computes on shards what it also computes on all rows, and throws where they differ; rank 0 prints
// results as bit patterns, which the tests compare over numbers of ranks.
import CMPI
import Datasets
import Foundation
import LinAlg
import Sharding

@main
enum Main {
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      try MPI.run(exitCode: { ($0 as? DatasetError) == nil ? 3 : 65 }) { world in
        switch arguments[0] {
        case "collectives": try Collectives.check(world)
        case "products": try Products.check(world, split: arguments[1])
        case "hypergradient": try Hypergradients.check(world, split: arguments[1])
        case "stochastic": try Stochastic.check(world, split: arguments[1])
        case "tune": try Tuning.check(world, split: arguments[1])
        case "reduced": try Reduced.check(world, split: arguments[1])
        case "stream": try Reduced.stream(world, folder: arguments[1], memory: Int(arguments[2])!)
        case "whole": try Reduced.whole(world, folder: arguments[1])
        case "idle": try Reduced.idle()
        case "read": try Reading.read(world, folder: arguments[1])
        case "wait": try Failures.wait(world, file: arguments[1])
        case "throw": try Failures.fail(world, on: Int(arguments[1])!)
        default: throw CaseFailure("there is no case '\(arguments[0])'")
        }
      }
    } catch {
      // Of ranks that throw together, the first says it.
      if Launcher.current.rank == 0 { FileHandle.standardError.write(Data("\(error)\n".utf8)) }
      exit((error as? RankFailure)?.exitCode ?? 3)
    }
  }
}

struct CaseFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

func require(_ holds: Bool, _ what: @autoclosure () -> String) throws { if !holds { throw CaseFailure(what()) } }

/// ‖x − y‖ is at most `tolerance` ‖y‖.
func requireClose(_ x: Vector<Double>, _ y: Vector<Double>, _ tolerance: Double, _ what: String) throws {
  try require(
    x.count == y.count && (x - y).norm <= tolerance * y.norm,
    "\(what): \(x) instead of \(y), off by \((x - y).norm / y.norm)")
}

/// A line of bit patterns from rank 0.
func report(_ world: borrowing World, _ name: String, _ x: some Sequence<Double>) {
  guard world.rank == 0 else { return }
  print(name, x.map { String($0.bitPattern, radix: 16) }.joined(separator: " "))
}

/// How rows are dealt to ranks.
enum Split {
  static func counts(_ name: String, rows n: Int, ranks: Int) -> [Int] {
    switch name {
    case "uneven":
      // Rank k has about one part in 2^(k + 1), the last the rest.
      var left = n
      return (0..<ranks).map { rank in
        let part = rank == ranks - 1 ? left : left / 2
        left -= part
        return part
      }
    case "empty":
      // Every second rank has none, the first among them where there is another.
      let working = (0..<ranks).filter { $0 % 2 == 1 || ranks == 1 }
      return (0..<ranks).map { rank in
        guard let k = working.firstIndex(of: rank) else { return 0 }
        return n * (k + 1) / working.count - n * k / working.count
      }
    default: return (0..<ranks).map { n * ($0 + 1) / ranks - n * $0 / ranks }
    }
  }

  static func shard(_ X: Matrix<Double>, _ world: borrowing World, _ split: String, _ order: SummationOrder = .any)
    throws -> ShardedDesign<Double>
  {
    let counts = counts(split, rows: X.rows, ranks: world.ranks)
    let begin = counts[..<world.rank].reduce(0, +)
    return try ShardedDesign(rows: X[rows: begin..<begin + counts[world.rank]], of: world, order: order)
  }
}
