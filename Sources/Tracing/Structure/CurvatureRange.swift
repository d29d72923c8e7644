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

  private func entries(_ x: Vector<Element>) -> ClosedInterval<Element> {
    guard let first = x.first else { return ClosedInterval(0, 0) }
    var range = ClosedInterval(first, first)
    for value in x {
      if value.isNaN { return .all }
      range.lower = min(range.lower, value)
      range.upper = max(range.upper, value)
    }
    return range
  }

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
    guard let count = known.map(\.count).max() else { return rest }
    var product = Vector<Element>(repeating: 1, count: count)
    for factor in known { for i in 0..<count { product[i] *= factor[factor.count == 1 ? 0 : i] } }
    return rest * entries(product)
  }
}
