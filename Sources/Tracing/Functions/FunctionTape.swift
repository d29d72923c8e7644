internal import LinAlg
internal import Models

/// The inputs of a function's tape, by number.
enum FunctionInput {
  static let state = 0
  static let parameters = 1
  static let direction = 2
  static let parameterDirection = 3
  /// The bits of what is known once a point is given: w, λ and the minibatch.
  static let point: UInt8 = 0b1000_0011
}

/// f(w, λ) on a tape with what is derived of it: ∇f, Hessian products and mixed derivatives, each a node.
final class FunctionTape<Element: Scalar> {
  let tape: Tape<Element>
  let value: Int
  let gradient: Int
  /// ∇²f x for input `direction`.
  let hessianProduct: Int
  /// ∂_λ∇f μ for input `parameterDirection`.
  let mixed: Int
  /// (∂_λ∇f)ᵀ x for input `direction`.
  let mixedAdjoint: Int
  /// The Hessian as a form that can be assembled, where it was recognised.
  let form: HessianForm<Element>?
  /// f as a function of scores, where it was recognised.
  let scores: ScoreForm<Element>?
  /// For every Gram matrix of the form without weights, one operator for all Hessians: its matrix is formed once.
  private(set) lazy var sharedDesigns =
    form.map { form in
      form.grams.map { $0.weights == nil ? GramProduct.makeHessian($0.features) : nil }
    } ?? []

  /// - Parameter f: writes f on the tape.
  init(
    state p: Int, parameters m: Int, place: Place,
    _ f: (_ w: Traced<Element>, _ λ: Traced<Element>) throws -> Traced<Element>
  ) throws {
    let (tape, value) = try Tape<Element>.trace(place: place) { tape in
      let w = Traced(tape, tape.addInput("w", .vector(p)))
      let λ = Traced(tape, tape.addInput("λ", .vector(m)))
      let result = try f(w, λ)
      try tape.check(result)
      if !result.shape.isScalar {
        tape.fail(result.text, "a function's value is a number, and this is a \(result.shape)")
      }
      for node in tape.nodes {
        guard case .proximal(let g) = node.operation else { continue }
        tape.fail(
          "proximal(\(tape.proximals[g].name))",
          "a proximal map within a smooth function has no second derivative; use a TracedMap")
      }
      return result.node
    }
    self.tape = tape
    self.value = value
    let (w, λ) = (tape.inputs[0], tape.inputs[1])
    let x = tape.addInput("x", .vector(p))
    let μ = tape.addInput("μ", .vector(m))
    let one = tape.literal(1)
    gradient = tape.pullback(of: value, seed: one, to: w)
    let slopes = tape.pullback(of: value, seed: one, to: λ)
    hessianProduct = tape.pullback(of: gradient, seed: x, to: w)
    mixedAdjoint = tape.pullback(of: gradient, seed: x, to: λ)
    mixed = tape.pullback(of: slopes, seed: μ, to: w)
    let form = FormRecognizer.form(of: hessianProduct, linearIn: x, on: tape)
    self.form = form
    scores = form.flatMap { ScoreForm($0, of: value, on: tape) }
  }

  /// What has to be run once a point is given, before products.
  func pointNodes(for outputs: [Int]) -> [Int] {
    tape.needed(for: outputs).filter { tape.nodes[$0].sources & ~FunctionInput.point == 0 }
  }

  /// What a product takes then.
  func productNodes(for output: Int) -> [Int] { tape.needed(for: [output], given: FunctionInput.point) }
}
