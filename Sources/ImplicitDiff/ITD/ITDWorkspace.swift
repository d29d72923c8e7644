public import LinAlg

/// Memory for repeated differentiation of one map by ``ForwardITD`` or ``ReverseITD``. Given a problem with another map it starts anew.
public final class ITDWorkspace<Map: FixedPointMap> {
  public typealias Element = Map.Element
  private var owner: Map
  private(set) var linearization: Map.Linearization
  /// The iterate the last derivative belongs to.
  public internal(set) var w: Vector<Element>
  var next: Vector<Element>
  var α: Vector<Element>
  var scratch: Vector<Element>
  var parameterScratch: Vector<Element>
  var compact = Vector<Element>.zeros(0)

  init(_ map: Map) {
    owner = map
    linearization = map.makeLinearization()
    w = .zeros(map.stateCount)
    next = .zeros(map.stateCount)
    α = .zeros(map.stateCount)
    scratch = .zeros(map.stateCount)
    parameterScratch = .zeros(map.parameterCount)
  }

  /// A linearization belongs to the map that made it: it holds that map's data.
  func adopt(_ map: Map) {
    guard isOther(map, owner) else { return }
    owner = map
    linearization = map.makeLinearization()
    guard map.stateCount != w.count || map.parameterCount != parameterScratch.count else { return }
    w = .zeros(map.stateCount)
    next = .zeros(map.stateCount)
    α = .zeros(map.stateCount)
    scratch = .zeros(map.stateCount)
    parameterScratch = .zeros(map.parameterCount)
  }
}
