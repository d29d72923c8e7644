internal import LinAlg

/// Bounds on the eigenvalues of a traced function's Hessian, from its form. Spectra of designs are computed once.
final class FunctionCurvature<Element: Scalar> {
  private let function: FunctionTape<Element>
  private let machine: Machine<Element>?
  private let nodes: [Int]
  private var spectra: [Int: (smallest: Element, largest: Element)] = [:]
  private var last: (λ: Vector<Element>, bounds: (smallest: Element, largest: Element)?)?

  init(_ function: FunctionTape<Element>) {
    self.function = function
    let form = function.form?.nodes ?? []
    let tape = function.tape
    let parameters = UInt8(1 << FunctionInput.parameters)
    // Nodes that depend on λ alone are run; the ranges of the others follow.
    let stored = tape.stored(for: form)
    machine = form.isEmpty ? nil : Machine(tape, stored)
    nodes = tape.needed(for: form).filter { tape.nodes[$0].sources & ~parameters == 0 }
  }

  func bounds(_ λ: Vector<Element>) -> (smallest: Element, largest: Element)? {
    guard let form = function.form else { return nil }
    guard let machine else { return (0, 0) }
    if let last, last.λ == λ { return last.bounds }
    machine.set(FunctionInput.parameters, λ)
    machine.run(nodes)
    let range = CurvatureRange(
      function.tape, machine, unknown: ~UInt8(1 << FunctionInput.parameters))
    let bounds = range.bounds(form) { self.spectrum($0, form) }
    last = (Vector(copying: λ), bounds)
    return bounds
  }

  private func spectrum(_ k: Int, _ form: HessianForm<Element>) -> (smallest: Element, largest: Element) {
    if let known = spectra[k] { return known }
    let found = form.grams[k].features.gramSpectrum(scale: 1)
    let bounds = (max(0, found.smallest - found.smallestErrorBound), found.largest + found.largestErrorBound)
    spectra[k] = bounds
    return bounds
  }
}
