public import LinAlg

/// Memory for repeated differentiation of one map by ``AID``. Given a problem with another map it starts anew, with
/// memory made for that one.
public final class AIDWorkspace<Map: FixedPointMap> {
  public typealias Element = Map.Element

  private var owner: Map
  /// The linearization of the last call.
  public private(set) var linearization: Map.Linearization
  /// v of the last call: the solution of `(I − A1ᵀ) v = y`, or where a symmetric system was solved for parameters in the range
  /// of D a vector with the same D v that is zero off the support, which is all that A2ᵀ v depends on.
  public internal(set) var adjoint: Vector<Element>
  var y: Vector<Element>
  var value: Vector<Element>
  var scratch: Vector<Element>
  /// What ``findRelevantCoordinates()`` found, with its probes, and those entries of a vector gathered.
  var relevant: IndexSubset
  var probe: (state: Vector<Element>, parameters: Vector<Element>)
  var compact: Vector<Element>
  let cholesky = CholeskyWorkspace<Element>(capacity: 0)
  let singleFactor = SinglePrecisionFactor<Element>()
  let singleConjugateGradient = SingleConjugateGradient<Element>()
  var krylov = KrylovCache<Element>()
  private var system: SymmetricSystem<Element>?
  private var parts: (any SymmetricParts<Element>)?

  init(_ map: Map) {
    owner = map
    linearization = map.makeLinearization()
    adjoint = .zeros(map.stateCount)
    y = .zeros(map.stateCount)
    value = .zeros(map.stateCount)
    scratch = .zeros(map.stateCount)
    relevant = IndexSubset(universe: map.stateCount)
    probe = (.zeros(0), .zeros(0))
    compact = .zeros(0)
  }

  /// Fills the linearization; the inner residual where Φ was evaluated.
  func linearize(_ problem: FixedPointProblem<Map>, contracting: Bool) -> Element? {
    adopt(problem.map)
    // It may share the memory that the linearization fills.
    relevant = .none
    if problem.stateIsSolution {
      problem.map.linearize(
        atSolution: problem.state, parameters: problem.parameters, into: linearization, contracting: contracting)
      return nil
    }
    problem.map.linearize(at: problem.state, parameters: problem.parameters, into: linearization, value: &value)
    return value.distance(to: problem.state)
  }

  /// A linearization belongs to the map that made it: it holds that map's data. Maps that are values cannot be told apart.
  private func adopt(_ map: Map) {
    guard isOther(map, owner) else { return }
    owner = map
    linearization = map.makeLinearization()
    system = nil
    parts = nil
    guard map.stateCount != adjoint.count else {
      adjoint.fill(0)
      return
    }
    adjoint = .zeros(map.stateCount)
    y = .zeros(map.stateCount)
    value = .zeros(map.stateCount)
    scratch = .zeros(map.stateCount)
  }

  /// What the present linearization's symmetric form is made of; nil where it declares none.
  func symmetricParts() -> (any SymmetricParts<Element>)? {
    switch linearization.structure {
    case .general: return nil
    case .proximalGradient(let structure):
      if let known = parts as? StructureParts<Element>, known.structure === structure {
        known.refresh()
        return known
      }
      parts = StructureParts(structure)
    case .symmetric(let form):
      if let known = parts as? FormParts<Element>, known.form === form { return known }
      parts = FormParts(form)
    }
    return parts
  }

  /// The symmetric system of the present linearization, in memory that is used again.
  func symmetricSystem(_ parts: any SymmetricParts<Element>) -> SymmetricSystem<Element> {
    if let system {
      system.load(parts)
      return system
    }
    let fresh = SymmetricSystem(parts: parts)
    system = fresh
    return fresh
  }
}

/// Whether two maps are different objects.
func isOther<Map>(_ a: Map, _ b: Map) -> Bool {
  // A cast of a generic value to AnyObject takes half as long as a small derivative; an object is its reference.
  Map.self is AnyObject.Type
    && unsafeBitCast(a, to: UnsafeRawPointer.self) != unsafeBitCast(b, to: UnsafeRawPointer.self)
}

/// Krylov workspaces by method and size, made on first use.
struct KrylovCache<Element: Scalar> {
  private var solver: (any KrylovSolver<Element>)?
  /// The caller's own that `solver` was made by.
  private var own: AdjointSolver<Element>?

  mutating func solver(_ wanted: AdjointSolver<Element>, count: Int) -> any KrylovSolver<Element> {
    if let solver, own == wanted, solver.count == count { return solver }
    let fresh = wanted.make(count)
    precondition(
      fresh.count == count, "AdjointSolver \(wanted.name): made for \(fresh.count) unknowns; expected \(count)")
    solver = fresh
    own = wanted
    return fresh
  }

  mutating func solver<S: KrylovSolver<Element>>(_ make: () -> S, fits: (S) -> Bool) -> S {
    if own == nil, let existing = solver as? S, fits(existing) { return existing }
    own = nil
    let fresh = make()
    solver = fresh
    return fresh
  }
}
