import ArgumentParser
import CommandSupport
import ImplicitDiff
import LinAlg
import Models
import RandomStreams
import Sharding

/// One line of docs/Scaling.md: the same problem by however many ranks there are.
struct ScalingCommand: RunsOnRanks {
  static let configuration = CommandConfiguration(
    commandName: "scaling",
    abstract: "Times products, a solve and a hypergradient on rows that lie on the ranks it is started as.",
    discussion: """
      Prints a line of the columns that --header names: seconds of a Gram product, of its local part, of a reduction of as many numbers as there are columns and \
      of a single one, of a gathering of as many numbers as there are rows, of a solve and of a hypergradient, the GB/s that a rank reads X with, and the messages of the solve and of the hypergradient with the numbers that are reduced and gathered in them. Every row has a random stream of its \
      own, so that the data do not depend on the ranks.

      With --streamed the rows stay in a file: the GB/s of plain reading by blocks, of a Gram product that reads so, and their ratio.
      """)

  @Option(parsing: .unconditional, help: "Rows over all ranks.") var rows = 200_000
  @Option(parsing: .unconditional, help: "Columns.") var columns = 1_000
  @Option(parsing: .unconditional, help: "Columns that the targets depend on.") var informative = 50
  @Option(parsing: .unconditional, help: "Seconds for each measurement.") var budget = 5.0
  @Flag(help: "Store X in single precision, and compute in double.") var single = false
  @Flag(help: "Print the names of the columns, and no more.") var header = false
  @Option(help: ArgumentHelp("Measure rows that stay on the disk, in a file that is written here.", valueName: "DIR"))
  var streamed: String?
  @OptionGroup var ranks: RankOptionsOfBench

  func validate() throws {
    guard rows >= 1, columns >= 1, (0...columns).contains(informative), budget > 0 else {
      throw ValidationError("--rows, --columns and --budget are positive, --informative at most --columns")
    }
  }

  private static let names = [
    "ranks", "rows", "columns", "bytes", "gram", "local", "reduction", "one", "gathering", "solve", "hypergradient",
    "GB/s", "solve-messages", "solve-reduced", "solve-gathered", "hypergradient-messages", "hypergradient-reduced",
    "hypergradient-gathered",
  ]

  func run() throws {
    if header { return try Console.print(Self.names.joined(separator: "\t")) }
    if let streamed { return try StreamedScaling(self, folder: streamed).measure() }
    try Console.onRanks { world in try measure(world) }
  }

  private func measure(_ world: borrowing World) throws {
    let (n, p) = (rows, columns)
    let range = n * world.rank / world.ranks..<n * (world.rank + 1) / world.ranks
    let (X, own) = draw(range)
    let alone = single ? RowMajorDesign(single: Matrix<Float>(converting: X.packed(as: .rowMajor))) : nil
    let design =
      try alone.map { try ShardedDesign(rows: $0, of: world) } ?? ShardedDesign(rows: X, of: world, order: ranks.order)
    let counts = try world.allgather(range.count)
    var y = Vector<Double>.zeros(n)
    y[segment: range] = own
    try world.gather(&y, counts: counts, to: nil)

    let v = Vector<Double>(count: p) { Double($0 % 7) - 3 }
    var image = Vector<Double>.zeros(p)
    let fused = FusedGram<Double>()
    // All ranks run as often as rank 0 would: by its clock.
    let decision = world.decision()
    let local = try time(decision, world) {
      if let alone {
        _ = alone.multiplyGram(columns: nil, v, weights: nil, alpha: 1, into: &image)
      } else {
        fused.assign(to: &image, columns: nil, of: X, v)
      }
    }
    let product = try time(decision, world) {
      _ = design.multiplyGram(columns: nil, v, weights: nil, alpha: 1, into: &image)
    }
    let communicated = try time(decision, world) { try world.allreduce(&image, .maximum) }
    var number: Vector<Double> = [1]
    let one = try time(decision, world) { try world.allreduce(&number, .maximum) }
    let gathering = try time(decision, world) { try world.gather(&y, counts: counts, to: nil) }

    let map = ElasticNetMap(features: design, targets: y)
    let λ: Vector<Double> = [0.02, 0.01]
    var w: Vector<Double>
    w = try map.solve(at: λ).get()
    let solved = try traffic(world) { w = try map.solve(at: λ).get() }
    let solve = try time(decision, world) { w = try map.solve(at: λ).get() }
    let strategy = AID<ElasticNetMap<Double>>(.conjugateGradient, stopping: .tolerance(1e-12, limit: 1000))
    let objective = HeldOutLoss<QuadraticLoss<Double>>(features: design, targets: y)
    let problem = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true)
    let differentiated = try traffic(world) { _ = try strategy.hypergradient(of: objective, problem) }
    let hypergradient = try time(decision, world) { _ = try strategy.hypergradient(of: objective, problem) }
    let size = single ? 4 : 8
    let bandwidth = Double(size * range.count * p) / local
    let seconds = [product, local, communicated, one, gathering, solve, hypergradient, bandwidth / 1e9]
    try Console.print(
      (["\(world.ranks)", "\(n)", "\(p)", "\(size)"] + seconds.map { Format.number($0) }
        + (solved + differentiated).map { "\($0)" }).joined(separator: "\t"))
  }

  /// Messages of `work`, and the numbers that are reduced and gathered in them.
  private func traffic(_ world: borrowing World, _ work: () throws -> Void) throws -> [Int] {
    let before = world.traffic
    try work()
    let after = world.traffic
    return [after.messages - before.messages, after.reduced - before.reduced, after.gathered - before.gathered]
  }

  /// The least of the seconds that the slowest rank took, over as many runs as the budget has room for.
  private func time(_ decision: Decision, _ world: borrowing World, _ work: () throws -> Void) throws -> Double {
    let all = Stopwatch()
    var least = Double.infinity
    var runs = 0
    repeat {
      try world.barrier()
      let clock = Stopwatch()
      try work()
      var taken: Vector<Double> = [clock.seconds]
      try world.allreduce(&taken, .maximum)
      if runs > 0 || decision(all.seconds > budget) { least = min(least, taken[0]) }
      runs += 1
    } while decision(runs < 3 || all.seconds < budget)
    return least
  }

  func draw(_ range: Range<Int>) -> (Matrix<Double>, Vector<Double>) {
    var X = Matrix<Double>.zeros(range.count, columns)
    var y = Vector<Double>.zeros(range.count)
    let target = X.mutableBase()
    for i in 0..<range.count {
      var stream = RandomStream(seed: 1, stream: UInt64(range.lowerBound + i))
      var sum = stream.nextNormal()
      // Of variance 1.
      for j in 0..<columns {
        let x = (stream.nextUniform() - 0.5) * 3.4641016151377544
        target[j * range.count + i] = x
        if j < informative { sum += (j % 2 == 0 ? 1 : -1) * x }
      }
      y[i] = sum
    }
    return (X, y)
  }
}

struct RankOptionsOfBench: ParsableArguments {
  @Option(parsing: .unconditional, help: "Sum over so many blocks of rows in their order.") var fixedOrder: Int?
  var order: SummationOrder { fixedOrder.map { .fixed(blocks: max(1, $0)) } ?? .any }
}
