public import ImplicitDiff
public import LinAlg

/// An equation F(w, λ) = 0 that is written as a closure, for a solution that came from anywhere:
///
///     let condition = try OptimalityCondition<Double>(state: p, parameters: 1) { w, λ in
///       X.transposed * (X * w - y) + λ[0] * w
///     }
///     let w = …  // from whatever solver
///     let g = try AID<OptimalityCondition<Double>>().vjp(
///       FixedPointProblem(condition, parameters: λ, state: w, stateIsSolution: true), cotangent: y)
///
/// It is the fixed-point map `w − s F(w, λ)`, whose I − A1 = s ∂F/∂w: AID by Krylov methods or a factorization answers whether that contracts or not. What iterates the
/// map (solving, ITD, AID's fixed-point iteration) needs an s for which it does.
public final class OptimalityCondition<Element: Scalar>: FixedPointMap {
  private let map: TracedMap<Element>

  /// - Parameters:
  ///   - p: the entries of w.
  ///   - m: the entries of λ.
  ///   - s: the step of the iteration; derivatives do not depend on it.
  ///   - isSymmetric: whether ∂F/∂w is vouched for to be symmetric, as of a gradient, so that conjugate gradients apply. Where the form is recognised it need not be said.
  ///   - F: a vector of p entries made of w and λ.
  /// - Throws: as ``TracedMap``.
  public init(
    state p: Int, parameters m: Int, step s: Element = 1, isSymmetric: Bool = false, file: StaticString = #fileID,
    line: UInt = #line, _ F: (_ w: Traced<Element>, _ λ: Traced<Element>) throws -> Traced<Element>
  ) throws {
    let tape = try MapTape<Element>(state: p, parameters: m, place: Place(file, line), what: "an equation") { w, λ in
      let value = try F(w, λ)
      return value.shape == w.shape ? w - s * value : value
    }
    map = TracedMap(tape, count: p, parameterCount: m, isSymmetric: isSymmetric)
  }

  public var stateCount: Int { map.stateCount }
  public var parameterCount: Int { map.parameterCount }

  public func apply(_ w: Vector<Element>, parameters λ: Vector<Element>, into next: inout Vector<Element>) {
    map.apply(w, parameters: λ, into: &next)
  }

  public func makeLinearization() -> TracedLinearization<Element> { map.makeLinearization() }

  public func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into L: TracedLinearization<Element>,
    value: inout Vector<Element>
  ) { map.linearize(at: w, parameters: λ, into: L, value: &value) }

  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? { map.violation(parameters: λ) }
  public func contractionBound(parameters λ: Vector<Element>) -> Element? { map.contractionBound(parameters: λ) }
  public func evaluationError(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    map.evaluationError(at: w, parameters: λ)
  }
}

extension OptimalityCondition: CustomStringConvertible {
  public var description: String { map.description }
}
