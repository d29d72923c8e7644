import LinAlg
internal import RandomStreams

/// Another optimizer begun several times: a criterion over many strengths has several valleys, and descent finds the bottom of one.
///
/// The first start is the space's own; the others are drawn evenly in the logarithms of the box. The search ends with the last of them.
public struct MultiStart: OuterOptimizer {
  public var optimizer: any OuterOptimizer
  public var starts: Int
  public var seed: UInt64

  /// - Precondition: at least one start.
  public init(_ optimizer: any OuterOptimizer = LBFGS(), starts: Int, seed: UInt64 = 0) {
    precondition(starts >= 1, "MultiStart: \(starts) starts")
    self.optimizer = optimizer
    self.starts = starts
    self.seed = seed
  }

  public var name: String { starts == 1 ? optimizer.name : "\(starts) × \(optimizer.name)" }

  public func run(_ search: Search) throws(TuningStop) {
    let (low, high) = (search.space.logLower, search.space.logUpper)
    var stream = RandomStream(seed: seed)
    var last = TuningStop.exhausted
    for start in 0..<starts {
      if start > 0 {
        search.logStart = Vector(count: low.count) { low[$0] + stream.nextUniform() * (high[$0] - low[$0]) }
      }
      do throws(TuningStop) { try optimizer.run(search) } catch {
        // A limit ends all of it; what a start alone cannot do another may.
        switch error {
        case .evaluations, .seconds, .cancelled: throw error
        case .failed where start == 0 && starts == 1: throw error
        default: last = error
        }
      }
    }
    if case .failed = last, search.best != nil { throw .exhausted }
    throw last
  }
}
