import LinAlg

extension WorkingSetRun {
  /// The support, what has no penalty and the worst violators |gradient| > tⱼ, as many again as the support at most (but fifty, or the 128th part of all
  /// features, for which a working set costs less than the pass that it saves); complete where that is all of them.
  func chooseWorkingSet() -> (working: IndexSubset, violators: Int, isComplete: Bool) {
    let support = IndexSubset(nonzerosOf: w, and: unpenalized.elements)
    let slack = 1 + max(32 * .ulpOfOne, precision ?? 0)
    var violators: [(index: Int, excess: Element)] = []
    let (g, t, x) = (gradient.base, strengths.base, w.base)
    alive.withElements { alive in
      for j in alive {
        let size = g[j].magnitude
        if x[j] == 0 && t[j] > 0 && size > t[j] * slack { violators.append((j, size / t[j])) }
      }
    }
    // Through columns that are short (``columnsPay(_:)``) a larger working set costs little beside a pass.
    let growth = hessian.storedEntries(columns: 4) < Double(support.count) ? 2 : 1
    let room = max(50, w.count / 128, growth * support.count)
    let isComplete = violators.count <= room
    if !isComplete {
      violators.sort { $0.excess > $1.excess }
      violators.removeSubrange(room...)
    }
    let all = (support.elements + violators.map(\.index)).sorted()
    return (IndexSubset(all, universe: w.count), violators.count, isComplete)
  }
}
