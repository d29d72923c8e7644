internal import LinAlg

/// One rule for each operation; what has none is unknown.
extension Enclosures {
  func unary(_ k: Int, _ a: Enclosure<Element>, _ count: Int) -> Enclosure<Element> {
    let node = tape.nodes[k]
    switch node.operation {
    case .scaled(let α):
      var found = Enclosure<Element>(
        ranges: a.ranges.map { $0.scaled(α) }, slopes: a.slopes.map { atMost(α.magnitude, $0) },
        change: atMost(α.magnitude, a.change), size: atMost(α.magnitude, a.size))
      found.isSupported = a.isSupported
      return found
    case .offset(let c):
      return Enclosure(
        ranges: a.ranges.map { $0 + ClosedInterval(c, c) }, slopes: a.slopes, change: a.change, size: .infinity)
    // What is detached changes with w all the same, and no derivative says how.
    case .detach: return a.change == 0 ? a : .unknown(count)
    case .broadcast:
      let root = Element(count).squareRoot()
      return Enclosure(
        ranges: Array(repeating: a.ranges[0], count: count), slopes: Array(repeating: a.slopes[0], count: count),
        change: root * a.change, size: root * a.size)
    case .sum:
      let total = a.ranges.reduce(ClosedInterval<Element>(0, 0), +)
      let (n, most) = (Element(a.ranges.count), a.ranges.reduce(0) { $0 + $1.magnitude })
      // The ends are sums themselves.
      let room = n * .ulpOfOne * most
      let slope = min(n.squareRoot() * a.change, a.slopes.reduce(0, +)) * (1 + n * .ulpOfOne)
      return Enclosure(
        ranges: [total + ClosedInterval(-room, room)], slopes: [slope], change: slope, size: .infinity)
    case .elementary(let f): return mapped(a, { f.values($0) }, { f.slopes($0) })
    case .power(let c): return mapped(a, { Power.values($0, c) }, { Power.slopes($0, c) })
    case .multiply(let X, let transposed):
      let rows = norms.rows(X, transposed: transposed, isSupported: a.isSupported)
      let n = rows.norms.count
      let sizes = (0..<count).map { atMost(rows.norms[$0 % n], a.size) }
      return Enclosure(
        ranges: sizes.map { ClosedInterval(-$0, $0) }, slopes: (0..<count).map { atMost(rows.norms[$0 % n], a.change) },
        change: atMost(rows.frobenius, a.change), size: atMost(rows.frobenius, a.size))
    case .softmaxRows, .logSumExpRows: return overRows(k, a, count)
    default: return Moves(tape, k).map { moved($0, count) } ?? .unknown(count)
    }
  }

  private func mapped(
    _ a: Enclosure<Element>, _ values: (ClosedInterval<Element>) -> ClosedInterval<Element>,
    _ slopes: (ClosedInterval<Element>) -> ClosedInterval<Element>
  ) -> Enclosure<Element> {
    var found = a
    var steepest: Element = 0
    for i in 0..<a.ranges.count {
      found.ranges[i] = values(a.ranges[i])
      let slope = a.slopes[i] == 0 ? 0 : slopes(a.ranges[i]).magnitude
      steepest = max(steepest, slope)
      found.slopes[i] = atMost(slope, a.slopes[i])
    }
    found.change = atMost(steepest, a.change)
    found.size = .infinity
    found.isSupported = false
    return found
  }

  func binary(_ k: Int, _ a: Enclosure<Element>, _ b: Enclosure<Element>, _ count: Int) -> Enclosure<Element> {
    let node = tape.nodes[k]
    switch node.operation {
    case .combine(let α, let β):
      let (p, q) = (α.magnitude, β.magnitude)
      var found = Enclosure<Element>(
        ranges: (0..<count).map { a.ranges[$0].scaled(α).widened + b.ranges[$0].scaled(β).widened },
        slopes: (0..<count).map { atMost(p, a.slopes[$0]) + atMost(q, b.slopes[$0]) },
        change: atMost(p, a.change) + atMost(q, b.change), size: atMost(p, a.size) + atMost(q, b.size))
      found.isSupported = a.isSupported && b.isSupported
      return found
    case .times, .scale:
      let isScalar = a.ranges.count == 1 && count > 1
      func at(_ i: Int) -> Int { isScalar ? 0 : i }
      let (m, n) = (a.most, b.most)
      let change =
        isScalar
        ? atMost(m, b.change) + atMost(b.size, a.change)
        // A direction's entries are bounded by its norm as well.
        : min(atMost(m, b.change), atMost(b.slopes.most, a.size))
          + min(atMost(n, a.change), atMost(a.slopes.most, b.size))
      var found = Enclosure<Element>(
        ranges: (0..<count).map { a.ranges[at($0)] * b.ranges[$0] },
        slopes: (0..<count).map {
          atMost(a.ranges[at($0)].magnitude, b.slopes[$0]) + atMost(b.ranges[$0].magnitude, a.slopes[at($0)])
        }, change: change, size: isScalar ? atMost(m, b.size) : min(atMost(m, b.size), atMost(n, a.size)))
      found.isSupported = isScalar ? b.isSupported : a.isSupported || b.isSupported
      return found
    case .dot:
      let size = atMost(a.size, b.size)
      let change = atMost(a.size, b.change) + atMost(b.size, a.change)
      var range = ClosedInterval(-size, size)
      if node.operands[0] == node.operands[1] { range.lower = 0 }
      return Enclosure(ranges: [range], slopes: [change], change: change, size: size)
    case .greater, .beyondThreshold: return jump(node.operation, a, b, count)
    case .softThreshold:
      let isScalar = b.ranges.count == 1
      func at(_ i: Int) -> Int { isScalar ? 0 : i }
      return Enclosure(
        ranges: (0..<count).map { ClosedInterval(-a.ranges[$0].magnitude, a.ranges[$0].magnitude) },
        slopes: (0..<count).map { a.slopes[$0] + b.slopes[at($0)] },
        change: a.change + (isScalar ? Element(count).squareRoot() : 1) * b.change, size: a.size)
    case .product:
      let (size, change) = (atMost(a.size, b.size), atMost(a.size, b.change) + atMost(b.size, a.change))
      return Enclosure(
        ranges: Array(repeating: ClosedInterval(-size, size), count: count),
        slopes: Array(repeating: change, count: count), change: change, size: size)
    default: return Moves(tape, k).map { moved($0, count) } ?? .unknown(count)
    }
  }

  /// Constant where no value of the ball lies on the other side.
  private func jump(_ operation: Operation<Element>, _ a: Enclosure<Element>, _ b: Enclosure<Element>, _ count: Int)
    -> Enclosure<Element>
  {
    var found = a
    for i in 0..<count {
      let (x, y) = (a.ranges[i], b.ranges[b.ranges.count == 1 ? 0 : i])
      let u = operation == .greater ? x : x.magnitudes
      let isFixed = u.lower > y.upper || u.upper <= y.lower
      found.ranges[i] =
        isFixed ? (u.lower > y.upper ? ClosedInterval(1, 1) : ClosedInterval(0, 0)) : ClosedInterval(0, 1)
      let moves = a.slopes[i] > 0 || b.slopes[b.slopes.count == 1 ? 0 : i] > 0
      found.slopes[i] = isFixed || !moves ? 0 : .infinity
    }
    found.change = found.slopes.upperNorm
    found.size = .infinity
    found.isSupported = false
    return found
  }

  /// The derivative of a softmax has a norm of at most ½; a log-sum-exp moves by no more than its largest argument.
  private func overRows(_ k: Int, _ a: Enclosure<Element>, _ count: Int) -> Enclosure<Element> {
    let n = tape.shape(tape.nodes[k].operands[0]).rows(batch: 1)
    let c = a.ranges.count / n
    let isSoftmax = tape.nodes[k].operation == .softmaxRows
    var found = Enclosure<Element>.unknown(count)
    for i in 0..<n {
      let slopes = (0..<c).map { a.slopes[$0 * n + i] }
      if isSoftmax {
        for j in 0..<c {
          found.slopes[j * n + i] = slopes.upperNorm / 2
          found.ranges[j * n + i] = ClosedInterval(0, 1)
        }
      } else {
        found.slopes[i] = slopes.most
        let (lower, upper) = ((0..<c).map { a.ranges[$0 * n + i].lower }, (0..<c).map { a.ranges[$0 * n + i].upper })
        // Between the largest and that plus log c.
        found.ranges[i] = ClosedInterval(lower.max()!, upper.max()! + Element.log(Element(c)))
      }
    }
    found.change = isSoftmax ? a.change / 2 : a.change
    return found
  }

  private func moved(_ moves: Moves, _ count: Int) -> Enclosure<Element> {
    var found = Enclosure<Element>(
      ranges: Array(repeating: ClosedInterval(0, 0), count: count), slopes: Array(repeating: 0, count: count),
      change: 0, size: 0)
    for (operand, places) in moves.parts {
      guard let a = nodes[operand] else { return .unknown(count) }
      for (from, to) in places {
        found.ranges[to] = found.ranges[to] + a.ranges[from]
        found.slopes[to] += a.slopes[from]
      }
      found.change = .hypot(found.change, a.change)
      found.size = .hypot(found.size, a.size)
    }
    let root = Element(moves.multiplicity).squareRoot()
    if moves.terms > 1 {
      let room = 1 + Element(moves.terms) * .ulpOfOne
      for i in 0..<count {
        let slack = Element(moves.terms) * .ulpOfOne * found.ranges[i].magnitude
        found.ranges[i] = found.ranges[i] + ClosedInterval(-slack, slack)
        found.slopes[i] *= room
      }
    }
    found.change *= root
    found.size *= root
    return found
  }
}
