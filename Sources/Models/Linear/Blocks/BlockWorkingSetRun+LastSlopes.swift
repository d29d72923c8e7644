import LinAlg
import NonsmoothMaps

/// Solves one after the other along a path; see ``WorkingSetRun``.
extension BlockWorkingSetRun {
  /// A first solve on the free blocks and those that the sequential strong rule does not discard, before any pass over the data. Whether there were slopes of a
  /// last solve.
  mutating func solveWhereTheLastEnded() -> Bool {
    guard let slopes = hessian.lastSlopes, slopes.count == w.count else { return false }
    var free: [Int] = []
    var fixed: [(block: Int, size: Element)] = []
    var c: Element = 1
    for b in alive {
      gather(b)
      for i in 0..<penalty.blocks.size(b) { v[i] = slopes[penalty.blocks.coordinate(b, i)] }
      guard let size = penalty.dualNorm(block: b, of: v), size.isFinite else { return false }
      c = max(c, size)
      if penalty.isFixed(block: b, at: x) { fixed.append((b, size)) } else { free.append(b) }
    }
    let least = c < 1.25 ? 2 - c : 1
    fixed = fixed.filter { $0.size >= least }
    if free.isEmpty && fixed.isEmpty { return false }
    let isNew = chooseWorkingSet(free: free, violators: fixed)
    solveWorkingSet(isNew: isNew, target: nil)
    return true
  }

  /// Keeps the slopes for the solve that follows: of blocks that were screened those of the last pass over them, the first at least.
  func keepSlopes() {
    var kept = Vector(copying: gradient)
    kept.add(ridge, w)
    hessian.lastSlopes = kept
  }
}
