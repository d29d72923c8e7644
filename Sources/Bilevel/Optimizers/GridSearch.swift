import LinAlg

/// All points of a grid, evenly spaced in the logarithms: the baseline that needs no gradient.
///
/// Each point is a neighbour of the one before it, so that every solve begins close to its end; strengths fall from the upper bounds.
public struct GridSearch: OuterOptimizer {
  /// Points along each hyperparameter; of those whose bounds coincide there is one.
  public var points: Int

  /// - Precondition: at least 2 points.
  public init(points: Int = 100) {
    precondition(points >= 2, "GridSearch: \(points) points")
    self.points = points
  }

  public var name: String { "grid" }

  public func run(_ search: Search) throws(TuningStop) {
    let (low, high) = (search.space.logLower, search.space.logUpper)
    let counts = low.indices.map { low[$0] == high[$0] ? 1 : points }
    var index = Array(repeating: 0, count: counts.count)
    var rising = Array(repeating: true, count: counts.count)
    while true {
      _ = try search.evaluate(
        Vector(count: counts.count) { k in
          // The last point exactly at the bound.
          index[k] == counts[k] - 1 && counts[k] > 1
            ? low[k] : high[k] - Double(index[k]) / Double(max(1, counts[k] - 1)) * (high[k] - low[k])
        })
      search.steps += 1
      // The first index that can go on does; those before it turn round.
      var k = 0
      while k < counts.count {
        let next = index[k] + (rising[k] ? 1 : -1)
        if next >= 0 && next < counts[k] {
          index[k] = next
          break
        }
        rising[k].toggle()
        k += 1
      }
      if k == counts.count { throw .exhausted }
    }
  }
}
