public import LinAlg

/// The cone {(x, y, z): y > 0, y e^{x/y} ≤ z} with its face {x ≤ 0, y = 0, z ≥ 0}. No parameters; cones side by side are a ``SeparableSum`` of it.
///
/// Outside of the cone and its polar, u = α p + β n with the ray p = (r, 1, e^r) and the outward normal n = (e^r, (1 − r) e^r, −1) of one r, found by
/// bisection over the numbers of the precision. D has eigenvalue 1 along p, 0 along n and 1/(1 + κ‖βn‖) across, κ the curvature of the surface. Where
/// u₁, u₂ ≤ 0, x lies on the face. On the boundary between pieces all rules of ``KinkRule`` take the outer one.
///
/// H. A. Friberg: Projection onto the exponential cone: a univariate root-finding problem. Optim. Methods Softw. 38 (2023).
public struct ExponentialCone<Element: Scalar>: ProximalMap {
  public init() {}
  public var parameterCount: Int { 0 }
  public func admits(count p: Int) -> Bool { p == 3 }

  /// Where u is with respect to the cone.
  private enum Place { case inside, polar, face, surface }

  private func place(_ u: Vector<Element>) -> Place {
    let (x, y, z) = (u[0], u[1], u[2])
    // y e^{x/y} ≤ z by logarithms, which do not overflow.
    if y > 0 && z > 0 && x <= y * (Element.log(z) - Element.log(y)) { return .inside }
    if y == 0 && x <= 0 && z >= 0 { return .inside }
    // −u in the dual cone: x e^{y/x − 1} ≤ −z for x > 0, or x = 0 and y, z ≤ 0.
    if x > 0 && z < 0 && y <= x * (1 + Element.log(-z) - Element.log(x)) { return .polar }
    if x == 0 && y <= 0 && z <= 0 { return .polar }
    return x <= 0 && y <= 0 ? .face : .surface
  }

  /// Whether r lies left of that of the projection.
  private func isLeft(_ r: Element, of u: Vector<Element>) -> Bool {
    let (x, y, z) = (u[0], u[1], u[2])
    // e^r, and numbers over e^{2r} where that is large.
    let isLarge = r > 0
    let (E, I) = (Element.exp(min(r, 0)), Element.exp(-max(r, 0)))
    // On the side from which u is seen, u·n > 0, there is one critical point of u·p/‖p‖, its maximum.
    let seen = (x + y * (1 - r)) * E - z * I
    if !(seen > 0) { return y > 0 ? r * y < x : true }
    if z < 0 {
      // u·p > 0, concave in r.
      let along = (x * r + y) * I + z * E
      if !(along > 0) { return x > 0 && r < Element.log(x) - Element.log(-z) }
    }
    // u·(p × n), above 0 right of the maximum.
    let (one, square, middle) = isLarge ? (I * I, Element(1), I) : (1, E * E, E)
    let first: Element = x * (-one - (1 - r) * square)
    let second: Element = y * (square + r * one)
    let third: Element = z * middle * (r - r * r - 1)
    let slope = first + second + third
    return slope < 0
  }

  /// The projection's r, to an ulp of max(1, |r|).
  private func root(_ u: Vector<Element>) -> Element {
    // Some r ends every doubling: where e^r overflows or r² does the answer no longer depends on r.
    let most = Element.log(.greatestFiniteMagnitude)
    let least = -Element.greatestFiniteMagnitude.squareRoot()
    var (low, high): (Element, Element) = (0, 0)
    if isLeft(0, of: u) {
      high = 1
      while high < most && isLeft(high, of: u) { (low, high) = (high, min(2 * high, most)) }
    } else {
      low = -1
      while low > least && !isLeft(low, of: u) { (low, high) = (max(4 * low, least), low) }
    }
    while true {
      let middle = low / 2 + high / 2
      if middle <= low || middle >= high || high - low <= .ulpOfOne / 4 { return middle }
      if isLeft(middle, of: u) { low = middle } else { high = middle }
    }
  }

  /// p/‖p‖ and n/‖n‖ at r.
  private func frame(_ r: Element) -> (ray: Vector<Element>, normal: Vector<Element>) {
    let (E, I) = (Element.exp(min(r, 0)), Element.exp(-max(r, 0)))
    let ray: Vector<Element> = [r * I, I, E]
    let steepness: Element = (1 - r) * E
    let normal: Vector<Element> = [E, steepness, -I]
    return (ray.divided(by: ray.norm), normal.divided(by: normal.norm))
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    if w.contains(where: \.isNaN) { return .nan }
    var x = w
    apply(step: 1, parameters: λ, to: &x)
    return x.distance(to: w) <= 32 * .ulpOfOne * w.norm ? 0 : .infinity
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    if u.firstNonFinite != nil { return u.fill(.nan) }
    switch place(u) {
    case .inside: return
    case .polar: u.fill(0)
    case .face: (u[1], u[2]) = (0, max(0, u[2]))
    case .surface:
      // At unit scale, so that no product overflows.
      let scale = u.maxNorm.binade
      let v = u.divided(by: scale)
      let ray = frame(root(v)).ray
      u.copy(from: max(0, ray.dot(v)) * ray)
      u.scale(by: scale)
    }
  }

  public func makeLinearization(count p: Int) -> ComplementLinearization<Element> {
    ComplementLinearization(count: p)
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: ComplementLinearization<Element>
  ) {
    if u.firstNonFinite != nil { return L.fill(free: .zeros(3), kinkDistance: .nan) }
    switch place(u) {
    case .inside: L.fill(free: [1, 1, 1], kinkDistance: nil)
    case .polar: L.fill(free: .zeros(3), kinkDistance: nil)
    case .face:
      L.fill(free: [1, 0, u[2] > 0 ? 1 : 0], kinkDistance: min(-u[0], -u[1], u[2].magnitude))
    case .surface:
      let scale = u.maxNorm.binade
      let v = u.divided(by: scale)
      let r = root(v)
      let (ray, normal) = frame(r)
      let (along, across) = (max(0, ray.dot(v)), max(0, normal.dot(v)))
      // With q = ray × normal the surface y e^{x/y} = z curves by e^r/y (q₁ − r q₂)²/‖∇‖, ∇ = (e^r, (1 − r) e^r, −1): y = along I/‖p‖.
      let q = ray.cross(normal)
      let side = q[0] - r * q[1]
      // e^r/‖∇‖ is the first entry of the normal, and y the second of the ray times its length.
      let bend = across * normal[0] * side * side
      let height = along * ray[1]
      // height/(height + bend), which neither over- nor underflows: both are at most the size of v.
      let root: Element = height + bend > 0 ? (height / (height + bend)).squareRoot() : 0
      // To the cone, its polar and the face's arguments.
      let face = Element.hypot(max(u[0], 0), max(u[1], 0))
      L.fill(
        free: [1, 1, 1], normal: normal, root: max(root, .ulpOfOne), line: ray,
        kinkDistance: min(min(along, across) * scale, face))
    }
  }

  /// At the apex, on the face, on the surface or inside.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    if w.nonzeroCount == 0 { return 0 }
    if w[1] <= 0 { return w[2] > 0 ? 1 : 4 }
    let (x, y, z) = (w[0], w[1], w[2])
    // Within some ulps of the surface, by the height of z above it over the slope.
    let excess = z - y * Element.exp(x / y)
    let e = Element.exp(x / y)
    let slope = Element.hypot(Element.hypot(e, (1 - x / y) * e), 1)
    return excess <= 64 * .ulpOfOne * w.norm * slope ? 2 : 3
  }
}
