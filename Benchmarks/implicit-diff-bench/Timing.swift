/// Repeated measurements of one piece of work.
struct Timing {
  /// Seconds, sorted.
  private let seconds: [Double]

  /// Runs `work` once to warm up, then at least three times and until the budget is spent or `most` runs are done.
  init(budget: Double, most: Int = 200, _ work: () throws -> Void) rethrows {
    try work()
    var samples: [Double] = []
    var total = 0.0
    while samples.count < 3 || (samples.count < most && total < budget) {
      let start = ContinuousClock.now
      try work()
      let d = (ContinuousClock.now - start).components
      samples.append(Double(d.seconds) + Double(d.attoseconds) * 1e-18)
      total += samples[samples.count - 1]
    }
    seconds = samples.sorted()
  }

  var median: Double { seconds[seconds.count / 2] }
  /// Half the distance between the quartiles.
  var spread: Double { (seconds[seconds.count * 3 / 4] - seconds[seconds.count / 4]) / 2 }
  var runs: Int { seconds.count }
}
