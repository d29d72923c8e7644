/// Repeated measurements of one piece of work.
struct Timing {
  /// Seconds, sorted.
  private let seconds: [Double]

  /// Runs `work` once to warm up, then at least three times and until the budget is spent or `most` runs are done. Work
  /// that spends the budget at once is past what caches and first calls cost: its first run counts, and one more.
  init(budget: Double, most: Int = 200, _ work: () throws -> Void) rethrows {
    func measure() throws -> Double {
      let start = ContinuousClock.now
      try work()
      let d = (ContinuousClock.now - start).components
      return Double(d.seconds) + Double(d.attoseconds) * 1e-18
    }
    let first = try measure()
    var samples = first > budget ? [first] : []
    let least = first > budget ? 2 : 3
    var total = 0.0
    while samples.count < least || (samples.count < most && total < budget) {
      samples.append(try measure())
      total += samples[samples.count - 1]
    }
    seconds = samples.sorted()
  }

  var least: Double { seconds[0] }
  var median: Double { seconds[seconds.count / 2] }
  /// Half the distance between the quartiles.
  var spread: Double { (seconds[seconds.count * 3 / 4] - seconds[seconds.count / 4]) / 2 }
  var runs: Int { seconds.count }
}
