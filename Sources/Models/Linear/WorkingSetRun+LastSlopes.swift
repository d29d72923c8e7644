import LinAlg

/// Solves one after the other along a path: the slopes at the end of one say which features matter to the next, before any pass over the data.
extension WorkingSetRun {
  /// A first solve on the support and the features that the sequential strong rule does not discard: with slopes g that belonged to strengths c t, those
  /// with |g| ≥ (2 − c) t, as slopes hardly change faster than strengths do. Whether there were slopes; the pass that follows proves or corrects what the rule
  /// says.
  ///
  /// Source: Tibshirani, Bien, Friedman, Hastie, Simon, Taylor, Tibshirani, *Strong rules for discarding predictors in lasso-type problems*, JRSS B 74 (2012).
  mutating func solveWhereTheLastEnded(_ tolerance: Element) -> Bool {
    guard let slopes = hessian.lastSlopes, slopes.count == w.count, let chosen = strongSet(slopes) else { return false }
    let gap = tolerance * (lossValue + penalty()) / 10
    solveWorkingSet(chosen, gap: gap, true)
    refreshResiduals()
    return true
  }

  /// The support and the features that the rule does not discard, those nearest to entering where they are very many; nil where there are none, or features
  /// without a penalty.
  func strongSet(_ slopes: Vector<Element>) -> IndexSubset? {
    let p = w.count
    guard unpenalized.count == 0 else { return nil }
    let (g, t) = (slopes.base, strengths.base)
    var c: Element = 1
    for j in 0..<p where g[j].magnitude > c * t[j] { c = g[j].magnitude / t[j] }
    // Beyond a step of a path, the violators alone.
    let least = c < 1.25 ? 2 - c : 1
    var chosen = (0..<p).filter { w[$0] != 0 || g[$0].magnitude >= least * t[$0] }
    let room = 3 * w.nonzeroCount / 2 + 128
    if chosen.count > room {
      // Those nearest to entering.
      chosen.sort {
        w[$0] != 0 && w[$1] == 0 || (w[$0] != 0) == (w[$1] != 0) && g[$0].magnitude * t[$1] > g[$1].magnitude * t[$0]
      }
      chosen = chosen.prefix(room).sorted()
    }
    return chosen.isEmpty ? nil : IndexSubset(chosen, universe: p)
  }

  /// The gradient where Xᵀr/n is known.
  mutating func takeSlopes(_ slopes: Vector<Element>) {
    gradient.copy(from: slopes)
    subtractRidge()
  }

  /// Leaves its memory to the next solve.
  mutating func giveBack() {
    hessian.lentProblem = small
    small = SmallProblem()
  }

  /// Keeps the slopes for the solve that follows: of features that were screened those of the last pass over them, the first at least.
  func keepSlopes() {
    var kept = Vector(copying: gradient)
    for j in 0..<w.count where w[j] != 0 { kept[j] += ridge(j) * w[j] }
    hessian.lastSlopes = kept
  }
}
