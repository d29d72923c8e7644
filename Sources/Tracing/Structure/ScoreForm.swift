internal import LinAlg

/// f(w) = F(X w) + (ρ/2) ‖w‖², F a sum of functions of one score each: what a function must be for working sets.
///
/// That the Hessian is c Xᵀ diag(d) X + ρ I says it, together with w's entering f through X w and ‖w‖² alone: F's second derivatives are then diagonal.
struct ScoreForm<Element: Scalar> {
  /// z = X w.
  let scores: Int
  /// ∂F/∂z.
  let slopes: Int
  /// c Xᵀ diag(d) X.
  let gram: HessianForm<Element>.Gram
  /// ρ, a number that does not depend on w; nil for zero.
  let ridge: Int?
  /// ∂ρ/∂λ, where there is a ρ.
  let ridgeSlopes: Int?

  /// - Returns: nil where f is not of the form.
  init?(_ form: HessianForm<Element>, of value: Int, on tape: Tape<Element>) {
    let (w, bit) = (tape.inputs[FunctionInput.state], UInt8(1 << FunctionInput.state))
    guard form.grams.count == 1, form.diagonal == nil, form.shift.map({ tape.sources($0) & bit == 0 }) ?? true,
      let scores = tape.scores(of: form.grams[0].features.rows, w)
    else { return nil }
    gram = form.grams[0]
    ridge = form.shift
    self.scores = scores
    slopes = tape.pullback(of: value, seed: tape.literal(1), to: scores)
    ridgeSlopes = form.shift.map {
      tape.pullback(of: $0, seed: tape.literal(1), to: tape.inputs[FunctionInput.parameters])
    }
    let curvature = [gram.coefficient] + (gram.weights.map { [$0] } ?? [])
    // Of what reads w past the scores, ‖w‖² alone, and in f alone.
    for k in tape.reached(from: [value, slopes] + curvature, cut: scores) {
      let node = tape.nodes[k]
      if case .detach = node.operation { return nil }
      if node.operands.contains(w), node.operation != .dot || node.operands != [w, w] { return nil }
    }
    let past = tape.reached(from: [slopes] + curvature, cut: scores)
    if past.contains(where: { tape.nodes[$0].operands.contains(w) }) { return nil }
  }

  /// Whether F is quadratic.
  func isQuadratic(on tape: Tape<Element>) -> Bool {
    ([gram.coefficient] + (gram.weights.map { [$0] } ?? [])).allSatisfy {
      tape.sources($0) & ~UInt8(1 << FunctionInput.parameters) == 0
    }
  }
}

extension Tape {
  /// The node X w of so many rows, if there is one.
  fileprivate func scores(of rows: Int, _ w: Int) -> Int? {
    nodes.indices.first { k in
      guard case .multiply = nodes[k].operation else { return false }
      return nodes[k].operands == [w] && nodes[k].shape == .vector(rows)
    }
  }

  /// The nodes that outputs are made of where node `cut` is given, in their order, inputs among them.
  func reached(from outputs: [Int], cut: Int) -> [Int] {
    var isReached = [Bool](repeating: false, count: nodes.count)
    for k in outputs { isReached[k] = true }
    for k in nodes.indices.reversed() where isReached[k] && k != cut {
      for operand in nodes[k].operands { isReached[operand] = true }
    }
    return nodes.indices.filter { isReached[$0] && $0 != cut }
  }
}
