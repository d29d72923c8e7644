import LinAlg
internal import RandomStreams

/// Draws evenly distributed in the logarithms: the baseline for many hyperparameters. Source: J. Bergstra, Y. Bengio, *Random search for
/// hyper-parameter optimization*, JMLR 13 (2012).
public struct RandomSearch: OuterOptimizer {
  public var draws: Int
  public var seed: UInt64

  /// - Precondition: at least one draw.
  public init(draws: Int = 100, seed: UInt64 = 0) {
    precondition(draws >= 1, "RandomSearch: \(draws) draws")
    self.draws = draws
    self.seed = seed
  }

  public var name: String { "random" }

  public func run(_ search: Search) throws(TuningStop) {
    let (low, high) = (search.space.logLower, search.space.logUpper)
    var stream = RandomStream(seed: seed)
    for _ in 0..<draws {
      _ = try search.evaluate(Vector(count: low.count) { low[$0] + stream.nextUniform() * (high[$0] - low[$0]) })
      search.steps += 1
    }
    throw .exhausted
  }
}
