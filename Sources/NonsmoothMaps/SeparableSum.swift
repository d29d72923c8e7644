public import LinAlg

/// `g(w, λ) = Σ_b g_b(w_b, λ_b)`: different penalties on disjoint coordinates, or one penalty on every group of them. Coordinates of no part are free.
///
/// D has a block per part, the margin is the least of theirs. λ may be shared: every part says which entries of it are its own parameters, so that
/// B's columns add up.
/// Cost: that of the parts, and one indirect call per part and product.
public struct SeparableSum<Element: Scalar>: ProximalMap {
  /// A penalty with its coordinates and its parameters.
  public struct Part: Sendable {
    public let penalty: any ProximalMap<Element>
    public let coordinates: [Int]
    /// Of each parameter of the penalty its place in λ.
    public let parameters: [Int]

    /// - Precondition: as many places as parameters.
    public init(_ penalty: any ProximalMap<Element>, on coordinates: [Int], parameters: [Int]) {
      precondition(
        parameters.count == penalty.parameterCount,
        "SeparableSum: \(parameters.count) places for \(penalty.parameterCount) parameters")
      self.penalty = penalty
      self.coordinates = coordinates
      self.parameters = parameters
    }
  }

  public let parts: [Part]
  public let coordinateCount: Int
  public let parameterCount: Int

  /// - Parameters:
  ///   - count: p.
  ///   - parameterCount: the number of entries of λ.
  /// - Precondition: coordinates within 0 ..< p, none of them in two parts; places within 0 ..< parameterCount.
  public init(_ parts: [Part], count p: Int, parameterCount m: Int) {
    var owner = Array(repeating: -1, count: p)
    for (b, part) in parts.enumerated() {
      for j in part.coordinates {
        precondition(j >= 0 && j < p, "SeparableSum: part \(b) has coordinate \(j), outside 0 ..< \(p)")
        precondition(owner[j] < 0, "SeparableSum: coordinate \(j) is in the parts \(owner[j]) and \(b)")
        owner[j] = b
      }
      for i in part.parameters {
        precondition(i >= 0 && i < m, "SeparableSum: part \(b) has parameter \(i), outside 0 ..< \(m)")
      }
    }
    let free = (0..<p).filter { owner[$0] < 0 }
    let rest = free.isEmpty ? [] : [Part(Box<Element>(lower: .none, upper: .none), on: free, parameters: [])]
    self.parts = parts + rest
    coordinateCount = p
    parameterCount = m
  }

  /// Penalties on consecutive ranges, λ the parameters of one after the other.
  public init(_ terms: [(penalty: any ProximalMap<Element>, count: Int)]) {
    var (p, m) = (0, 0)
    var parts: [Part] = []
    for term in terms {
      let k = term.penalty.parameterCount
      parts.append(Part(term.penalty, on: Array(p..<p + term.count), parameters: Array(m..<m + k)))
      p += term.count
      m += k
    }
    self.init(parts, count: p, parameterCount: m)
  }

  /// One penalty with one set of parameters on every group that is not empty, for example ``LInfinityNorm`` for the ℓ1,∞ norm or ``Simplex`` for
  /// rows of probabilities. The
  /// weights of the groups play no role.
  public init(each penalty: any ProximalMap<Element>, of groups: Groups) {
    let parameters = Array(0..<penalty.parameterCount)
    let parts = (0..<groups.count).filter { groups.size($0) > 0 }.map { k in
      Part(penalty, on: (0..<groups.size(k)).map { groups.coordinate(k, $0) }, parameters: parameters)
    }
    self.init(parts, count: groups.coordinateCount, parameterCount: parameters.count)
  }

  private func parameters(_ part: Part, _ λ: Vector<Element>) -> Vector<Element> {
    Vector(count: part.parameters.count) { λ[part.parameters[$0]] }
  }

  private func entries(_ part: Part, _ w: Vector<Element>) -> Vector<Element> {
    precondition(w.count == coordinateCount, "SeparableSum: of \(coordinateCount) coordinates for \(w.count)")
    var x = Vector<Element>.zeros(part.coordinates.count)
    CoordinateGather.load(part.coordinates, of: w, into: &x)
    return x
  }

  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    for part in parts {
      guard var violation = part.penalty.violation(parameters: parameters(part, λ)) else { continue }
      if violation.index < part.parameters.count { violation.index = part.parameters[violation.index] }
      return violation
    }
    return nil
  }

  public func admits(count p: Int) -> Bool { coordinateCount == p }
  public var isConvex: Bool { parts.allSatisfy { $0.penalty.isConvex } }
  public var stepLimitParameter: Int {
    let part = parts.first { !$0.penalty.isConvex && $0.penalty.stepLimitParameter < $0.parameters.count }
    return part.map { $0.parameters[$0.penalty.stepLimitParameter] } ?? 0
  }
  public func stepLimit(parameters λ: Vector<Element>) -> Element {
    parts.reduce(.infinity) { min($0, $1.penalty.stepLimit(parameters: parameters($1, λ))) }
  }
  public func expansion(step s: Element, parameters λ: Vector<Element>) -> Element {
    parts.reduce(0) { max($0, $1.penalty.expansion(step: s, parameters: parameters($1, λ))) }
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    parts.reduce(0) { $0 + $1.penalty.value(at: entries($1, w), parameters: parameters($1, λ)) }
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    for part in parts {
      var x = entries(part, u)
      part.penalty.apply(step: s, parameters: parameters(part, λ), to: &x)
      CoordinateGather.store(x, at: part.coordinates, of: &u)
    }
  }

  public func makeLinearization(count p: Int) -> SeparableLinearization<Element> {
    precondition(p == coordinateCount, "SeparableSum: of \(coordinateCount) coordinates for \(p)")
    return SeparableLinearization(parts, count: p)
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: SeparableLinearization<Element>
  ) {
    for piece in L.pieces { piece.linearize(at: u, step: s, parameters: λ, kink: kink) }
    L.close()
  }

  /// Possible where it is for all parts.
  public func linearize(
    atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    into L: SeparableLinearization<Element>
  ) -> Bool {
    for piece in L.pieces where !piece.linearize(atSolution: w, step: s, parameters: λ) { return false }
    L.close()
    return true
  }

  public func margins(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, into δ: inout Vector<Element>
  ) -> Bool {
    for part in parts {
      var margin = Vector<Element>.zeros(part.coordinates.count)
      if !part.penalty.margins(at: entries(part, u), step: s, parameters: parameters(part, λ), into: &margin) {
        return false
      }
      for (i, j) in part.coordinates.enumerated() { δ[j] = margin[i] }
    }
    return true
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    var hash = PieceHash()
    for part in parts { hash.add(part.penalty.signature(at: entries(part, w), parameters: parameters(part, λ))) }
    return hash.value
  }
}
