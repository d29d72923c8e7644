internal import LinAlg

extension MapTape {
  var description: String {
    let nodes = tape.nodes
    func line(_ name: String, _ list: [Int]) -> String {
      let cost = list.reduce(0) { $0 + tape.multiplications(nodes[$1]) }
      return "  \(name): \(list.count) operations, \(cost) multiplications"
    }
    let structure =
      switch (outer, form) {
      case (.identity?, let form?): "I − A1 = H = \(form.text), symmetric"
      case (.softThreshold?, let form?): "A1 = D (I − H), D of softThreshold, H = \(form.text), symmetric"
      case (.proximal(let node)?, let form?):
        "A1 = D (I − H), D of \(tape.expression(node, depth: 1)), H = \(form.text), symmetric"
      default: "none recognised; solvers for general matrices apply"
      }
    return """
      Φ(w, λ), w of \(tape.shape(tape.inputs[0])), λ of \(tape.shape(tape.inputs[1])), traced at \(tape.place.text)
      \(tape.listing(tape.needed(for: [value])))
        Φ = %\(value)
      \(line("A1 x", productNodes(for: stateProduct)))
      \(line("A1ᵀ y", productNodes(for: stateAdjoint)))
      \(line("A2ᵀ y", productNodes(for: parametersAdjoint)))
        structure: \(structure)
      """
  }
}
