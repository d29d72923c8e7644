internal import LinAlg

/// The inputs of a map's tape, by number; the first two are those of a function's.
enum MapInput {
  static let state = 0
  static let parameters = 1
  static let cotangent = 2
  static let direction = 3
  static let parameterDirection = 4
}

/// Φ(w, λ) on a tape with what is derived of it: products with A1, A2 and their transposes, each a node; and its shape as `prox(u)` where it has one.
final class MapTape<Element: Scalar> {
  /// What the last operation is: A1 = D ∂u/∂w with D its derivative.
  enum Outer {
    /// u itself, D = I.
    case identity
    /// Soft thresholding with the mask of what is beyond the threshold.
    case softThreshold(threshold: Int, mask: Int)
    /// A proximal map of the table.
    case proximal(node: Int)
  }

  let tape: Tape<Element>
  let value: Int
  /// A1 x, A2 μ, A1ᵀ y, A2ᵀ y.
  let stateProduct: Int
  let parametersProduct: Int
  let stateAdjoint: Int
  let parametersAdjoint: Int
  /// u, the argument of the outer map.
  let argument: Int
  /// nil where the outer map depends on w other than through u, so that A1 is no product of the two.
  let outer: Outer?
  /// H = I − ∂u/∂w where it was recognised; then A1 = D (I − H) has a symmetric form.
  let form: HessianForm<Element>?

  init(
    state p: Int, parameters m: Int, place: Place, what: String,
    _ f: (_ w: Traced<Element>, _ λ: Traced<Element>) throws -> Traced<Element>
  ) throws {
    let (tape, value) = try Tape<Element>.trace(place: place) { tape in
      let w = Traced(tape, tape.addInput("w", .vector(p)))
      let λ = Traced(tape, tape.addInput("λ", .vector(m)))
      let result = try f(w, λ)
      try tape.check(result)
      if result.shape != .vector(p) {
        tape.fail(result.text, "\(what) of \(p) unknowns gives a vector of \(p), and this is a \(result.shape)")
      }
      return result.node
    }
    self.tape = tape
    self.value = value
    let (w, λ) = (tape.inputs[MapInput.state], tape.inputs[MapInput.parameters])
    let y = tape.addInput("y", .vector(p))
    let x = tape.addInput("x", .vector(p))
    let μ = tape.addInput("μ", .vector(m))
    stateAdjoint = tape.pullback(of: value, seed: y, to: w)
    parametersAdjoint = tape.pullback(of: value, seed: y, to: λ)
    // Both are linear in y: their own adjoints are the tangents.
    stateProduct = tape.pullback(of: stateAdjoint, seed: x, to: y)
    parametersProduct = tape.pullback(of: parametersAdjoint, seed: μ, to: y)

    let last = tape.nodes[value]
    switch last.operation {
    case .softThreshold:
      argument = last.operands[0]
      let threshold = last.operands[1]
      let mask = tape.append(.beyondThreshold, last.operands, last.shape)
      outer = tape.sources(threshold) & 1 == 0 ? .softThreshold(threshold: threshold, mask: mask) : nil
    case .proximal:
      argument = last.operands[0]
      outer = tape.sources(last.operands[1]) & 1 == 0 ? .proximal(node: value) : nil
    default:
      argument = value
      outer = .identity
    }
    let slope = tape.pullback(of: argument, seed: y, to: w)
    form =
      outer == nil
      ? nil : FormRecognizer.form(of: tape.combine(1, y, -1, slope), linearIn: y, on: tape)
  }

  /// Whether the outer operation does not expand.
  var outerIsConvex: Bool {
    guard case .proximal(let node) = outer, case .proximal(let g) = tape.nodes[node].operation else { return true }
    return tape.proximals[g].isConvex
  }

  /// What has to be run once a point is given, before products.
  func pointNodes(for outputs: [Int]) -> [Int] {
    tape.needed(for: outputs).filter { tape.nodes[$0].sources & ~FunctionInput.point == 0 }
  }

  /// What a product takes then.
  func productNodes(for output: Int) -> [Int] { tape.needed(for: [output], given: FunctionInput.point) }
}
