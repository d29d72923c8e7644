public import LinAlg

/// Memory for repeated differentiation of one map by ``NSID`` and ``VarianceReducedNSID``. Given a problem with another map it
/// starts anew.
public final class NSIDWorkspace<Map: CompositeStochasticMap> {
  public typealias Element = Map.Element
  private var owner: Map
  private(set) var oracle: Map.Oracle
  private(set) var outer: Map.OuterLinearization
  /// v of the last replicate.
  public internal(set) var v: Vector<Element>
  var y: Vector<Element>
  var z: Vector<Element>
  var u: Vector<Element>
  var anchor: Vector<Element>
  var residual: Vector<Element>
  var previous: Vector<Element>
  var replicate: Vector<Element>

  init(_ map: Map) {
    owner = map
    oracle = map.makeOracle()
    outer = map.makeOuterLinearization()
    v = .zeros(map.stateCount)
    y = .zeros(map.stateCount)
    z = .zeros(map.stateCount)
    u = .zeros(map.stateCount)
    anchor = .zeros(map.stateCount)
    residual = .zeros(map.stateCount)
    previous = .zeros(map.stateCount)
    replicate = .zeros(map.parameterCount)
  }

  /// An oracle belongs to the map that made it: it holds that map's data.
  func adopt(_ map: Map) {
    guard isOther(map, owner) else { return }
    owner = map
    oracle = map.makeOracle()
    outer = map.makeOuterLinearization()
    guard map.stateCount != v.count || map.parameterCount != replicate.count else { return }
    v = .zeros(map.stateCount)
    y = v
    z = v
    u = v
    anchor = v
    residual = v
    previous = v
    replicate = .zeros(map.parameterCount)
  }

  /// ‖B1ᵀ x‖: what of x the answer and the recursion depend on. Where B1 is zero an entry of y, however large, reaches nothing.
  func relevantNorm(of x: Vector<Element>) -> Element {
    outer.applyStateAdjoint(x, into: &z)
    return z.norm
  }

  /// Whether everything that was differentiated has a derivative.
  var isDefined: Bool { outer.isDefined && oracle.isDefined }

  /// Why the problem cannot be differentiated, or nil; ‖Φ(w) − w‖ goes into the report, at the cost of one pass. A NaN in the data may
  /// lie in samples that no minibatch draws, and G may hide it.
  func refusal(
    of problem: FixedPointProblem<Map>, _ report: inout DerivativeReport<Element>
  ) -> Outcome<Element>? {
    if let outcome = Outcome(refusing: problem) { return outcome }
    problem.map.apply(problem.state, parameters: problem.parameters, into: &z)
    let residual = z.distance(to: problem.state)
    report.innerResidual = residual
    return residual.isNaN || z.firstNonFinite != nil ? .notFinite() : nil
  }
}
