public import ImplicitDiff
public import LinAlg

/// An outer objective E(w, λ) that is written as a closure; both gradients are derived.
///
///     let E = try TracedObjective<Double>(state: p, parameters: 2) { w, _ in mean(square(XVal * w - yVal)) / 2 }
public final class TracedObjective<Element: Scalar>: OuterObjective {
  let tape: Tape<Element>
  let machine: Machine<Element>
  private let value: Int
  let slopes: (state: Int, parameters: Int)
  private let valueNodes: [Int]
  let gradientNodes: [Int]

  /// - Parameters:
  ///   - p: the entries of w.
  ///   - m: the entries of λ, all parameters of the map.
  /// - Throws: as ``TracedFunction``.
  public init(
    state p: Int, parameters m: Int, file: StaticString = #fileID, line: UInt = #line,
    _ E: (_ w: Traced<Element>, _ λ: Traced<Element>) throws -> Traced<Element>
  ) throws {
    let (tape, value) = try Tape<Element>.trace(place: Place(file, line)) { tape in
      let w = Traced(tape, tape.addInput("w", .vector(p)))
      let λ = Traced(tape, tape.addInput("λ", .vector(m)))
      let result = try E(w, λ)
      try tape.check(result)
      if !result.shape.isScalar {
        tape.fail(result.text, "an objective is a number, and this is a \(result.shape)")
      }
      return result.node
    }
    self.tape = tape
    self.value = value
    let one = tape.literal(1)
    slopes = (
      tape.pullback(of: value, seed: one, to: tape.inputs[FunctionInput.state]),
      tape.pullback(of: value, seed: one, to: tape.inputs[FunctionInput.parameters])
    )
    machine = Machine(tape, tape.stored(for: [value, slopes.state, slopes.parameters]))
    machine.linearizes = true
    valueNodes = tape.needed(for: [value])
    gradientNodes = tape.needed(for: [slopes.state, slopes.parameters])
  }

  func run(_ nodes: [Int], _ w: Vector<Element>, _ λ: Vector<Element>) {
    machine.set(FunctionInput.state, w)
    machine.set(FunctionInput.parameters, λ)
    machine.run(nodes)
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    run(valueNodes, w, λ)
    return machine.number(value)
  }

  public func gradient(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset?,
    state stateGradient: inout Vector<Element>, parameters parameterGradient: inout Vector<Element>
  ) {
    run(gradientNodes, w, λ)
    stateGradient.copy(from: machine.slots[slopes.state].vector)
    parameterGradient.copy(from: machine.slots[slopes.parameters].vector)
    if !machine.hasDerivatives {
      stateGradient.fill(.nan)
      parameterGradient.fill(.nan)
    }
  }
}
