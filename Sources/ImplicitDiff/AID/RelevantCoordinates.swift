import LinAlg
import RandomStreams

/// The coordinates that an adjoint's answer depends on.
///
/// Where a row of [A1, A2] is zero, Φ is locally constant in that coordinate: the entry of y there reaches neither A2ᵀ v nor
/// the other entries of v. Solved along, a large one would set the scale that residuals and increments are measured by, and
/// everything else could be wrong without a sign of it.
extension AIDWorkspace {
  /// Finds them: the support of D on a proximal-gradient map, else the rows that products with vectors of random entries do not
  /// leave at zero, at the cost of one product with A1 and one with A2; the number of products with A1.
  func findRelevantCoordinates() -> Int {
    if let support = linearization.supportOfAnswer {
      relevant = support
      return 0
    }
    let (p, m) = (adjoint.count, linearization.parameters.columns)
    if probe.state.count != p || probe.parameters.count != m {
      probe = (Self.probe(p), Self.probe(m))
    }
    linearization.state.apply(probe.state, into: &scratch)
    linearization.parameters.apply(probe.parameters, into: &value)
    for j in 0..<p where scratch[j] == 0 { scratch[j] = value[j] }
    relevant.refill(nonzerosOf: scratch)
    return 1
  }

  /// Entries in ±(½, 1) without a pattern: a row that is not zero gives zero with them only by a chance of some 2⁻⁵⁰.
  private static func probe(_ count: Int) -> Vector<Element> {
    var random = RandomStream(seed: 0x1DFF)
    return Vector(count: count) { _ in
      let u = Element(random.nextUniform()) - Element(1) / 2
      return u < 0 ? u - Element(1) / 2 : u + Element(1) / 2
    }
  }

  /// x ← 0 outside them.
  func restrict(_ x: inout Vector<Element>) {
    if relevant.count == x.count { return }
    if compact.count != relevant.count { compact = .zeros(relevant.count) }
    compact.gather(relevant, from: x)
    x.scatter(relevant, from: compact)
  }

  /// x ← `other` on them.
  func replaceRelevant(in x: inout Vector<Element>, by other: Vector<Element>) {
    for k in 0..<relevant.count { x[relevant[k]] = other[relevant[k]] }
  }

  /// scratch ← y + A1ᵀ adjoint.
  func applyStep() {
    linearization.state.applyAdjoint(adjoint, into: &scratch)
    scratch.add(1, y)
  }
}

/// I − A1ᵀ on the relevant coordinates, the identity on the others.
struct RelevantAdjointSystem<Map: FixedPointMap>: LinearOperator {
  private let workspace: AIDWorkspace<Map>
  private let count: Int

  init(_ workspace: AIDWorkspace<Map>) {
    self.workspace = workspace
    count = workspace.adjoint.count
  }

  var rows: Int { count }
  var columns: Int { count }

  func apply(_ x: Vector<Map.Element>, into y: inout Vector<Map.Element>) {
    workspace.linearization.state.applyAdjoint(x, into: &y)
    workspace.restrict(&y)
    y.combine(1, x, -1)
  }
}
