internal import LinAlg
internal import NonsmoothMaps

/// What the thresholds and proximal maps of a tape ask of λ: what depends on λ alone is computed and looked at.
final class ParameterDomain<Element: Scalar> {
  private let tape: Tape<Element>
  private let machine: Machine<Element>
  private let nodes: [Int]
  private let thresholds: [Int]
  /// A proximal map with the node of its parameters.
  private let proximals: [(map: any ProximalInstance<Element>, parameters: Int)]

  /// - Parameter value: the node of Φ or f.
  init(_ tape: Tape<Element>, of value: Int) {
    self.tape = tape
    let needed = tape.needed(for: [value])
    let others = ~UInt8(1 << MapInput.parameters)
    var thresholds: [Int] = []
    var proximals: [(any ProximalInstance<Element>, Int)] = []
    for k in needed {
      let node = tape.nodes[k]
      switch node.operation {
      case .softThreshold where tape.sources(node.operands[1]) & others == 0: thresholds.append(node.operands[1])
      case .proximal(let g) where tape.sources(node.operands[1]) & others == 0:
        proximals.append((tape.proximals[g].makeInstance(node.shape.count(batch: 1)), node.operands[1]))
      default: break
      }
    }
    self.thresholds = thresholds
    self.proximals = proximals
    let outputs = thresholds + proximals.map(\.1)
    machine = Machine(tape, tape.stored(for: outputs))
    nodes = tape.needed(for: outputs)
  }

  func violation(_ λ: Vector<Element>) -> ParameterViolation? {
    if thresholds.isEmpty && proximals.isEmpty { return nil }
    machine.set(MapInput.parameters, λ)
    machine.run(nodes)
    for k in thresholds {
      guard
        var violation = ParameterViolation.negative(in: machine.slots[k].vector, expected: "a threshold of at least 0")
      else { continue }
      violation.index = place(k, violation.index, λ)
      return violation
    }
    for (map, k) in proximals {
      guard var violation = map.violation(machine.slots[k].vector) else { continue }
      violation.index = place(k, violation.index, λ)
      return violation
    }
    return nil
  }

  /// The entry of λ that entry i of a node is made of, the first where there are several.
  private func place(_ k: Int, _ i: Int, _ λ: Vector<Element>) -> Int {
    let node = tape.nodes[k]
    switch node.operation {
    case .input: return min(i, max(0, λ.count - 1))
    case .segment(let first): return place(node.operands[0], first + i, λ)
    default:
      guard let operand = node.operands.first(where: { tape.sources($0) != 0 }) else { return 0 }
      return place(operand, tape.shape(operand).isScalar ? 0 : i, λ)
    }
  }
}
