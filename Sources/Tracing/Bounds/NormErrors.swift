internal import LinAlg

/// The rounding error of a node at a point as a whole: in the Euclidean norm and of its worst entry. Coarser than ``PointErrors`` and a few passes over the values instead of
/// some tens of operations for every entry.
struct NormError<Element: Scalar> {
  /// Of the values as computed.
  let norm: Element
  let most: Element
  /// At least the norm of what was computed less the exact values, and its largest entry.
  var error: Element
  var worst: Element
}

/// Rounding errors of nodes in the order of a tape, entry by entry operations from given scores on. Data, scores' sources and parameters are exact, and numbers of the closure that were joined while
/// tracing are known to eight ulps, as for ``PointErrors``.
struct NormErrors<Element: Scalar> {
  private let tape: Tape<Element>
  private let machine: Machine<Element>
  private var known: [Int: NormError<Element>] = [:]
  private var ulp: Element { .ulpOfOne }

  init(_ tape: Tape<Element>, _ machine: Machine<Element>) { (self.tape, self.machine) = (tape, machine) }

  /// States the error of a node that was not computed on the tape.
  mutating func give(_ k: Int, error: Element, worst: Element) {
    let measured = measured(k)
    known[k] = NormError(norm: measured.norm, most: measured.most, error: error, worst: worst)
  }

  private func measured(_ k: Int) -> (norm: Element, most: Element) {
    let x = machine.slots[k].vector
    return (x.norm * (1 + Element(x.count + 8) * ulp), x.maxNorm)
  }

  /// nil where an operation has no rule, or its error no bound.
  mutating func error(of k: Int) -> NormError<Element>? {
    if let known = known[k] { return known }
    let node = tape.nodes[k]
    var operands: [NormError<Element>] = []
    for operand in node.operands {
      guard let found = error(of: operand) else { return nil }
      operands.append(found)
    }
    let (norm, most) = measured(k)
    let n = Element(machine.slots[k].vector.count)
    guard let (error, worst) = rule(k, operands, norm, most, n) else { return nil }
    let inflation = 1 + 16 * ulp
    let found = NormError(
      norm: norm, most: most, error: (error + n.squareRoot() * .leastNonzeroMagnitude) * inflation,
      worst: (worst + .leastNonzeroMagnitude) * inflation)
    guard found.error.isFinite, found.norm.isFinite else { return nil }
    known[k] = found
    return found
  }

  private func rule(_ k: Int, _ operands: [NormError<Element>], _ norm: Element, _ most: Element, _ n: Element)
    -> (Element, Element)?
  {
    let node = tape.nodes[k]
    switch node.operation {
    case .input, .constant: return (0, 0)
    case .literal(let c), .filled(let c):
      let error = c.magnitude * PointErrors<Element>.uncertainty(c)
      return (n.squareRoot() * error, error)
    default: break
    }
    guard let a = operands.first else { return nil }
    let b = operands.count > 1 ? operands[1] : a
    switch node.operation {
    case .combine(let α, let β):
      let (p, q) = (α.magnitude, β.magnitude)
      let (x, y) = (2 * ulp + PointErrors<Element>.uncertainty(α), 2 * ulp + PointErrors<Element>.uncertainty(β))
      return (
        p * a.error + q * b.error + x * p * a.norm + y * q * b.norm,
        p * a.worst + q * b.worst + x * p * a.most + y * q * b.most
      )
    case .scaled(let α):
      let (p, x) = (α.magnitude, ulp + PointErrors<Element>.uncertainty(α))
      return (p * (a.error + x * a.norm), p * (a.worst + x * a.most))
    case .offset(let c):
      let own = c.magnitude * (ulp + PointErrors<Element>.uncertainty(c))
      return (a.error + ulp * a.norm + n.squareRoot() * own, a.worst + ulp * a.most + own)
    case .times:
      return (
        atMost(a.most, b.error) + atMost(b.most, a.error) + a.worst * b.error + ulp * norm,
        atMost(a.most, b.worst) + atMost(b.most, a.worst) + a.worst * b.worst + ulp * most
      )
    case .scale:
      return (
        atMost(a.most, b.error) + atMost(b.norm, a.worst) + a.worst * b.error + ulp * norm,
        atMost(a.most, b.worst) + atMost(b.most, a.worst) + a.worst * b.worst + ulp * most
      )
    case .broadcast: return (n.squareRoot() * a.worst, a.worst)
    case .reshape, .segment, .embed, .detach: return (a.error, a.worst)
    case .sum:
      let terms = Element(machine.slots[node.operands[0]].vector.count)
      let error = terms.squareRoot() * (a.error + (terms + 2) * ulp * a.norm)
      return (error, error)
    case .dot:
      let terms = Element(machine.slots[node.operands[0]].vector.count)
      let error =
        atMost(a.norm, b.error) + atMost(b.norm, a.error) + a.error * b.error + (terms + 2) * ulp * a.norm * b.norm
      return (error, error)
    case .elementary(let f):
      return mapped(node.operands[0], a, norm, most, Element(f.ulps)) { f.slopes($0) }
    case .power(let c):
      let range = Kernels.range(machine.slots[node.operands[0]].vector).magnitudes
      let ulps = max(Power.ulps(c, at: range.lower), Power.ulps(c, at: range.upper))
      // Of other exponents the error grows with |log x|.
      if c != c.rounded(), !(range.lower > 0) { return nil }
      return mapped(node.operands[0], a, norm, most, ulps) { Power.slopes($0, c) }
    default: return nil
    }
  }

  /// Errors are carried by the steepest slope between the least and the largest argument.
  private func mapped(
    _ operand: Int, _ a: NormError<Element>, _ norm: Element, _ most: Element, _ ulps: Element,
    _ slopes: (ClosedInterval<Element>) -> ClosedInterval<Element>
  ) -> (Element, Element) {
    var steepest: Element = 0
    if a.worst > 0 {
      let x = Kernels.range(machine.slots[operand].vector)
      steepest = slopes(ClosedInterval(x.lower - a.worst, x.upper + a.worst).widened).magnitude
    }
    return (atMost(steepest, a.error) + ulps * ulp * norm, atMost(steepest, a.worst) + ulps * ulp * most)
  }
}
