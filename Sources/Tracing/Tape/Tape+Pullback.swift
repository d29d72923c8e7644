internal import LinAlg

/// The derivative of a tape is again a tape.
extension Tape {
  /// Jᵀ s for the Jacobian J of a node by an input, as a node: s is the seed, of the output's shape. Zeros where nothing flows.
  ///
  /// The nodes appended are linear in s, so that pulling back through them by s gives J x: the tangents of a tape are adjoints of its adjoints.
  func pullback(of output: Int, seed: Int, to target: Int) -> Int {
    let bit = nodes[target].sources
    var adjoints: [Int: Int] = [output: seed]
    var node = output
    while node > target {
      defer { node -= 1 }
      guard let adjoint = adjoints[node], nodes[node].differentiable & bit != 0 else { continue }
      pull(node, adjoint) { operand, contribution in
        guard self.nodes[operand].differentiable & bit != 0 else { return }
        // Asked for only here, so that no node is appended for nothing.
        let term = contribution()
        adjoints[operand] = adjoints[operand].map { self.combine(1, $0, 1, term) } ?? term
      }
    }
    return adjoints[target] ?? filled(0, nodes[target].shape)
  }

  /// Calls `add` with what flows from a node to each of its operands.
  private func pull(_ k: Int, _ ȳ: Int, _ add: (_ operand: Int, _ contribution: () -> Int) -> Void) {
    let node = nodes[k]
    let a = node.operands.first ?? 0
    let b = node.operands.count > 1 ? node.operands[1] : 0
    switch node.operation {
    case .input, .literal, .constant, .sampled, .filled, .greater, .beyondThreshold, .detach: break
    case .combine(let α, let β):
      add(a) { scaled(α, ȳ) }
      add(b) { scaled(β, ȳ) }
    case .scaled(let α): add(a) { scaled(α, ȳ) }
    case .offset: add(a) { ȳ }
    case .times:
      add(a) { times(ȳ, b) }
      add(b) { times(ȳ, a) }
    case .scale:
      add(a) { dot(ȳ, b) }
      add(b) { scale(a, ȳ) }
    case .overBatch: add(a) { overBatch(ȳ) }
    case .broadcast: add(a) { sum(ȳ) }
    case .sum: add(a) { broadcast(ȳ, nodes[a].shape) }
    case .dot:
      if a == b {
        add(a) { scaled(2, scale(ȳ, a)) }
      } else {
        add(a) { scale(ȳ, b) }
        add(b) { scale(ȳ, a) }
      }
    case .elementary(let f): add(a) { slope(f, a, value: k).map { times(ȳ, $0) } ?? filled(0, node.shape) }
    case .power(let c): add(a) { times(ȳ, scaled(c, append(.power(c - 1), [a], node.shape))) }
    case .softThreshold:
      let mask = append(.beyondThreshold, [a, b], node.shape)
      add(a) { times(ȳ, mask) }
      add(b) {
        let signed = times(mask, elementary(.sign, a))
        return scaled(-1, nodes[b].shape.isScalar && !node.shape.isScalar ? dot(ȳ, signed) : times(ȳ, signed))
      }
    case .multiply(let X, let transposed): add(a) { multiply(X, transposed: !transposed, ȳ) }
    case .multiplyRows(let X, let transposed): add(a) { multiplyRows(X, transposed: !transposed, ȳ) }
    case .operate(let A, let adjoint): add(a) { operate(A, adjoint: !adjoint, ȳ) }
    case .product(let tA, let tB):
      add(a) {
        tA ? product(b, transposed: tB, ȳ, transposed: true) : product(ȳ, transposed: false, b, transposed: !tB)
      }
      add(b) {
        tB ? product(ȳ, transposed: true, a, transposed: tA) : product(a, transposed: !tA, ȳ, transposed: false)
      }
    case .segment(let first): add(a) { append(.embed(first), [ȳ], nodes[a].shape) }
    case .embed(let first): add(a) { append(.segment(first), [ȳ], nodes[a].shape) }
    case .gather(let list): add(a) { append(.scatter(list), [ȳ], nodes[a].shape) }
    case .scatter(let list): add(a) { append(.gather(list), [ȳ], nodes[a].shape) }
    case .concatenate:
      var first = 0
      for operand in node.operands {
        let place = first
        add(operand) { append(.segment(place), [ȳ], nodes[operand].shape) }
        first += nodes[operand].shape.count(batch: 0)
      }
    case .reshape: add(a) { reshape(ȳ, nodes[a].shape) }
    case .transpose: add(a) { append(.transpose, [ȳ], nodes[a].shape) }
    case .rowSums: add(a) { append(.spreadColumns, [ȳ], nodes[a].shape) }
    case .spreadColumns: add(a) { append(.rowSums, [ȳ], nodes[a].shape) }
    case .softmaxRows:
      add(a) {
        let weighted = times(k, ȳ)
        let mean = append(.rowSums, [weighted], Shape(.vector(node.shape.extent)))
        return combine(1, weighted, -1, times(k, append(.spreadColumns, [mean], node.shape)))
      }
    case .logSumExpRows:
      add(a) {
        let shape = nodes[a].shape
        return times(append(.softmaxRows, [a], shape), append(.spreadColumns, [ȳ], shape))
      }
    case .proximal(let g):
      add(a) { append(.proximalState(g), [k, ȳ], node.shape) }
      if node.operands.count > 1 { add(b) { append(.proximalParametersAdjoint(g), [k, ȳ], nodes[b].shape) } }
    // The pieces of a proximal map count as constants: their first operand, the map's node, is there for the order alone.
    case .proximalState(let g): add(b) { append(.proximalState(g), [a, ȳ], nodes[b].shape) }
    case .proximalParameters(let g): add(b) { append(.proximalParametersAdjoint(g), [a, ȳ], nodes[b].shape) }
    case .proximalParametersAdjoint(let g): add(b) { append(.proximalParameters(g), [a, ȳ], nodes[b].shape) }
    }
  }

  /// f' at node `a`, where f(a) is node `value`; nil where it is zero.
  private func slope(_ f: Elementary, _ a: Int, value: Int) -> Int? {
    switch f {
    case .exp: return value
    case .log: return elementary(.reciprocal, a)
    case .sqrt: return scaled(1 / 2, elementary(.reciprocal, value))
    case .reciprocal: return scaled(-1, elementary(.square, value))
    case .square: return scaled(2, a)
    case .abs: return elementary(.sign, a)
    case .tanh: return elementary(.tanhSlope, a)
    case .sigmoid: return elementary(.sigmoidSlope, a)
    case .softplus: return elementary(.sigmoid, a)
    case .sin: return elementary(.cos, a)
    case .cos: return scaled(-1, elementary(.sin, a))
    case .tanhSlope: return scaled(-2, times(elementary(.tanh, a), value))
    case .sigmoidSlope: return times(value, offset(1, scaled(-2, elementary(.sigmoid, a))))
    case .positivePart: return elementary(.isPositive, a)
    case .sign, .isPositive: return nil
    }
  }
}
