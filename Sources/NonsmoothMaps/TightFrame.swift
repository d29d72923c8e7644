public import LinAlg

/// `g(W w, λ)` for a k × p matrix W with W Wᵀ = α I, α > 0: an orthogonal transform, or rows of one.
///
/// prox_s(u) = u + Wᵀ(prox_{sα g}(W u) − W u)/α. With D_g and B_g there D = I − Wᵀ(I − D_g) W/α and B = WᵀB_g/α; the margin is g's over √α.
/// D is the identity on the complement of the rows. Cost: two products with W.
///
/// P. L. Combettes, J.-C. Pesquet: A Douglas–Rachford splitting approach to nonsmooth convex variational signal recovery. IEEE J. Sel. Top. Signal
/// Process. 1 (2007).
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
  public func admits(count p: Int) -> Bool { transform.columns == p }
  public var isConvex: Bool { base.isConvex }
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? { base.violation(parameters: λ) }
  public var stepLimitParameter: Int { base.stepLimitParameter }
  public func stepLimit(parameters λ: Vector<Element>) -> Element { base.stepLimit(parameters: λ) / scale }
  /// At least 1, on the complement of the rows.
  public func expansion(step s: Element, parameters λ: Vector<Element>) -> Element {
    max(1, base.expansion(step: s * scale, parameters: λ))
  }
  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let image = transform * w
    let value = base.value(at: image, parameters: λ)
    if value.isFinite || value.isNaN { return value }
    // A point of a constraint's boundary may leave it by the rounding of W w, about p ulps of its norm.
    var nearest = Vector(copying: image)
    base.apply(step: 1, parameters: λ, to: &nearest)
    let rounding = 8 * Element(w.count) * .ulpOfOne * scale.squareRoot() * w.norm
    return nearest.distance(to: image) <= rounding ? base.value(at: nearest, parameters: λ) : value
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

  public func makeLinearization(count p: Int) -> RotatedLinearization<G.Linearization> {
    precondition(p == transform.columns, "TightFrame: \(transform.columns) columns for \(p) coordinates")
    let k = transform.rows
    return RotatedLinearization(
      base.makeLinearization(count: k), count: k, weights: Vector(repeating: 1, count: p - k),
      rotation: FrameRotation(basis), parameterFactor: 1 / scale.squareRoot())
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: RotatedLinearization<G.Linearization>
  ) {
    base.linearize(at: transform * u, step: s * scale, parameters: λ, kink: kink, into: L.base)
    L.close()
  }

  /// That of g at W w, in which entries of the size of rounding errors count as zeros. Where g's pieces are told by other numbers, as bounds,
  /// rounding can hide them.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    let image = transform * w
    let rounding = 8 * Element(w.count) * .ulpOfOne * scale.squareRoot() * w.norm
    return base.signature(
      at: Vector(count: image.count) { image[$0].magnitude <= rounding ? 0 : image[$0] }, parameters: λ)
  }
}

/// x → Qᵀx with the full orthogonal factor Q of Wᵀ, the first k entries with the signs of R's diagonal: those of W x/√α.
final class FrameRotation<Element: Scalar>: Rotation {
  private let basis: QR<Element>
  private let signs: [Element]

  init(_ basis: QR<Element>) {
    self.basis = basis
    let R = basis.r
    signs = (0..<R.rows).map { R[$0, $0] < 0 ? -1 : 1 }
  }

  func forward(_ x: Vector<Element>, into y: inout Vector<Element>) {
    y.copy(from: x)
    basis.applyQAdjoint(&y)
    for i in 0..<signs.count { y[i] *= signs[i] }
  }

  func backward(_ y: Vector<Element>, into x: inout Vector<Element>) {
    x.copy(from: y)
    for i in 0..<signs.count { x[i] *= signs[i] }
    basis.applyQ(&x)
  }
}
