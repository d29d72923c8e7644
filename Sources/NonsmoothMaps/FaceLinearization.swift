public import LinAlg

/// The derivative of the projection on a face of the simplex or of the ℓ1 ball: D = diag(1_S) − σ σᵀ/|S|, B = σ/|S|; or, inside the ball, D = I, B = 0.
///
/// R_S is an orthonormal basis of the complement of c = σ/√|S|: the columns but the first of the Householder reflection that takes c to ±e₁, applied
/// in O(|S|).
public final class FaceLinearization<Element: Scalar>: ProximalLinearization {
  public private(set) var active: IndexSubset
  /// Whether D is the identity.
  public private(set) var isMask = true
  public private(set) var kinkDistance: Element?
  public private(set) var isDefined = true
  /// σ, 0 off S, and on S alone.
  private var signs: Vector<Element>
  private var compactSigns = Vector<Element>.zeros(0)

  /// - Parameter p: the number of coordinates. D and B are 0 until they are filled.
  public init(count p: Int) {
    active = IndexSubset(universe: p)
    signs = .zeros(p)
  }

  public var isProjection: Bool { true }
  public var rank: Int { isMask ? active.count : max(0, active.count - 1) }
  /// Only inside the ball, where nothing depends on the radius.
  public var parametersLieInRange: Bool { isMask }

  /// D = I and B = 0: inside of the ball.
  public func fillIdentity(kinkDistance: Element?) {
    signs.fill(1)
    isDefined = true
    active.refill(nonzerosOf: signs)
    isMask = true
    self.kinkDistance = kinkDistance
  }

  /// D = diag(1_S) − σ σᵀ/|S| and B = σ/|S|, O(p).
  ///
  /// - Parameters:
  ///   - kinkDistance: see ``ProximalLinearization/kinkDistance``.
  ///   - isDefined: false where the value of prox itself jumps.
  ///   - sign: σ of a coordinate, ±1 on S and 0 off S.
  @inline(__always)
  public func fillFace(kinkDistance: Element?, isDefined: Bool = true, sign: (Int) -> Element) {
    self.isDefined = isDefined
    let σ = signs.mutableBase()
    for j in 0..<signs.count { σ[j] = sign(j) }
    active.refill(nonzerosOf: signs)
    if compactSigns.count != active.count { compactSigns = .zeros(active.count) }
    compactSigns.gather(active, from: signs)
    isMask = false
    self.kinkDistance = kinkDistance
  }

  /// The face that u is projected on. The piece is a polyhedron: a coordinate of S leaves where uⱼ − τ, whose gradient has norm √(1 − 1/|S|), is 0; another
  /// enters along a gradient of norm √(1 + 1/|S|); on the ball τ itself is 0 where |S| τ = Σ_S |u| − r is, along a gradient of norm √|S|.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  func fillFace(
    _ threshold: SimplexThreshold<Element>, of u: Vector<Element>, kink: KinkRule, isBall: Bool = false,
    sign: (Int) -> Element
  ) {
    var leaving = Element.infinity
    var entering = Element.infinity
    let p = u.base
    fillFace(kinkDistance: nil) { j in
      let excess = threshold.excess(isBall ? p[j].magnitude : p[j])
      if excess >= 0 { leaving = min(leaving, excess) }
      if excess <= 0 { entering = min(entering, -excess) }
      return excess > 0 || (excess == 0 && kink == .one) ? sign(j) : 0
    }
    let n = Element(active.count)
    var distance = entering / (1 + 1 / n).squareRoot()
    if n > 1 || leaving == 0 { distance = min(distance, leaving == 0 ? 0 : leaving / (1 - 1 / n).squareRoot()) }
    if isBall { distance = min(distance, max(0, threshold.largest + threshold.offset) * n.squareRoot()) }
    kinkDistance = distance
  }

  /// 2/‖h‖² of the Householder vector h = c + sign(c₁) e₁, and h₁.
  private var reflection: (scale: Element, first: Element, other: Element) {
    let other = 1 / Element(active.count).squareRoot()
    let σ = signs[active[0]]
    return (1 / (1 + other), σ * (1 + other), other)
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func restrict(_ x: Vector<Element>, into z: inout Vector<Element>) {
    if isMask { return z.copy(from: x) }
    if rank == 0 { return }
    let (scale, first, other) = reflection
    let (p, target, σ) = (x.base, z.mutableBase(), compactSigns.base)
    var dot: Element = 0
    for k in 1..<compactSigns.count { dot += σ[k] * p[k] }
    dot = scale * (first * p[0] + other * dot) * other
    for k in 1..<compactSigns.count { target[k - 1] = p[k] - dot * σ[k] }
  }

  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public func expand(_ z: Vector<Element>, into x: inout Vector<Element>) {
    if isMask { return x.copy(from: z) }
    if rank == 0 { return x.fill(0) }
    let (scale, first, other) = reflection
    let (p, target, σ) = (z.base, x.mutableBase(), compactSigns.base)
    var dot: Element = 0
    for k in 1..<compactSigns.count { dot += σ[k] * p[k - 1] }
    dot *= scale * other
    target[0] = -dot * first
    for k in 1..<compactSigns.count { target[k] = p[k - 1] - dot * other * σ[k] }
  }

  /// D x by σ itself.
  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    if isMask { return y.copy(from: x) }
    if active.count == 0 { return y.fill(0) }
    y.assignProduct(signs, x)
    y.scale(by: signs)
    y.add(-signs.dot(x) / Element(active.count), signs)
  }

  public func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {
    if isMask || active.count == 0 { return }
    x.add(μ[0] / Element(active.count), signs)
  }

  public func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    if isMask || active.count == 0 { return }
    g[0] += α * signs.dot(v) / Element(active.count)
  }
}
