internal import LinAlg

/// What a node can be in a ball about a point w, moves of w in the active coordinates alone; of what is linear in a direction, for all directions of norm 1.
struct Enclosure<Element: Scalar> {
  /// The values of every entry.
  var ranges: [ClosedInterval<Element>]
  /// How far every entry moves with w, as a multiple of the distance.
  var slopes: [Element]
  /// The same for all entries, in the Euclidean norm.
  var change: Element
  /// A bound on the Euclidean norm.
  var size: Element
  /// Whether it is zero outside of the active coordinates.
  var isSupported = false

  static func unknown(_ count: Int) -> Enclosure {
    Enclosure(
      ranges: Array(repeating: .all, count: count), slopes: Array(repeating: .infinity, count: count),
      change: .infinity, size: .infinity)
  }

  /// Whether there is a bound on how it changes.
  var isBounded: Bool { change.isFinite }

  var magnitudes: [Element] { ranges.map(\.magnitude) }
  /// The largest absolute value.
  var most: Element { ranges.reduce(0) { max($0, $1.magnitude) } }
  /// The least interval that holds all entries.
  var hull: ClosedInterval<Element> {
    guard let first = ranges.first else { return ClosedInterval(0, 0) }
    return ranges.dropFirst().reduce(first) { ClosedInterval(min($0.lower, $1.lower), max($0.upper, $1.upper)) }
  }
}

/// Enclosures of nodes in the order of a tape, over a ball about the point where a machine has run them: by interval arithmetic, ends rounded outward, and by how fast
/// values change. Derivatives are nodes of the same tape: that of the Hessian's product changes with the third derivatives.
final class Enclosures<Element: Scalar> {
  let tape: Tape<Element>
  private let machine: Machine<Element>
  private let errors: PointErrors<Element>
  let norms: DesignNorms<Element>
  private let active: IndexSubset
  private let radius: Element
  private let knowsParameters: Bool
  private(set) var nodes: [Int: Enclosure<Element>] = [:]
  /// The first node that nothing bounds although what it is made of is bounded.
  private(set) var obstacle: Int?

  /// - Parameters:
  ///   - radius: of the ball, infinite for all w.
  ///   - knowsParameters: whether λ is that of the machine; otherwise it may be anything.
  init(
    _ tape: Tape<Element>, _ machine: Machine<Element>, _ list: [Int], errors: PointErrors<Element>,
    norms: DesignNorms<Element>, active: IndexSubset, radius: Element, knowsParameters: Bool = true
  ) {
    (self.tape, self.machine, self.errors, self.norms) = (tape, machine, errors, norms)
    (self.active, self.radius, self.knowsParameters) = (active, radius, knowsParameters)
    run(list)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  private func run(_ list: [Int]) {
    for k in list {
      let found = sharpened(k, rule(k, machine.slots[k].vector.count))
      if obstacle == nil, !found.isBounded, tape.nodes[k].operands.allSatisfy({ nodes[$0]!.isBounded }) { obstacle = k }
      nodes[k] = found
    }
  }

  /// A value is no farther from that at w than its slope allows: sharper than intervals where a variable occurs more than once.
  private func sharpened(_ k: Int, _ found: Enclosure<Element>) -> Enclosure<Element> {
    let count = machine.slots[k].vector.count
    guard found.slopes.count == count, !found.change.isNaN, !found.size.isNaN else { return .unknown(count) }
    var found = found
    let inputs = UInt8(1 << FunctionInput.direction | 1 << FunctionInput.parameterDirection)
    let unknown = knowsParameters ? inputs : inputs | UInt8(1 << FunctionInput.parameters)
    let isPoint = tape.sources(k) & unknown == 0
    let value = machine.slots[k].vector
    let error = errors.nodes[k]!.errors
    for i in 0..<count {
      if found.slopes[i].isNaN { found.slopes[i] = .infinity }
      var range = found.ranges[i].widened
      if isPoint {
        let room = atMost(found.slopes[i], radius) + error[i]
        if room.isFinite, value[i].isFinite {
          range = range.intersection(ClosedInterval(value[i] - room, value[i] + room).widened)
        }
      }
      found.ranges[i] = range
    }
    // A dozen roundings of bounds that are sums of what is not negative.
    let inflation = 1 + 16 * Element.ulpOfOne
    for i in 0..<count { found.slopes[i] *= inflation }
    found.change = min(found.change * inflation, found.slopes.upperNorm)
    found.size = min(found.size * inflation, found.magnitudes.upperNorm)
    return found
  }

  private func rule(_ k: Int, _ count: Int) -> Enclosure<Element> {
    let node = tape.nodes[k]
    switch node.operation {
    case .input(let index): return input(index, k, count)
    case .literal(let c), .filled(let c): return fixed(Array(repeating: ClosedInterval(c, c), count: count))
    case .constant: return fixed(machine.slots[k].vector.map { ClosedInterval($0, $0) })
    default: break
    }
    guard let first = node.operands.first, let a = nodes[first] else { return .unknown(count) }
    guard node.operands.count == 2, let b = nodes[node.operands[1]] else { return unary(k, a, count) }
    return binary(k, a, b, count)
  }

  private func fixed(_ ranges: [ClosedInterval<Element>]) -> Enclosure<Element> {
    Enclosure(
      ranges: ranges, slopes: Array(repeating: 0, count: ranges.count), change: 0,
      size: ranges.map(\.magnitude).upperNorm)
  }

  private func input(_ index: Int, _ k: Int, _ count: Int) -> Enclosure<Element> {
    let value = machine.slots[k].vector
    switch index {
    case FunctionInput.state:
      var found = fixed(value.map { ClosedInterval($0, $0) })
      for k in 0..<active.count {
        let j = active[k]
        found.ranges[j] = ClosedInterval(value[j] - radius, value[j] + radius)
        found.slopes[j] = 1
      }
      found.change = active.count == 0 ? 0 : 1
      found.size += radius
      found.isSupported = true
      return found
    case FunctionInput.parameters where knowsParameters: return fixed(value.map { ClosedInterval($0, $0) })
    case FunctionInput.parameters: return fixed(Array(repeating: .all, count: count))
    default:
      var ranges = [ClosedInterval<Element>](repeating: ClosedInterval(-1, 1), count: count)
      if index == FunctionInput.direction {
        ranges = Array(repeating: ClosedInterval(0, 0), count: count)
        for k in 0..<active.count { ranges[active[k]] = ClosedInterval(-1, 1) }
      }
      var found = fixed(ranges)
      found.size = 1
      found.isSupported = index == FunctionInput.direction
      return found
    }
  }
}
