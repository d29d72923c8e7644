internal import LinAlg
internal import NonsmoothMaps

/// A node made ready to run: its operation with the place for its value. In an object of its own a value is written in place, and an operation is read
/// without a copy.
final class Slot<Element: Scalar> {
  let operation: Operation<Element>
  let operands: [Int]
  let rows: Int
  let columns: Int
  var vector: Vector<Element>

  init(_ operation: Operation<Element>, _ operands: [Int], rows: Int, columns: Int, _ vector: Vector<Element>) {
    self.operation = operation
    self.operands = operands
    self.rows = rows
    self.columns = columns
    self.vector = vector
  }
}

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
  /// The values, by node.
  let slots: [Slot<Element>]
  var proximals: [Int: any ProximalInstance<Element>] = [:]
  /// Whether proximal maps find their derivatives as they are applied.
  var linearizes = false

  /// - Parameter needed: the nodes that are going to be run, with those they read.
  init(_ tape: Tape<Element>, _ needed: [Int], batchCount: Int = 1) {
    self.tape = tape
    self.batchCount = batchCount
    // What is not run shares one place of no entries.
    let none = Slot<Element>(.filled(0), [], rows: 0, columns: 1, .zeros(0))
    var slots = [Slot<Element>](repeating: none, count: tape.nodes.count)
    var constants: [Int] = []
    for k in needed {
      let node = tape.nodes[k]
      var value = Vector<Element>.zeros(0)
      if case .constant(let v) = node.operation {
        value = tape.constants[v]
      } else {
        value = .zeros(node.shape.count(batch: batchCount))
        if node.sources == 0 { constants.append(k) }
      }
      slots[k] = Slot(
        node.operation, node.operands, rows: node.shape.rows(batch: batchCount), columns: node.shape.columns, value)
    }
    self.slots = slots
    for k in needed { if case .proximal = tape.nodes[k].operation { proximals[k] = makeInstance(k) } }
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
    if slots[slot].rows == 0 { return }
    slots[slot].vector.copy(from: x)
  }

  /// Whether all proximal maps that were run have derivatives there.
  var hasDerivatives: Bool {
    for map in proximals.values where !map.isDefined { return false }
    return true
  }

  func number(_ node: Int) -> Element { slots[node].vector[0] }
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
