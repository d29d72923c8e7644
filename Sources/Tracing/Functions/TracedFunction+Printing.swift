internal import LinAlg

extension TracedFunction: CustomStringConvertible {
  /// The tape of f, line by line, with shapes, costs and what was recognised.
  public var description: String {
    let nodes = tape.tape.nodes
    func line(_ name: String, _ list: [Int]) -> String {
      let cost = list.reduce(0) { $0 + tape.tape.multiplications(nodes[$1]) }
      return "  \(name): \(list.count) operations, \(cost) multiplications"
    }
    let hessian =
      tape.form.map { "  Hessian: \($0.text), multiplied and assembled by its parts" }
      ?? line("Hessian product (no structure recognised)", tape.productNodes(for: tape.hessianProduct))
    let scores =
      tape.scores.map {
        "\n  f = F(X w)\($0.ridge == nil ? "" : " + ρ/2 ‖w‖²"), F a sum over \($0.gram.features.rows) scores: solved by working sets"
      } ?? ""
    return """
      f(w, λ), w of \(stateCount), λ of \(parameterCount), traced at \(tape.tape.place.text)
      \(tape.tape.listing(tape.tape.needed(for: [tape.value])))
        f = %\(tape.value)
      \(line("gradient", tape.tape.needed(for: [tape.gradient])))
      \(hessian)\(scores)
      """
  }
}
