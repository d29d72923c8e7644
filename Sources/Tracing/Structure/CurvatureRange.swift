internal import LinAlg

/// Bounds on the eigenvalues of a recognised Hessian over all w, for given parameters: what depends on λ alone is computed, what depends on w is bounded by
/// the ranges of its functions.
struct CurvatureRange<Element: Scalar> {
  private let tape: Tape<Element>
  /// Run at λ for all nodes that depend on no other input.
  private let machine: Machine<Element>
  private let stateBits: UInt8

  /// - Parameter state: the bits of the inputs that are not known.
  init(_ tape: Tape<Element>, _ machine: Machine<Element>, unknown state: UInt8) {
    self.tape = tape
    self.machine = machine
    stateBits = state
  }

  /// nil where nothing bounds the form.
  func bounds(
    _ form: HessianForm<Element>, spectrum: (_ gram: Int) -> (smallest: Element, largest: Element)
  ) -> (smallest: Element, largest: Element)? {
    var total = ClosedInterval<Element>(0, 0)
    if let shift = form.shift { total = total + range(shift) }
    if let diagonal = form.diagonal { total = total + range(diagonal) }
    for (k, gram) in form.grams.enumerated() {
      var factor = range(gram.coefficient)
      if let weights = gram.weights { factor = factor * range(weights) }
      guard factor.lower.isFinite, factor.upper.isFinite else { return nil }
      let eigenvalues = spectrum(k)
      total = total + factor * ClosedInterval(eigenvalues.smallest, eigenvalues.largest)
    }
    guard total.lower.isFinite, total.upper.isFinite else { return nil }
    return (total.lower, total.upper)
  }

  /// The numbers that the entries of a node can be.
  func range(_ k: Int) -> ClosedInterval<Element> {
    let node = tape.nodes[k]
    if node.sources & stateBits == 0 { return entries(machine.slots[k].vector) }
    switch node.operation {
    case .times, .scale: return product(k)
    case .scaled(let α): return range(node.operands[0]).scaled(α)
    case .combine(let α, let β): return range(node.operands[0]).scaled(α) + range(node.operands[1]).scaled(β)
    case .offset(let c): return range(node.operands[0]) + ClosedInterval(c, c)
    case .broadcast, .detach, .reshape, .gather, .segment: return range(node.operands[0])
    case .elementary(let f): return f.range(of: range(node.operands[0]))
    case .greater, .beyondThreshold: return ClosedInterval(0, 1)
    default: return .all
    }
  }

  /// A bound on how fast an entry of a node changes with its own entry of `cut`, whatever that is; infinite where there is none. For nodes that are functions of
  /// single entries of `cut`.
  func rate(_ k: Int, cut: Int) -> Element {
    let node = tape.nodes[k]
    if k == cut { return 1 }
    if node.sources & stateBits == 0 { return 0 }
    switch node.operation {
    case .times, .scale:
      let (a, b) = (node.operands[0], node.operands[1])
      return atMost(range(a).magnitude, rate(b, cut: cut)) + atMost(range(b).magnitude, rate(a, cut: cut))
    case .scaled(let α): return α.magnitude * rate(node.operands[0], cut: cut)
    case .combine(let α, let β):
      return atMost(α.magnitude, rate(node.operands[0], cut: cut))
        + atMost(β.magnitude, rate(node.operands[1], cut: cut))
    case .offset: return rate(node.operands[0], cut: cut)
    case .elementary(let f):
      let (slope, inner) = (f.slopes(range(node.operands[0])).magnitude, rate(node.operands[0], cut: cut))
      return atMost(slope, inner)
    default: return .infinity
    }
  }

  private func entries(_ x: Vector<Element>) -> ClosedInterval<Element> { Kernels.range(x) }

  /// Factors that are known are multiplied first, entry by entry: y ∘ y of labels ±1 is 1, and not between −1 and 1.
  private func product(_ k: Int) -> ClosedInterval<Element> {
    var known: [Vector<Element>] = []
    var rest = ClosedInterval<Element>(1, 1)
    var powers: [Int: Int] = [:]
    func collect(_ k: Int) {
      let node = tape.nodes[k]
      if node.sources & stateBits == 0 {
        known.append(machine.slots[k].vector)
        return
      }
      switch node.operation {
      case .times, .scale: node.operands.forEach(collect)
      case .scaled(let α):
        rest = rest.scaled(α)
        collect(node.operands[0])
      default: powers[k, default: 0] += 1
      }
    }
    collect(k)
    for (factor, power) in powers {
      let one = range(factor)
      let square = Elementary.square.range(of: one)
      for _ in 0..<power / 2 { rest = rest * square }
      if power % 2 == 1 { rest = rest * one }
    }
    guard let first = known.max(by: { $0.count < $1.count }) else { return rest }
    if known.count == 1 { return rest * entries(first) }
    var product = Vector<Element>(repeating: 1, count: first.count)
    for factor in known {
      if factor.count == first.count { product.scale(by: factor) } else { product.scale(by: factor[0]) }
    }
    return rest * entries(product)
  }
}
