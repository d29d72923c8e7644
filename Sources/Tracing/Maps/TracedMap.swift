public import ImplicitDiff
public import LinAlg

/// A fixed-point map Φ(w, λ) that is written as a closure:
///
///     let map = try TracedMap<Double>(state: p, parameters: 1) { w, λ in
///       softThreshold(w - s * (X.transposed * (X * w - y)), by: λ[0] * s)
///     }
///
/// Products with A1, A2 and their transposes are derived on its tape. Where the closure is `prox(w − s ∇f(w))` with an f whose Hessian is recognised, the map declares
/// the symmetric form that conjugate gradients and Cholesky need; otherwise it declares nothing and the solvers for general matrices apply. The factor by which a
/// recognised map contracts is known too.
public final class TracedMap<Element: Scalar>: FixedPointMap {
  let tape: MapTape<Element>
  public let stateCount: Int
  public let parameterCount: Int
  private let isSymmetric: Bool
  private let machine: Machine<Element>
  private let valueNodes: [Int]
  private let argumentNodes: [Int]
  private lazy var domain = ParameterDomain(tape.tape, of: tape.value)
  private lazy var curvature = tape.form.map { FormCurvature(tape.tape, $0) }
  private var argumentAtZero: (λ: Vector<Element>, norm: Element)?

  /// - Parameters:
  ///   - p: the entries of w.
  ///   - m: the entries of λ.
  ///   - map: a vector of p entries made of w and λ.
  /// - Throws: ``TracingError`` where shapes do not fit or the closure does not do the same each time; what the closure throws.
  public convenience init(
    state p: Int, parameters m: Int, file: StaticString = #fileID, line: UInt = #line,
    _ map: (_ w: Traced<Element>, _ λ: Traced<Element>) throws -> Traced<Element>
  ) throws {
    self.init(
      try MapTape(state: p, parameters: m, place: Place(file, line), what: "a map", map), count: p, parameterCount: m,
      isSymmetric: false)
  }

  init(_ tape: MapTape<Element>, count: Int, parameterCount: Int, isSymmetric: Bool) {
    self.tape = tape
    stateCount = count
    self.parameterCount = parameterCount
    self.isSymmetric = isSymmetric
    machine = Machine(tape.tape, tape.tape.stored(for: [tape.value]))
    valueNodes = tape.tape.needed(for: [tape.value])
    argumentNodes = tape.tape.needed(for: [tape.argument])
  }

  private func set(_ w: Vector<Element>, _ λ: Vector<Element>) {
    precondition(
      w.count == stateCount && λ.count == parameterCount,
      "TracedMap: \(w.count) unknowns and \(λ.count) parameters for \(stateCount) and \(parameterCount)")
    machine.set(MapInput.state, w)
    machine.set(MapInput.parameters, λ)
  }

  public func apply(_ w: Vector<Element>, parameters λ: Vector<Element>, into next: inout Vector<Element>) {
    set(w, λ)
    machine.run(valueNodes)
    next.copy(from: machine.slots[tape.value].vector)
  }

  public func makeLinearization() -> TracedLinearization<Element> {
    TracedLinearization(tape, count: stateCount, parameterCount: parameterCount, isSymmetric: isSymmetric)
  }

  public func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into L: TracedLinearization<Element>,
    value: inout Vector<Element>
  ) {
    L.fill(at: w, parameters: λ)
    value.copy(from: L.value)
  }

  /// Finite numbers; thresholds of at least 0, and what proximal maps ask of their parameters, as far as they depend on λ alone.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    ParameterViolation.notFinite(in: λ) ?? domain.violation(λ)
  }

  /// The largest |1 − h| over the eigenvalues h of a recognised I − ∂u/∂w: proximal maps of convex functions do not expand. nil of others, and where that is no contraction and the bounds on h
  /// may be far off.
  public func contractionBound(parameters λ: Vector<Element>) -> Element? {
    guard let form = tape.form, tape.outerIsConvex, let (smallest, largest) = curvature?.bounds(λ) else { return nil }
    let bound = max((1 - smallest).magnitude, (1 - largest).magnitude)
    return bound < 1 || form.hasExactBounds(on: tape.tape) ? bound : nil
  }

  /// Sums of n and p terms of the size of w, of its image and of the image of zero; of w and its image where zero has none.
  public func evaluationError(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let atZero: Element
    if let known = argumentAtZero, known.λ == λ {
      atZero = known.norm
    } else {
      set(.zeros(stateCount), λ)
      machine.run(argumentNodes)
      atZero = machine.slots[tape.argument].vector.norm
      argumentAtZero = (Vector(copying: λ), atZero)
    }
    var image = atZero
    if !image.isFinite {
      set(w, λ)
      machine.run(argumentNodes)
      image = machine.slots[tape.argument].vector.norm
    }
    let longest = tape.tape.designs.reduce(stateCount) { max($0, $1.rows, $1.columns) }
    return .ulpOfOne * Element(longest + stateCount + 1).squareRoot() * (3 * w.norm + image)
  }
}

extension TracedMap: CustomStringConvertible {
  /// The tape of Φ, line by line, with shapes, costs and what was recognised.
  public var description: String { tape.description }
}
