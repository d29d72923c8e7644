internal import LinAlg

/// Nodes in the form that structure is recognised by: constants are folded into the factors of sums, and what does nothing is left out.
extension Tape {
  /// The number of a literal.
  func literalValue(_ node: Int) -> Element? {
    if case .literal(let c) = nodes[node].operation { c } else { nil }
  }

  func literal(_ c: Element) -> Int { append(.literal(c), [], .scalar) }

  /// A node of equal entries.
  func filled(_ c: Element, _ shape: Shape) -> Int { shape.isScalar ? literal(c) : append(.filled(c), [], shape) }

  /// The number that all entries of a node are, where the tape says so.
  func uniformValue(_ node: Int) -> Element? {
    switch nodes[node].operation {
    case .literal(let c), .filled(let c): c
    default: nil
    }
  }

  /// α β, where the product of two numbers keeps its digits: then one factor does what the two did. Beyond the normal numbers it does not.
  private func folded(_ α: Element, _ β: Element) -> Element? {
    let product = α * β
    return product.isNormal || α == 0 || β == 0 || !α.isFinite || !β.isFinite ? product : nil
  }

  /// a/c: by the reciprocal, in two steps where that one is no normal number.
  func divided(_ a: Int, by c: Element) -> Int {
    let reciprocal = 1 / c
    if reciprocal.isNormal || c == 0 || !c.isFinite { return scaled(reciprocal, a) }
    let power: Element = c.magnitude < 1 ? Element(1 << 62) : 1 / Element(1 << 62)
    return scaled(power, scaled(1 / (c * power), a))
  }

  /// α a.
  func scaled(_ α: Element, _ a: Int) -> Int {
    if α == 1 { return a }
    let node = nodes[a]
    switch node.operation {
    case .literal(let c), .filled(let c): return filled(α * c, node.shape)
    case .scaled(let β): if let γ = folded(α, β) { return scaled(γ, node.operands[0]) }
    case .combine(let β, let γ):
      if let first = folded(α, β), let second = folded(α, γ) {
        return append(.combine(first, second), node.operands, node.shape)
      }
    default: break
    }
    return append(.scaled(α), [a], node.shape)
  }

  /// α a + β b, of one shape.
  func combine(_ α: Element, _ a: Int, _ β: Element, _ b: Int) -> Int {
    let shape = nodes[a].shape
    if let x = uniformValue(a) {
      if let y = uniformValue(b) { return filled(α * x + β * y, shape) }
      return offset(α * x, scaled(β, b))
    }
    if let y = uniformValue(b) { return offset(β * y, scaled(α, a)) }
    if a == b { return scaled(α + β, a) }
    if case .scaled(let γ) = nodes[a].operation, let first = folded(α, γ) {
      return combine(first, nodes[a].operands[0], β, b)
    }
    if case .scaled(let γ) = nodes[b].operation, let second = folded(β, γ) {
      return combine(α, a, second, nodes[b].operands[0])
    }
    return append(.combine(α, β), [a, b], shape)
  }

  /// a + c, entry by entry.
  func offset(_ c: Element, _ a: Int) -> Int {
    if c == 0 { return a }
    let node = nodes[a]
    switch node.operation {
    case .literal(let x), .filled(let x): return filled(x + c, node.shape)
    case .offset(let d): return offset(c + d, node.operands[0])
    default: return append(.offset(c), [a], node.shape)
    }
  }

  /// a ∘ b, of one shape.
  func times(_ a: Int, _ b: Int) -> Int {
    if let x = uniformValue(a) { return scaled(x, b) }
    if let y = uniformValue(b) { return scaled(y, a) }
    if case .scaled(let γ) = nodes[a].operation { return scaled(γ, times(nodes[a].operands[0], b)) }
    if case .scaled(let γ) = nodes[b].operation { return scaled(γ, times(a, nodes[b].operands[0])) }
    if a == b { return elementary(.square, a) }
    if nodes[a].shape.isScalar { return append(.scale, [min(a, b), max(a, b)], .scalar) }
    if case .broadcast = nodes[a].operation { return scale(nodes[a].operands[0], b) }
    if case .broadcast = nodes[b].operation { return scale(nodes[b].operands[0], a) }
    return append(.times, [min(a, b), max(a, b)], nodes[a].shape)
  }

  /// s x for a number s.
  func scale(_ s: Int, _ x: Int) -> Int {
    if nodes[x].shape.isScalar { return times(s, x) }
    if let c = literalValue(s) { return scaled(c, x) }
    if let c = uniformValue(x) { return broadcast(scaled(c, s), nodes[x].shape) }
    if case .scaled(let γ) = nodes[s].operation { return scaled(γ, scale(nodes[s].operands[0], x)) }
    if case .scaled(let γ) = nodes[x].operation { return scaled(γ, scale(s, nodes[x].operands[0])) }
    return append(.scale, [s, x], nodes[x].shape)
  }

  func broadcast(_ s: Int, _ shape: Shape) -> Int {
    if shape.isScalar { return s }
    if let c = literalValue(s) { return filled(c, shape) }
    return append(.broadcast, [s], shape)
  }

  /// Σ of the entries.
  func sum(_ a: Int) -> Int {
    let node = nodes[a]
    if node.shape.isScalar { return a }
    if let c = uniformValue(a), let count = node.shape.fixedCount { return literal(c * Element(count)) }
    switch node.operation {
    case .scaled(let α): return scaled(α, sum(node.operands[0]))
    case .combine(let α, let β): return combine(α, sum(node.operands[0]), β, sum(node.operands[1]))
    case .times: return dot(node.operands[0], node.operands[1])
    case .elementary(.square): return dot(node.operands[0], node.operands[0])
    default: return append(.sum, [a], .scalar)
    }
  }

  func dot(_ a: Int, _ b: Int) -> Int {
    if nodes[a].shape.isScalar { return times(a, b) }
    if case .scaled(let γ) = nodes[a].operation { return scaled(γ, dot(nodes[a].operands[0], b)) }
    if case .scaled(let γ) = nodes[b].operation { return scaled(γ, dot(a, nodes[b].operands[0])) }
    if let c = uniformValue(a) { return scaled(c, sum(b)) }
    if let c = uniformValue(b) { return scaled(c, sum(a)) }
    return append(.dot, [min(a, b), max(a, b)], .scalar)
  }

  /// f of every entry. log(1 + exp(x)) is the softplus, which does not overflow.
  func elementary(_ f: Elementary, _ a: Int) -> Int {
    let node = nodes[a]
    switch (f, node.operation) {
    case (.log, .offset(1)):
      if case .elementary(.exp) = nodes[node.operands[0]].operation {
        return elementary(.softplus, nodes[node.operands[0]].operands[0])
      }
    case (.reciprocal, .elementary(.reciprocal)): return node.operands[0]
    default: break
    }
    return append(.elementary(f), [a], node.shape)
  }

  func overBatch(_ a: Int) -> Int { append(.overBatch, [a], nodes[a].shape) }

  func reshape(_ a: Int, _ shape: Shape) -> Int {
    if nodes[a].shape == shape { return a }
    if let c = uniformValue(a) { return filled(c, shape) }
    if case .reshape = nodes[a].operation { return reshape(nodes[a].operands[0], shape) }
    return append(.reshape, [a], shape)
  }

  /// X x or Xᵀ x of a design, for a vector or for every column of a matrix.
  func multiply(_ X: Int, transposed: Bool, _ x: Int) -> Int {
    let design = designs[X]
    if case .scaled(let γ) = nodes[x].operation {
      return scaled(γ, multiply(X, transposed: transposed, nodes[x].operands[0]))
    }
    return append(
      .multiply(X, transposed: transposed), [x],
      nodes[x].shape.with(.fixed(transposed ? design.columns : design.rows)))
  }

  /// X_ξ x or X_ξᵀ x for the minibatch ξ.
  func multiplyRows(_ X: Int, transposed: Bool, _ x: Int) -> Int {
    append(
      .multiplyRows(X, transposed: transposed), [x],
      nodes[x].shape.with(transposed ? .fixed(designs[X].columns) : .batch))
  }

  func operate(_ A: Int, adjoint: Bool, _ x: Int) -> Int {
    let A_ = operators[A]
    return append(
      .operate(A, adjoint: adjoint), [x], nodes[x].shape.with(.fixed(adjoint ? A_.columns : A_.rows)))
  }

  /// op(A) op(B) for matrices of the tape.
  func product(_ A: Int, transposed tA: Bool, _ B: Int, transposed tB: Bool) -> Int {
    let (a, b) = (nodes[A].shape, nodes[B].shape)
    let rows: Shape.Extent = tA ? .fixed(a.columns) : a.extent
    let columns: Int = tB ? b.rows(batch: 0) : b.columns
    return append(.product(transposeA: tA, transposeB: tB), [A, B], Shape(.matrix(rows, columns)))
  }
}
