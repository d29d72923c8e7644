internal import LinAlg

/// Bounds on the eigenvalues of a recognised form over all w. Spectra of designs are computed once.
final class FormCurvature<Element: Scalar> {
  private let tape: Tape<Element>
  private let form: HessianForm<Element>
  private let machine: Machine<Element>?
  private let nodes: [Int]
  private var spectra: [Int: (smallest: Element, largest: Element)] = [:]
  private var last: (λ: Vector<Element>, bounds: (smallest: Element, largest: Element)?)?

  init(_ tape: Tape<Element>, _ form: HessianForm<Element>) {
    self.tape = tape
    self.form = form
    let parameters = UInt8(1 << FunctionInput.parameters)
    // Nodes that depend on λ alone are run; the ranges of the others follow.
    machine = form.nodes.isEmpty ? nil : Machine(tape, tape.stored(for: form.nodes))
    nodes = tape.needed(for: form.nodes).filter { tape.nodes[$0].sources & ~parameters == 0 }
  }

  func bounds(_ λ: Vector<Element>) -> (smallest: Element, largest: Element)? {
    guard let machine else { return (0, 0) }
    if let last, last.λ == λ { return last.bounds }
    machine.set(FunctionInput.parameters, λ)
    machine.run(nodes)
    let range = CurvatureRange(tape, machine, unknown: ~UInt8(1 << FunctionInput.parameters))
    let bounds = range.bounds(form) { self.spectrum($0) }
    last = (Vector(copying: λ), bounds)
    return bounds
  }

  /// A bound on the entries of c d of the first part c Xᵀ diag(d) X over all w, infinite where there is none.
  func weightBound(_ λ: Vector<Element>) -> Element {
    guard let machine, let gram = form.grams.first else { return 0 }
    machine.set(FunctionInput.parameters, λ)
    machine.run(nodes)
    let range = CurvatureRange(tape, machine, unknown: ~UInt8(1 << FunctionInput.parameters))
    let factor = range.range(gram.coefficient)
    return (gram.weights.map { factor * range.range($0) } ?? factor).upper
  }

  private func spectrum(_ k: Int) -> (smallest: Element, largest: Element) {
    if let known = spectra[k] { return known }
    let found = form.grams[k].features.gramSpectrum(scale: 1)
    let bounds = (max(0, found.smallest - found.smallestErrorBound), found.largest + found.largestErrorBound)
    spectra[k] = bounds
    return bounds
  }
}
