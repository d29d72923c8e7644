internal import LinAlg

/// What a tape says of itself.
extension Tape {
  /// A node as an expression, cut where it gets long. No numbers but those written in the closure.
  func expression(_ k: Int, depth: Int = 5) -> String {
    let node = nodes[k]
    if depth == 0, !node.operands.isEmpty { return "…" }
    let e = node.operands.map { expression($0, depth: depth - 1) }
    return written(node, e)
  }

  /// One line per node among `needed`: its name, what it is of which nodes, its shape, its multiplications and, where it has one, what was recognised.
  func listing(_ needed: [Int]) -> String {
    needed.map { k in
      let node = nodes[k]
      let text = written(node, node.operands.map { name($0) })
      let cost = multiplications(node)
      return "  \(name(k)) = \(text)  [\(node.shape)]" + (cost > 0 ? "  \(cost) multiplications" : "")
    }.joined(separator: "\n")
  }

  private func name(_ k: Int) -> String {
    switch nodes[k].operation {
    case .input(let index): inputNames[index]
    case .literal(let c): "\(c)"
    default: "%\(k)"
    }
  }

  /// Multiplications of a node for a batch of one sample.
  func multiplications(_ node: Node) -> Int {
    let count = node.shape.count(batch: 1)
    switch node.operation {
    case .multiply(let X, _): return designs[X].storedCount * node.shape.columns
    case .multiplyRows(let X, _): return designs[X].columns * node.shape.columns
    case .operate(let A, _): return operators[A].rows * operators[A].columns
    case .product(let tA, _):
      let a = nodes[node.operands[0]].shape
      return count * (tA ? a.rows(batch: 1) : a.columns)
    case .dot: return nodes[node.operands[0]].shape.count(batch: 1)
    case .combine, .scaled, .times, .scale, .elementary, .power, .softThreshold, .softmaxRows, .overBatch: return count
    case .logSumExpRows: return nodes[node.operands[0]].shape.count(batch: 1)
    case .proximal, .proximalState, .proximalParameters, .proximalParametersAdjoint: return count
    default: return 0
    }
  }

  private func written(_ node: Node, _ e: [String]) -> String {
    func signed(_ α: Element) -> String { α == 1 ? "" : α == -1 ? "-" : "\(α) * " }
    switch node.operation {
    case .input(let index): return inputNames[index]
    case .literal(let c): return "\(c)"
    case .filled(let c): return "\(c) everywhere"
    case .constant(let v): return "constant\(v)"
    case .sampled(let v): return "constant\(v)[batch]"
    case .combine(let α, let β):
      let second = β < 0 ? " - \(signed(-β))" : " + \(signed(β))"
      return "(\(signed(α))\(e[0])\(second)\(e[1]))"
    case .scaled(let α): return "\(signed(α))\(e[0])"
    case .offset(let c): return "(\(e[0]) + \(c))"
    case .times, .scale: return "\(e[0]) * \(e[1])"
    case .overBatch: return "\(e[0]) / batch"
    case .broadcast: return "everywhere(\(e[0]))"
    case .sum: return "sum(\(e[0]))"
    case .dot: return node.operands[0] == node.operands[1] ? "norm2(\(e[0]))" : "dot(\(e[0]), \(e[1]))"
    case .elementary(let f): return "\(f.rawValue)(\(e[0]))"
    case .power(let c): return "pow(\(e[0]), \(c))"
    case .greater: return "(\(e[0]) > \(e[1]))"
    case .softThreshold: return "softThreshold(\(e[0]), by: \(e[1]))"
    case .beyondThreshold: return "(|\(e[0])| > \(e[1]))"
    case .multiply(let X, let t): return "\(designName(X))\(t ? "ᵀ" : "") · \(e[0])"
    case .multiplyRows(let X, let t): return "\(designName(X))[batch]\(t ? "ᵀ" : "") · \(e[0])"
    case .operate(let A, let t): return "operator\(A)\(t ? "ᵀ" : "") · \(e[0])"
    case .product(let tA, let tB): return "\(e[0])\(tA ? "ᵀ" : "") · \(e[1])\(tB ? "ᵀ" : "")"
    case .segment(let first):
      let count = node.shape.count(batch: 1)
      return node.shape.isScalar ? "\(e[0])[\(first)]" : "\(e[0])[\(first)..<\(first + count)]"
    case .embed(let first): return "embed(\(e[0]), at: \(first))"
    case .gather(let list): return "rows\(list)(\(e[0]))"
    case .scatter(let list): return "addRows\(list)(\(e[0]))"
    case .concatenate: return "concatenate(\(e.joined(separator: ", ")))"
    case .reshape: return "reshape(\(e[0]))"
    case .transpose: return "transpose(\(e[0]))"
    case .rowSums: return "rowSums(\(e[0]))"
    case .spreadColumns: return "spreadColumns(\(e[0]))"
    case .softmaxRows: return "softmaxRows(\(e[0]))"
    case .logSumExpRows: return "logSumExpRows(\(e[0]))"
    case .proximal(let g): return "prox[\(proximals[g].name)](\(e.joined(separator: ", ")))"
    case .proximalState(let g): return "D[\(proximals[g].name)] · \(e[1])"
    case .proximalParameters(let g): return "B[\(proximals[g].name)] · \(e[1])"
    case .proximalParametersAdjoint(let g): return "B[\(proximals[g].name)]ᵀ · \(e[1])"
    case .detach: return "detach(\(e[0]))"
    }
  }

  /// For example `X0(265 × 10)`.
  private func designName(_ k: Int) -> String { "X\(k)(\(designs[k].rows) × \(designs[k].columns))" }
}
