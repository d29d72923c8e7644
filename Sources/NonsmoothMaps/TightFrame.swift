public import LinAlg

/// `g(W w, λ)` for a k × p matrix W with W Wᵀ = α I, α > 0: an orthogonal transform, or rows of one.
///
/// prox_s(u) = u + Wᵀ(prox_{sα g}(W u) − W u)/α. With D_g and B_g there D = I − Wᵀ(I − D_g) W/α and B = WᵀB_g/α; the margin is g's over √α.
/// D is the identity on the complement of the rows. Cost: two products with W.
///
/// P. L. Combettes, J.-C. Pesquet: A Douglas–Rachford splitting approach to nonsmooth convex variational signal recovery. IEEE J. Sel. Top. Signal Process. 1 (2007).
public struct TightFrame<G: ProximalMap>: ProximalMap {
  public typealias Element = G.Element
  public let base: G
  /// W.
  public let transform: Matrix<Element>
  /// α.
  let scale: Element
  /// Wᵀ = Q R, R diagonal with ±√α.
  let basis: QR<Element>

  /// - Precondition: W is finite, with 1 ≤ k ≤ p, and W Wᵀ is a multiple of the identity to within 16 p ulp.
  public init(_ base: G, _ transform: Matrix<Element>) {
    let (k, p) = (transform.rows, transform.columns)
    precondition(k >= 1 && k <= p, "TightFrame: \(k) rows of \(p) entries")
    let gram = transform * transform.transposed
    let α = gram[0, 0]
    let rounding = 16 * Element(p) * .ulpOfOne * α
    for i in 0..<k {
      for j in 0...i {
        precondition(
          α > 0 && (gram[i, j] - (i == j ? α : 0)).magnitude <= rounding,
          "TightFrame: entry (\(i), \(j)) of W Wᵀ is \(gram[i, j]), not that of \(α) times the identity")
      }
    }
    guard let basis = try? QR(transform.transposed) else { preconditionFailure("TightFrame: W is not finite") }
    self.base = base
    self.transform = transform
    self.basis = basis
    scale = α
  }

  public var parameterCount: Int { base.parameterCount }
  public var isConvex: Bool { base.isConvex }
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? { base.violation(parameters: λ) }
  public func stepLimit(parameters λ: Vector<Element>) -> Element { base.stepLimit(parameters: λ) / scale }
  /// At least 1, on the complement of the rows.
  public func expansion(step s: Element, parameters λ: Vector<Element>) -> Element {
    max(1, base.expansion(step: s * scale, parameters: λ))
  }
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    base.value(at: transform * w, parameters: λ)
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    let image = transform * u
    var x = Vector(copying: image)
    base.apply(step: s * scale, parameters: λ, to: &x)
    if transform.rows == transform.columns {
      u.assignProduct(transform.transposed, x)
      u.scale(by: 1 / scale)
    } else {
      x.add(-1, image)
      u.add(1 / scale, transform.transposed * x)
    }
  }

  public func makeLinearization(count p: Int) -> TightFrameLinearization<G.Linearization> {
    precondition(p == transform.columns, "TightFrame: \(transform.columns) columns for \(p) coordinates")
    return TightFrameLinearization(base.makeLinearization(count: transform.rows), basis, transform, scale)
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: TightFrameLinearization<G.Linearization>
  ) { base.linearize(at: transform * u, step: s * scale, parameters: λ, kink: kink, into: L.base) }

  /// That of g at W w, in which entries of the size of rounding errors count as zeros. Where g's pieces are told by other numbers, as bounds, rounding can hide them.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    let image = transform * w
    let rounding = 8 * Element(w.count) * .ulpOfOne * scale.squareRoot() * w.norm
    return base.signature(
      at: Vector(count: image.count) { image[$0].magnitude <= rounding ? 0 : image[$0] }, parameters: λ)
  }
}

/// R = Q [R_g, 0; 0, I] with the full orthogonal factor Q of Wᵀ, the signs of whose columns are taken over into the entries.
public final class TightFrameLinearization<L: ProximalLinearization>: ProximalLinearization {
  public typealias Element = L.Element
  let base: L
  private let basis: QR<Element>
  private let transform: Matrix<Element>
  private let scale: Element
  /// The signs of R's diagonal.
  private let signs: [Element]
  private let all: IndexSubset
  private let none: IndexSubset
  /// Room: p, k, |S_g| and r_g entries.
  private var rotated: Vector<Element>
  private var image: Vector<Element>
  private var compact = Vector<Element>.zeros(0)
  private var inner = Vector<Element>.zeros(0)

  init(_ base: L, _ basis: QR<Element>, _ transform: Matrix<Element>, _ scale: Element) {
    self.base = base
    self.basis = basis
    self.transform = transform
    self.scale = scale
    let R = basis.r
    signs = (0..<transform.rows).map { R[$0, $0] < 0 ? -1 : 1 }
    let p = transform.columns
    all = IndexSubset(Array(0..<p), universe: p)
    none = IndexSubset(universe: p)
    rotated = .zeros(p)
    image = .zeros(transform.rows)
  }

  private var k: Int { transform.rows }
  private var p: Int { transform.columns }

  public var hasFactor: Bool { base.hasFactor }
  public var isDefined: Bool { base.isDefined }
  public var active: IndexSubset { rank == 0 ? none : all }
  public var rank: Int { p - k + base.rank }
  public var isMask: Bool { rank == 0 }
  public var isProjection: Bool { base.isProjection }
  public var kinkDistance: Element? { base.kinkDistance.map { $0 / scale.squareRoot() } }
  public var parametersLieInRange: Bool { base.parametersLieInRange }

  private enum Kind { case restrict, project, expand, lift, gram }

  /// inner ← the operation of g's R; the identity on the complement of the rows needs none.
  private func baseRestrict(_ kind: Kind) {
    if compact.count != base.active.count { compact = .zeros(base.active.count) }
    if inner.count != base.rank { inner = .zeros(base.rank) }
    compact.gather(base.active, from: image)
    if kind == .restrict { base.restrict(compact, into: &inner) } else { base.project(compact, into: &inner) }
  }

  private func compress(_ x: Vector<Element>, _ z: inout Vector<Element>, _ kind: Kind) {
    rotated.copy(from: x)
    basis.applyQAdjoint(&rotated)
    for i in 0..<k { image[i] = signs[i] * rotated[i] }
    baseRestrict(kind)
    let r = base.rank
    for i in 0..<r { z[i] = inner[i] }
    for i in k..<p { z[r + i - k] = rotated[i] }
  }

  private func spread(_ z: Vector<Element>, _ x: inout Vector<Element>, _ kind: Kind) {
    if compact.count != base.active.count { compact = .zeros(base.active.count) }
    let r = base.rank
    if kind == .expand {
      base.expand(z[segment: 0..<r], into: &compact)
    } else {
      base.lift(z[segment: 0..<r], into: &compact)
    }
    image.scatter(base.active, from: compact)
    for i in 0..<k { x[i] = signs[i] * image[i] }
    for i in k..<p { x[i] = z[r + i - k] }
    basis.applyQ(&x)
  }

  public func restrict(_ x: Vector<Element>, into z: inout Vector<Element>) {
    if rank > 0 { compress(x, &z, .restrict) }
  }
  public func project(_ x: Vector<Element>, into z: inout Vector<Element>) { if rank > 0 { compress(x, &z, .project) } }
  public func expand(_ z: Vector<Element>, into x: inout Vector<Element>) { if rank > 0 { spread(z, &x, .expand) } }
  public func lift(_ z: Vector<Element>, into x: inout Vector<Element>) { if rank > 0 { spread(z, &x, .lift) } }

  public func applyGram(_ z: Vector<Element>, into y: inout Vector<Element>) {
    y.copy(from: z)
    let r = base.rank
    if base.isProjection || r == 0 { return }
    if inner.count != r { inner = .zeros(r) }
    base.applyGram(z[segment: 0..<r], into: &inner)
    for i in 0..<r { y[i] = inner[i] }
  }

  public func apply(_ x: Vector<Element>, into y: inout Vector<Element>) {
    let image = transform * x
    base.apply(image, into: &self.image)
    if k == p {
      y.assignProduct(transform.transposed, self.image)
      y.scale(by: 1 / scale)
    } else {
      self.image.add(-1, image)
      y.copy(from: x)
      y.add(1 / scale, transform.transposed * self.image)
    }
  }

  public func addParameters(_ μ: Vector<Element>, to x: inout Vector<Element>) {
    image.fill(0)
    base.addParameters(μ, to: &image)
    x.add(1 / scale, transform.transposed * image)
  }

  public func addParametersAdjoint(_ v: Vector<Element>, scale α: Element, to g: inout Vector<Element>) {
    base.addParametersAdjoint(transform * v, scale: α / scale, to: &g)
  }
}
