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
      Prints ranks, rows, columns, the seconds of a Gram product, of the local part of one, of a reduction of as many numbers as there are columns, of a \
      solve and of a hypergradient, and the bytes a second that a rank reads X with. Every row has a random stream of its own, so that the data do not \
      depend on the ranks.
      """)

  @Option(parsing: .unconditional, help: "Rows over all ranks.") var rows = 200_000
  @Option(parsing: .unconditional, help: "Columns.") var columns = 1_000
  @Option(parsing: .unconditional, help: "Columns that the targets depend on.") var informative = 50
  @Option(parsing: .unconditional, help: "Seconds for each measurement.") var budget = 5.0
  @OptionGroup var ranks: RankOptionsOfBench

  func validate() throws {
    guard rows >= 1, columns >= 1, (0...columns).contains(informative), budget > 0 else {
      throw ValidationError("--rows, --columns and --budget are positive, --informative at most --columns")
    }
  }

  func run() throws { try Console.onRanks { world in try measure(world) } }

  private func measure(_ world: borrowing World) throws {
    let (n, p) = (rows, columns)
    let range = n * world.rank / world.ranks..<n * (world.rank + 1) / world.ranks
    let (X, own) = draw(range)
    let design = try ShardedDesign(rows: X, of: world, order: ranks.order)
    let counts = try world.allgather(range.count)
    var y = Vector<Double>.zeros(n)
    y[segment: range] = own
    try world.gather(&y, counts: counts, to: nil)

    let v = Vector<Double>(count: p) { Double($0 % 7) - 3 }
    var image = Vector<Double>.zeros(p)
    let fused = FusedGram<Double>()
    // All ranks run as often as rank 0 would: by its clock.
    let decision = world.decision()
    let local = try time(decision, world) { fused.assign(to: &image, columns: nil, of: X, v) }
    let product = try time(decision, world) {
      _ = design.multiplyGram(columns: nil, v, weights: nil, alpha: 1, into: &image)
    }
    let communicated = try time(decision, world) { try world.allreduce(&image, .maximum) }

    let map = ElasticNetMap(features: design, targets: y)
    let λ: Vector<Double> = [0.02, 0.01]
    var w = Vector<Double>.zeros(p)
    let solve = try time(decision, world) { w = try map.solve(at: λ).get() }
    let strategy = AID<ElasticNetMap<Double>>(.conjugateGradient, stopping: .tolerance(1e-12, limit: 1000))
    let objective = HeldOutLoss<QuadraticLoss<Double>>(features: design, targets: y)
    let problem = FixedPointProblem(map, parameters: λ, state: w, stateIsSolution: true)
    let hypergradient = try time(decision, world) { _ = try strategy.hypergradient(of: objective, problem) }
    let bandwidth = Double(8 * range.count * p) / local
    try Console.print(
      [
        "\(world.ranks)", "\(n)", "\(p)", Format.number(product), Format.number(local), Format.number(communicated),
        Format.number(solve), Format.number(hypergradient), Format.number(bandwidth / 1e9),
      ].joined(separator: "\t"))
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

  private func draw(_ range: Range<Int>) -> (Matrix<Double>, Vector<Double>) {
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
