import LinAlg

/// What the memory of this machine gives a single reader, measured.
struct MemoryBandwidth {
  /// Bytes a second from memory, the best of several passes over a vector that fits in no cache.
  let bytesPerSecond: Double

  init(threads: Int) {
    let x = Vector<Double>(repeating: 1, count: 32 << 20)  // 256 MiB
    var best = Double.infinity
    BLAS.withThreads(threads) {
      for _ in 0..<5 {
        let start = ContinuousClock.now
        let sum = x.dot(x)
        precondition(sum == Double(x.count), "the bandwidth probe computed \(sum)")
        let d = (ContinuousClock.now - start).components
        best = min(best, Double(d.seconds) + Double(d.attoseconds) * 1e-18)
      }
    }
    bytesPerSecond = Double(x.count * 8) / best
  }
}
