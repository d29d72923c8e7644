import LinAlg
import NonsmoothMaps

/// Where a quadratic loss ‖X w − y‖²/(2n) stands at the start of a problem: by that the duality gap is known all along.
struct BlockStart<Element: Scalar> {
  /// f.
  var loss: Element
  /// yᵀr/n.
  var alongTargets: Element
  /// Xᵀy/n on the working set.
  var correlation: Vector<Element>
}

/// Solving as far as a duality gap asks for.
extension BlockProblem {
  /// Ends where every block's distance from its conditions is at most `target`, or `precision` times the size of its subgradients, or where the duality gap
  /// is a quarter of what such distances may leave: half of `precision`, relative to the objective.
  ///
  /// The problem was begun near its solution or from blocks at zero: those that are off are few, and descent over them leaves what Newton's method solves on all
  /// free coordinates together, each time to as many digits as are missing.
  mutating func solveRoughly(target: Element, _ precision: Element, from known: BlockStart<Element>?) {
    var isNewtonDue = true
    for _ in 0..<100 {
      let before = u
      var (far, excess) = blocksBeyond(target, precision, known)
      if far.isEmpty || !u.maxNorm.isFinite { return }
      let few = blocks.count / 8
      if far.count <= few || !isNewtonDue || excess <= 8 {
        for _ in 0..<(far.count > few ? 3 : 5) {
          epochs += 1
          if !descend(far) { break }
          let last = excess
          (far, excess) = blocksBeyond(target, precision, known)
          if far.isEmpty { return }
          // Of all blocks that go slowly Newton's method makes more.
          if far.count > few && excess > last / 2 { break }
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
      newtonPrecision = min(Element(3) / 10, max(Element(1) / 10_000, 1 / (2 * excess)))
      isNewtonDue = newtonStep() != nil
      if u == before { return }
    }
  }

  /// The blocks that are too far from their conditions, and by how many times at most.
  private mutating func blocksBeyond(_ target: Element, _ precision: Element, _ known: BlockStart<Element>?)
    -> (blocks: [Int], excess: Element)
  {
    let gradients = quadratic.gradients()
    var far: [Int] = []
    var most: Element = 1
    var (norm, excess): (Element, Element?) = (0, known == nil ? nil : 0)
    for i in 0..<blocks.count {
      gather(i)
      for (j, place) in places[i].enumerated() { v[j] = gradients[place] - ridge * x[j] }
      if let most = excess {
        excess = penalty.dualNorm(block: blocks[i], of: v).map { max(most, $0) }
        norm += penalty.value(block: blocks[i], at: x)
      }
      let allowed = max(target, precision * penalty.scale(block: blocks[i]))
      let d = penalty.distance(block: blocks[i], at: x, of: v)
      if d <= allowed { continue }
      far.append(i)
      if d > most * allowed { most = d / allowed }
    }
    if let known, let excess {
      let share = gap(known, gradients, norm, excess) / (precision / 2)
      if share <= 1 { return ([], 1) }
      // The gap is as far from what it is to be as the worst block at most, and mostly much nearer.
      most = max(1, min(most, share))
    }
    return (far, most.isFinite ? most : 1)
  }

  /// The duality gap relative to the objective. With minus the gradients g₀ and g of f at the start and at u, and d = u − u₀: f(u) = f(u₀) − d·(g₀ + g)/2, and
  /// ‖r‖²/(2n) is the same. See ``BlockWorkingSetRun``.
  private func gap(_ known: BlockStart<Element>, _ gradients: Vector<Element>, _ norm: Element, _ excess: Element)
    -> Element
  {
    let d = u - start
    let loss = known.loss - (d.dot(startGradient) + d.dot(gradients)) / 2
    let ofRidge = ridge / 2 * u.dot(u)
    let scale = 1 / max(1, excess)
    let objective = loss + norm + ofRidge
    let dual = scale * (known.alongTargets - known.correlation.dot(d)) - scale * scale * (loss + ofRidge)
    return (objective - dual) / objective
  }
}
