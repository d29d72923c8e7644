internal import LinAlg
internal import Models

/// F of a ``ScoreForm`` at given parameters, run on its tape: what a loss over a design asks of it.
final class TracedScores<Element: Scalar>: ScoreFunction {
  private let form: ScoreForm<Element>
  private let value: Int
  private let machine: Machine<Element>
  private let valueNodes: [Int]
  private let curvatureNodes: [Int]
  private let parameterNodes: [Int]
  /// Whether F itself, and not the ridge alone, depends on λ; of a number that is added to F nothing is said.
  let dependsOnParameters: Bool
  let curvatureBound: Element
  let isQuadratic: Bool

  init(_ function: FunctionTape<Element>, _ form: ScoreForm<Element>, parameters λ: Vector<Element>, bound: Element) {
    self.form = form
    value = function.value
    curvatureBound = bound
    let tape = function.tape
    isQuadratic = form.isQuadratic(on: tape)
    let curvature = [form.gram.coefficient] + (form.gram.weights.map { [$0] } ?? [])
    let ridge = form.ridge.map { [$0] } ?? []
    machine = Machine(tape, tape.stored(for: [value, form.slopes, form.scores] + curvature + ridge))
    let known = UInt8(1 << FunctionInput.parameters)
    func depends(_ k: Int) -> Bool { tape.sources(k) & ~known != 0 }
    func isRun(_ k: Int) -> Bool { if case .input = tape.nodes[k].operation { false } else { true } }
    valueNodes = tape.reached(from: [value, form.slopes], cut: form.scores).filter { depends($0) && isRun($0) }
    curvatureNodes = tape.reached(from: curvature, cut: form.scores).filter { depends($0) && isRun($0) }
    parameterNodes = tape.reached(from: [value, form.slopes] + curvature + ridge, cut: form.scores).filter {
      !depends($0) && isRun($0)
    }
    dependsOnParameters = ([form.slopes] + curvature).contains { tape.sources($0) & known != 0 }
    set(parameters: λ)
  }

  /// Takes other parameters.
  func set(parameters λ: Vector<Element>) {
    machine.set(FunctionInput.parameters, λ)
    machine.run(parameterNodes)
  }

  /// ρ.
  var ridge: Element { form.ridge.map { machine.number($0) } ?? 0 }

  /// c, where φ″ is the same for all scores.
  var uniformCurvature: Element? {
    isQuadratic && form.gram.weights == nil ? machine.number(form.gram.coefficient) : nil
  }

  private func set(_ z: Vector<Element>) { machine.slots[form.scores].vector.copy(from: z) }

  /// The machine's w stays 0, so that the ridge adds nothing.
  func value(scores z: Vector<Element>, slopes g: inout Vector<Element>) -> Element {
    set(z)
    machine.run(valueNodes)
    g.copy(from: machine.slots[form.slopes].vector)
    return machine.number(value)
  }

  func fillCurvatures(scores z: Vector<Element>, into d: inout Vector<Element>) {
    set(z)
    machine.run(curvatureNodes)
    let c = machine.number(form.gram.coefficient)
    guard let weights = form.gram.weights else { return d.fill(c) }
    d.copy(from: machine.slots[weights].vector)
    d.scale(by: c)
  }
}
