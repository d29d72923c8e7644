public import LinAlg

/// The derivative of a ``SeparableSum``: R is block diagonal, a block per part.
public final class SeparableLinearization<Element: Scalar>: ProximalLinearization {
  let pieces: [any SeparablePiece<Element>]
  private let p: Int
  private var isActive: Vector<Element>
  /// Of each coordinate its place among the active ones.
  private var position: [Int]
  /// Where each part's entries of z begin, and the number of all.
  private var starts: [Int] = []

  public private(set) var active: IndexSubset
  public private(set) var rank = 0
  public private(set) var isMask = false
  public private(set) var isProjection = false
  public private(set) var hasFactor = false
  public private(set) var isDefined = true
  public private(set) var diagonalRoots: Vector<Element>?
  public private(set) var parametersLieInRange = true
  public private(set) var kinkDistance: Element?

  init(_ parts: [SeparableSum<Element>.Part], count p: Int) {
    self.p = p
    pieces = parts.map { Self.piece($0.penalty, $0) }
    active = IndexSubset(universe: p)
    isActive = .zeros(p)
    position = Array(repeating: 0, count: p)
  }

  private static func piece<G: ProximalMap<Element>>(
    _ penalty: G, _ part: SeparableSum<Element>.Part
  ) -> any SeparablePiece<Element> { Piece(penalty, coordinates: part.coordinates, parameters: part.parameters) }

  /// After the parts were filled.
  func close() {
    isActive.fill(0)
    (isMask, isProjection, hasFactor, isDefined, parametersLieInRange) = (true, true, true, true, true)
    var isDiagonal = true
    kinkDistance = .infinity
    rank = 0
    starts.removeAll(keepingCapacity: true)
    for piece in pieces {
      let L = piece.derivative
      starts.append(rank)
      rank += L.rank
      for k in 0..<L.active.count { isActive[piece.coordinates[L.active[k]]] = 1 }
      isMask = isMask && L.isMask
      isProjection = isProjection && L.isProjection
      hasFactor = hasFactor && L.hasFactor
      isDefined = isDefined && L.isDefined
      parametersLieInRange = parametersLieInRange && L.parametersLieInRange
      isDiagonal = isDiagonal && (L.isMask || L.diagonalRoots != nil)
      if let least = kinkDistance { kinkDistance = L.kinkDistance.map { min(least, $0) } }
    }
    active.refill(nonzerosOf: isActive)
    for k in 0..<active.count { position[active[k]] = k }
    diagonalRoots = nil
    if !isDiagonal || isMask || !hasFactor { return }
    var roots = Vector<Element>(repeating: 1, count: active.count)
    for piece in pieces {
      guard let own = piece.derivative.diagonalRoots else { continue }
      for k in 0..<own.count { roots[position[piece.coordinates[piece.derivative.active[k]]]] = own[k] }
    }
    diagonalRoots = roots
  }

  private enum Kind { case restrict, project, expand, lift }

  /// z ← or x ← by R of every part.
  private func transfer(_ kind: Kind, _ x: Vector<Element>, into y: inout Vector<Element>) {
    if isMask { return y.copy(from: x) }
    if let diagonalRoots {
      if kind == .restrict || kind == .expand { return y.assignProduct(diagonalRoots, x) }
      for k in 0..<x.count { y[k] = x[k] / diagonalRoots[k] }
      return
    }
    for (b, piece) in pieces.enumerated() {
      let L = piece.derivative
      let isGathering = kind == .restrict || kind == .project
      let places = (0..<L.active.count).map { position[piece.coordinates[L.active[$0]]] }
      let slots = starts[b]..<starts[b] + L.rank
      let input = isGathering ? Vector(count: places.count) { x[places[$0]] } : x[segment: slots]
      var output = Vector<Element>.zeros(isGathering ? L.rank : places.count)
      switch kind {
      case .restrict: L.restrict(input, into: &output)
      case .project: L.project(input, into: &output)
      case .expand: L.expand(input, into: &output)
      case .lift: L.lift(input, into: &output)
      }
      for k in 0..<output.count { y[isGathering ? slots.lowerBound + k : places[k]] = output[k] }
    }
  }

  public func restrict(_ x: Vector<Element>, into z: inout Vector<Element>) { transfer(.restrict, x, into: &z) }
  public func project(_ x: Vector<Element>, into z: inout Vector<Element>) { transfer(.project, x, into: &z) }
  public func expand(_ z: Vector<Element>, into x: inout Vector<Element>) { transfer(.expand, z, into: &x) }
  public func lift(_ z: Vector<Element>, into x: inout Vector<Element>) { transfer(.lift, z, into: &x) }

  public func applyGram(_ z: Vector<Element>, into y: inout Vector<Element>) {
    if let diagonalRoots {
      y.assignProduct(diagonalRoots, z)
      return y.scale(by: diagonalRoots)
    }
    y.copy(from: z)
    for (b, piece) in pieces.enumerated() where !piece.derivative.isProjection {
      let slots = starts[b]..<starts[b] + piece.derivative.rank
      var part = Vector<Element>.zeros(slots.count)
      piece.derivative.applyGram(z[segment: slots], into: &part)
      y[segment: slots] = part
    }
  }

  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    for piece in pieces { piece.apply(x, into: &y) }
  }

  public func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {
    for piece in pieces { piece.addParameters(μ, to: &x) }
  }

  public func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    for piece in pieces { piece.addParametersAdjoint(v, scale: α, to: &g) }
  }
}

/// A part of a ``SeparableLinearization``, whatever its penalty: all vectors are those of the whole.
protocol SeparablePiece<Element>: AnyObject {
  associatedtype Element: Scalar
  var coordinates: [Int] { get }
  var derivative: any ProximalLinearization<Element> { get }
  func linearize(at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule)
  func linearize(atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>) -> Bool
  func apply(_ x: Vector<Element>, into y: inout Vector<Element>)
  func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>)
  func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>)
  /// What is known of the part near its entries of u; nil where its penalty has no bounds.
  func bound(at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>)
    -> PieceBound<Element>?
}

private final class Piece<G: ProximalMap>: SeparablePiece {
  typealias Element = G.Element
  private let penalty: G
  private let linearization: G.Linearization
  let coordinates: [Int]
  private let parameters: [Int]
  /// Room for the part's entries, twice, and its parameters.
  private var entries: Vector<Element>
  private var image: Vector<Element>
  private var own: Vector<Element>

  init(_ penalty: G, coordinates: [Int], parameters: [Int]) {
    self.penalty = penalty
    self.coordinates = coordinates
    self.parameters = parameters
    linearization = penalty.makeLinearization(count: coordinates.count)
    entries = .zeros(coordinates.count)
    image = .zeros(coordinates.count)
    own = .zeros(parameters.count)
  }

  var derivative: any ProximalLinearization<Element> { linearization }

  private func load(_ x: Vector<Element>) { CoordinateGather.load(coordinates, of: x, into: &entries) }
  private func loadParameters(_ λ: Vector<Element>) { for (i, j) in parameters.enumerated() { own[i] = λ[j] } }

  func linearize(at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule) {
    load(u)
    loadParameters(λ)
    penalty.linearize(at: entries, step: s, parameters: own, kink: kink, into: linearization)
  }

  func linearize(atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>) -> Bool {
    load(w)
    loadParameters(λ)
    return penalty.linearize(atSolution: entries, step: s, parameters: own, into: linearization)
  }

  func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    load(x)
    linearization.apply(entries, into: &image)
    CoordinateGather.store(image, at: coordinates, of: &y)
  }

  func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {
    if parameters.isEmpty { return }
    loadParameters(μ)
    image.fill(0)
    linearization.addParameters(own, to: &image)
    CoordinateGather.add(image, at: coordinates, of: &x)
  }

  func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    if parameters.isEmpty { return }
    load(v)
    own.fill(0)
    linearization.addParametersAdjoint(entries, scale: α, to: &own)
    for (i, j) in parameters.enumerated() { g[j] += own[i] }
  }

  func bound(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>
  ) -> PieceBound<Element>? {
    guard let certifiable = penalty as? any CertifiablePenalty<Element> else { return nil }
    loadParameters(λ)
    var (argument, value) = (entries, entries)
    CoordinateGather.load(coordinates, of: u, into: &argument)
    CoordinateGather.load(coordinates, of: x, into: &value)
    func piece<C: CertifiablePenalty<Element>>(_ penalty: C) -> PieceBound<Element>? {
      guard let L = linearization as? C.Linearization else { return nil }
      return penalty.piece(at: argument, value: value, step: s, parameters: own, linearization: L)
    }
    return piece(certifiable)
  }
}
