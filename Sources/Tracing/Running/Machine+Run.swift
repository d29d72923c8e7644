internal import LinAlg

extension Machine {
  /// Runs nodes in the order given.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func run(_ list: [Int]) { for k in list { runNode(k) } }

  private func runNode(_ k: Int) {
    let slot = slots[k]
    let operands = slot.operands
    let n = slot.vector.count
    switch operands.count {
    case 0: runSource(k, slot.operation, n)
    case 1: runUnary(k, slot.operation, operands[0], n)
    case 2: runBinary(k, slot.operation, operands[0], operands[1], n)
    default: concatenate(k, operands)
    }
  }

  private func runSource(_ k: Int, _ operation: Operation<Element>, _ n: Int) {
    switch operation {
    case .literal(let c), .filled(let c): slots[k].vector.fill(c)
    case .sampled(let v):
      gatherRows(from: tape.constants[v], rows: tape.constants[v].count / columns(k), batch, into: k)
    case .input, .constant: break
    default: preconditionFailure("Machine: \(operation) has operands")
    }
  }

  private func columns(_ k: Int) -> Int { slots[k].columns }

  private func runUnary(_ k: Int, _ operation: Operation<Element>, _ a: Int, _ n: Int) {
    let out = slots[k].vector.mutableBase()
    let x = slots[a].vector.base
    switch operation {
    case .scaled(let α): Kernels.scale(α, n, x, out)
    case .offset(let c): Kernels.offset(c, n, x, out)
    case .overBatch: Kernels.scale(1 / Element(batchCount), n, x, out)
    case .broadcast: out.update(repeating: x[0], count: n)
    case .sum: out[0] = Element._sum(slots[a].vector.count, x)
    case .elementary(let f): Kernels.apply(f, n, x, out)
    case .power(let c): Kernels.power(c, n, x, out)
    case .reshape, .detach: out.update(from: x, count: n)
    case .segment(let first): out.update(from: x + first, count: n)
    case .embed(let first):
      out.update(repeating: 0, count: n)
      (out + first).update(from: x, count: slots[a].vector.count)
    case .concatenate: out.update(from: x, count: n)
    case .gather(let list): gatherRows(from: slots[a].vector, rows: rows(a), tape.indexLists[list], into: k)
    case .scatter(let list): scatterRows(a, tape.indexLists[list], into: k)
    case .transpose: Element._transpose(rows(a), columns(a), x, rows(a), out, rows(k))
    case .rowSums:
      out.update(repeating: 0, count: n)
      for c in 0..<columns(a) { Element._axpy(n, 1, x + c * n, out) }
    case .spreadColumns:
      for c in 0..<columns(k) { (out + c * slots[a].vector.count).update(from: x, count: slots[a].vector.count) }
    case .softmaxRows: Kernels.softmaxRows(rows(k), columns(k), x, out, sizes: nil)
    case .logSumExpRows: Kernels.softmaxRows(rows(a), columns(a), x, nil, sizes: out)
    case .multiply(let X, let transposed): multiply(k, X, transposed, a)
    case .multiplyRows(let X, let transposed): multiplyRows(k, X, transposed, a)
    case .operate(let A, let adjoint): operate(k, A, adjoint, a)
    default: preconditionFailure("Machine: \(operation) takes two operands")
    }
  }

  private func runBinary(_ k: Int, _ operation: Operation<Element>, _ a: Int, _ b: Int, _ n: Int) {
    switch operation {
    case .proximal, .proximalState, .proximalParameters, .proximalParametersAdjoint:
      runProximal(k, operation, a, b)
      return
    case .product(let tA, let tB):
      product(k, a, tA, b, tB)
      return
    case .concatenate:
      concatenate(k, [a, b])
      return
    default: break
    }
    let out = slots[k].vector.mutableBase()
    let (x, y) = (slots[a].vector.base, slots[b].vector.base)
    switch operation {
    case .combine(let α, let β): Element._linearCombination(n, α, x, β, y, out)
    case .times: Element._hadamard(n, x, y, out)
    case .scale: Kernels.scale(x[0], n, y, out)
    case .dot: out[0] = slots[a].vector.dot(slots[b].vector)
    case .greater: Kernels.greater(n, x, y, out)
    case .softThreshold: Kernels.softThreshold(n, x, y, slots[b].vector.count == n && n != 1 ? 1 : 0, out)
    case .beyondThreshold: Kernels.beyondThreshold(n, x, y, slots[b].vector.count == n && n != 1 ? 1 : 0, out)
    default: preconditionFailure("Machine: \(operation) takes one operand")
    }
  }

  private func rows(_ k: Int) -> Int { slots[k].rows }

  // MARK: - Rows

  /// Rows of a matrix of `rows` rows, column by column; nil stands for all in their order.
  private func gatherRows(from x: Vector<Element>, rows: Int, _ indices: [Int]?, into k: Int) {
    guard let indices else {
      slots[k].vector.copy(from: x)
      return
    }
    let (out, b) = (slots[k].vector.mutableBase(), indices.count)
    let source = x.base
    for c in 0..<columns(k) { for i in 0..<b { out[c * b + i] = source[c * rows + indices[i]] } }
  }

  private func scatterRows(_ a: Int, _ indices: [Int], into k: Int) {
    let (out, x) = (slots[k].vector.mutableBase(), slots[a].vector.base)
    let (n, b) = (rows(k), indices.count)
    out.update(repeating: 0, count: slots[k].vector.count)
    for c in 0..<columns(k) { for i in 0..<b { out[c * n + indices[i]] += x[c * b + i] } }
  }

  private func concatenate(_ k: Int, _ operands: [Int]) {
    let out = slots[k].vector.mutableBase()
    var first = 0
    for operand in operands {
      (out + first).update(from: slots[operand].vector.base, count: slots[operand].vector.count)
      first += slots[operand].vector.count
    }
  }

  // MARK: - Linear maps

  /// Whether a product of node a into node k has no terms: then it is zero, and there may be no memory to see as a matrix.
  private func isEmpty(_ k: Int, _ a: Int) -> Bool { slots[k].vector.isEmpty || slots[a].vector.isEmpty }

  private func multiply(_ k: Int, _ X: Int, _ transposed: Bool, _ a: Int) {
    let design = tape.designs[X]
    let x = slots[a].vector
    if isEmpty(k, a) { return slots[k].vector.fill(0) }
    if columns(k) == 1 {
      if transposed {
        design.multiplyTransposed(x, alpha: 1, beta: 0, into: &slots[k].vector)
      } else {
        design.multiply(x, alpha: 1, beta: 0, into: &slots[k].vector)
      }
      return
    }
    let block = Matrix(columnsOf: x, rows: rows(a))
    slots[k].vector.withColumns(rows: rows(k)) {
      if transposed {
        design.multiplyTransposed(block: block, alpha: 1, into: &$0)
      } else {
        design.multiply(block: block, into: &$0)
      }
    }
  }

  private func multiplyRows(_ k: Int, _ X: Int, _ transposed: Bool, _ a: Int) {
    let design = tape.designs[X]
    let x = slots[a].vector
    // Column by column: each is a vector over the same memory.
    let (n, m) = (rows(k), rows(a))
    if columns(k) == 1 {
      if transposed {
        slots[k].vector.fill(0)
        design.addRows(batch, x, scale: 1, to: &slots[k].vector)
      } else {
        design.multiply(rows: batch, x, into: &slots[k].vector)
      }
      return
    }
    var image = Vector<Element>.zeros(n)
    for c in 0..<columns(k) {
      let part = x[segment: c * m..<(c + 1) * m]
      image.fill(0)
      if transposed {
        design.addRows(batch, part, scale: 1, to: &image)
      } else {
        design.multiply(rows: batch, part, into: &image)
      }
      slots[k].vector[segment: c * n..<(c + 1) * n] = image
    }
  }

  private func operate(_ k: Int, _ A: Int, _ adjoint: Bool, _ a: Int) {
    let map = tape.operators[A]
    let x = slots[a].vector
    if isEmpty(k, a) { return slots[k].vector.fill(0) }
    if columns(k) == 1 {
      if adjoint { map.applyAdjoint(x, into: &slots[k].vector) } else { map.apply(x, into: &slots[k].vector) }
      return
    }
    let block = Matrix(columnsOf: x, rows: rows(a))
    slots[k].vector.withColumns(rows: rows(k)) {
      if adjoint { map.applyAdjoint(block: block, into: &$0) } else { map.apply(block: block, into: &$0) }
    }
  }

  private func product(_ k: Int, _ a: Int, _ tA: Bool, _ b: Int, _ tB: Bool) {
    if isEmpty(k, a) || isEmpty(k, b) { return slots[k].vector.fill(0) }
    let A = Matrix(columnsOf: slots[a].vector, rows: rows(a))
    let B = Matrix(columnsOf: slots[b].vector, rows: rows(b))
    slots[k].vector.withColumns(rows: rows(k)) { $0.assignProduct(tA ? A.transposed : A, tB ? B.transposed : B) }
  }

  // MARK: - Proximal maps

  private func runProximal(_ k: Int, _ operation: Operation<Element>, _ a: Int, _ b: Int) {
    let second = slots[b].vector
    if case .proximal = operation {
      proximals[k]!.apply(slots[a].vector, second, into: &slots[k].vector, linearizes: linearizes)
      return
    }
    guard let map = proximals[a] else { preconditionFailure("Machine: a derivative without its proximal map") }
    switch operation {
    case .proximalState: map.applyState(second, into: &slots[k].vector)
    case .proximalParameters: map.applyParameters(second, into: &slots[k].vector)
    default: map.applyParametersAdjoint(second, into: &slots[k].vector)
    }
  }
}
