import LinAlg
import NonsmoothMaps

/// Solving as far as a duality gap asks for.
extension BlockProblem {
  /// Ends where every block's distance from its conditions is at most `target`, or `precision` times the size of its subgradients.
  ///
  /// The problem was begun near its solution or from blocks at zero: those that are off are few, and descent over them leaves what Newton's method solves on all
  /// free coordinates together, each time to as many digits as are missing.
  mutating func solveRoughly(target: Element, _ precision: Element) {
    var isNewtonDue = true
    for _ in 0..<100 {
      let before = u
      var (far, excess) = blocksBeyond(target, precision)
      if far.isEmpty || !u.maxNorm.isFinite { return }
      let few = blocks.count / 8
      if far.count <= few || !isNewtonDue {
        for _ in 0..<(far.count > few ? 2 : 5) {
          epochs += 1
          if !descend(far) { break }
          if far.count > few { continue }
          (far, excess) = blocksBeyond(target, precision)
          if far.isEmpty { return }
        }
      } else {
        // Those that are to leave zero, from where Newton's method does not take them.
        let atRest = far.filter {
          gather($0)
          return penalty.isFixed(block: blocks[$0], at: x)
        }
        epochs += 1
        for _ in 0..<3 where !atRest.isEmpty { _ = descend(atRest) }
      }
      // As many digits as are missing.
      newtonPrecision = min(Element(1) / 10, max(Element(1) / 10_000, 1 / (2 * excess)))
      isNewtonDue = newtonStep() != nil
      if u == before { return }
    }
  }

  /// The blocks that are too far from their conditions, and by how many times at most.
  private mutating func blocksBeyond(_ target: Element, _ precision: Element) -> (blocks: [Int], excess: Element) {
    let gradients = quadratic.gradients()
    var far: [Int] = []
    var most: Element = 1
    for i in 0..<blocks.count {
      gather(i)
      for (j, place) in places[i].enumerated() { v[j] = gradients[place] - ridge * x[j] }
      let allowed = max(target, precision * penalty.scale(block: blocks[i]))
      let d = penalty.distance(block: blocks[i], at: x, of: v)
      if d <= allowed { continue }
      far.append(i)
      if d > most * allowed { most = d / allowed }
    }
    return (far, most.isFinite ? most : 1)
  }
}
