internal import LinAlg
internal import NonsmoothMaps

/// A tape made ready to run: a place in memory for every node that is needed, and constants computed once.
///
/// It runs lists of nodes (``run(_:)``), each node once its operands have been; which lists make sense is up to whoever made them with
/// ``Tape/needed(for:given:)``. Nothing is allocated by a run.
final class Machine<Element: Scalar> {
  let tape: Tape<Element>
  /// The number of samples in a minibatch.
  let batchCount: Int
  /// The minibatch, where the tape has one; nil stands for all samples.
  var batch: [Int]?
  var slots: ContiguousArray<Vector<Element>>
  var proximals: [Int: any ProximalInstance<Element>] = [:]
  /// Whether proximal maps find their derivatives as they are applied.
  var linearizes = false

  /// - Parameter needed: the nodes that are going to be run, with those they read.
  init(_ tape: Tape<Element>, _ needed: [Int], batchCount: Int = 1) {
    self.tape = tape
    self.batchCount = batchCount
    slots = ContiguousArray(repeating: .zeros(0), count: tape.nodes.count)
    var constants: [Int] = []
    for k in needed {
      let node = tape.nodes[k]
      if case .constant(let v) = node.operation {
        slots[k] = tape.constants[v]
        continue
      }
      slots[k] = .zeros(node.shape.count(batch: batchCount))
      if case .proximal = node.operation { proximals[k] = makeInstance(k) }
      if node.sources == 0 { constants.append(k) }
    }
    run(constants)
  }

  private func makeInstance(_ k: Int) -> any ProximalInstance<Element> {
    guard case .proximal(let g) = tape.nodes[k].operation else { preconditionFailure("Machine: no proximal map") }
    return tape.proximals[g].makeInstance(tape.nodes[k].shape.count(batch: batchCount))
  }

  /// Input `index` ← x.
  func set(_ input: Int, _ x: Vector<Element>) {
    let slot = tape.inputs[input]
    // An input that nothing depends on has no place.
    if slots[slot].count == x.count { slots[slot].copy(from: x) }
  }

  func number(_ node: Int) -> Element { slots[node][0] }
}

extension Tape {
  /// The nodes that `outputs` need, in their order, without those that depend on no input but `given` ones.
  ///
  /// - Parameter given: the inputs whose nodes have been run before, one bit each. Constants have always been.
  func needed(for outputs: [Int], given: UInt8 = 0) -> [Int] {
    var isNeeded = [Bool](repeating: false, count: nodes.count)
    for k in outputs { isNeeded[k] = true }
    for k in nodes.indices.reversed() where isNeeded[k] {
      if isDone(k, given) {
        isNeeded[k] = false
        continue
      }
      for operand in nodes[k].operands { isNeeded[operand] = true }
    }
    return nodes.indices.filter { isNeeded[$0] && !isInput($0) }
  }

  /// The same with inputs and constants: all that needs a place in memory.
  func stored(for outputs: [Int]) -> [Int] {
    var isNeeded = [Bool](repeating: false, count: nodes.count)
    for k in outputs { isNeeded[k] = true }
    for k in nodes.indices.reversed() where isNeeded[k] {
      for operand in nodes[k].operands { isNeeded[operand] = true }
    }
    return nodes.indices.filter { isNeeded[$0] }
  }

  private func isDone(_ k: Int, _ given: UInt8) -> Bool { nodes[k].sources & ~given == 0 }
  private func isInput(_ k: Int) -> Bool { if case .input = nodes[k].operation { true } else { false } }
}
