public import LinAlg

/// The cone {(x, y, z): x^α y^{1−α} ≥ |z|, x, y ≥ 0} with the exponent α in (0, 1) as its parameter; α = ½ is a second-order cone, rotated. The dual cone
/// by Moreau's identity, u + prox(−u); cones side by side are a ``SeparableSum``.
///
/// Outside of the cone and its polar, with z₀ = |u₃| and r = |z| in (0, z₀): x = (u₁ + √(u₁² + 4 α r (z₀ − r)))/2, y likewise with 1 − α, and r solves
/// x^α y^{1−α} = r, by bisection. D has eigenvalue 1 along x, 0 along the normal and 1/(1 + κτ) across, κ the curvature of the surface and τ the distance. B is
/// that of the moving surface, outside of D's range. On the boundary between pieces all rules of ``KinkRule`` take the outer one.
///
/// L. T. K. Hien: Differential properties of Euclidean projection onto power cone. Math. Methods Oper. Res. 82 (2015).
public struct PowerCone<Element: Scalar>: ProximalMap {
  public init() {}
  public var parameterCount: Int { 1 }
  public func admits(count p: Int) -> Bool { p == 3 }

  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    λ[0] > 0 && λ[0] < 1
      ? nil : ParameterViolation(index: 0, value: Double(λ[0]), expected: "an exponent between 0 and 1")
  }

  private enum Place { case inside, polar, quadrant, surface }

  private func place(_ u: Vector<Element>, _ α: Element) -> Place {
    let (x, y, z) = (u[0], u[1], u[2].magnitude)
    if x >= 0 && y >= 0 && mean(x, y, α) >= z { return .inside }
    // −u in the dual cone.
    if x <= 0 && y <= 0 && mean(-x / α, -y / (1 - α), α) >= z { return .polar }
    return z == 0 ? .quadrant : .surface
  }

  /// x^α y^{1−α}.
  private func mean(_ x: Element, _ y: Element, _ α: Element) -> Element {
    x == 0 || y == 0 ? 0 : Element.exp(α * Element.log(x) + (1 - α) * Element.log(y))
  }

  /// The larger root of x² − u x = c, c ≥ 0, without cancellation.
  private func larger(_ u: Element, _ c: Element) -> Element {
    let root = Element.hypot(u, 2 * c.squareRoot())
    return u >= 0 ? (u + root) / 2 : (c == 0 ? 0 : 2 * c / (root - u))
  }

  /// x, y and r for u on the surface's side, |u| of moderate size.
  private func solve(_ u: Vector<Element>, _ α: Element) -> (x: Element, y: Element, r: Element) {
    let z = u[2].magnitude
    var (low, high) = (Element(0), z)
    func point(_ r: Element) -> (Element, Element) {
      (larger(u[0], α * r * (z - r)), larger(u[1], (1 - α) * r * (z - r)))
    }
    while true {
      let r = low / 2 + high / 2
      if r <= low || r >= high { break }
      let (x, y) = point(r)
      if mean(x, y, α) > r { low = r } else { high = r }
    }
    let (x, y) = point(low)
    return (x, y, low)
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    if w.contains(where: \.isNaN) { return .nan }
    var x = w
    apply(step: 1, parameters: λ, to: &x)
    return x.distance(to: w) <= 32 * .ulpOfOne * w.norm ? 0 : .infinity
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    if u.firstNonFinite != nil { return u.fill(.nan) }
    switch place(u, λ[0]) {
    case .inside: return
    case .polar: u.fill(0)
    case .quadrant: (u[0], u[1]) = (max(0, u[0]), max(0, u[1]))
    case .surface:
      let scale = u.maxNorm.binade
      let v = u.divided(by: scale)
      let (x, y, r) = solve(v, λ[0])
      u.copy(from: [x, y, v[2] < 0 ? -r : r])
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
    if u.firstNonFinite != nil { return L.fill(free: .zeros(3), columns: [.zeros(3)], kinkDistance: .nan) }
    let none = Vector<Element>.zeros(3)
    switch place(u, λ[0]) {
    case .inside: L.fill(free: [1, 1, 1], columns: [none], kinkDistance: nil)
    case .polar: L.fill(free: none, columns: [none], kinkDistance: nil)
    case .quadrant: fillEdge(u, λ[0], L)
    case .surface: fillSurface(u, λ[0], L)
    }
  }

  /// At u = (−τ, y, 0) or (x, −τ, 0) the nearest point lies on an edge, along which the surface leaves it as |z|^{1/α}.
  private func fillEdge(_ u: Vector<Element>, _ α: Element, _ L: ComplementLinearization<Element>) {
    let first = u[0] < 0
    let (away, along, power) = first ? (-u[0], u[1], α) : (-u[1], u[0], 1 - α)
    // The curvature of x = (z/y^{1−α})^{1/α} at z = 0: none, 2/y or infinite.
    let keeps: Element = power < 0.5 ? 1 : (power == 0.5 ? along / (along + 2 * away) : 0)
    let none = [Vector<Element>.zeros(3)]
    if keeps == 0 || keeps == 1 {
      return L.fill(free: [first ? 0 : 1, first ? 1 : 0, keeps], columns: none, kinkDistance: nil)
    }
    L.fill(
      free: [first ? 0 : 1, first ? 1 : 0, 1], root: keeps.squareRoot(), line: first ? [0, 1, 0] : [1, 0, 0],
      columns: none, kinkDistance: nil)
  }

  private func fillSurface(_ u: Vector<Element>, _ α: Element, _ L: ComplementLinearization<Element>) {
    let scale = u.maxNorm.binade
    let v = u.divided(by: scale)
    let (x, y, r) = solve(v, α)
    let sign: Element = v[2] < 0 ? -1 : 1
    let w: Vector<Element> = [x, y, sign * r]
    // The outward normal is along u − w, and along (−α r/x, −(1 − α) r/y, sign) as a gradient of F = |z| − x^α y^{1−α}.
    let outside = v - w
    let (size, τ) = (w.norm, outside.norm)
    guard size > 0, τ > 0, x > 0, y > 0, r > 0 else {
      return L.fill(free: .zeros(3), columns: [.zeros(3)], kinkDistance: 0)
    }
    let ray = w.divided(by: size)
    let (slopeX, slopeY): (Element, Element) = (-α * r / x, -(1 - α) * r / y)
    var gradient: Vector<Element> = [slopeX, slopeY, sign]
    let steepness = gradient.norm
    gradient.scale(by: 1 / steepness)
    // Orthogonal to the ray but for rounding.
    gradient.add(-gradient.dot(ray), ray)
    gradient.scale(by: 1 / gradient.norm)
    let normal = gradient
    let q = ray.cross(normal)
    // −∇²(x^α y^{1−α}) = α(1 − α) r (1/x, −1/y)(1/x, −1/y)ᵀ.
    let bend = α * (1 - α) * (r / steepness)
    func turn(_ d: Vector<Element>) -> Element { d[0] / x - d[1] / y }
    let (qTurn, nTurn) = (turn(q), turn(normal))
    let stiffness = 1 + τ * bend * qTurn * qTurn
    // ∂_α F = −r log(x/y), and of its gradient what lies along the ray and across.
    let logarithm = Element.log(x) - Element.log(y)
    let move = r * logarithm / steepness
    let (byX, byY): (Element, Element) = (-(r / x) * (1 + α * logarithm), (r / y) * (1 - (1 - α) * logarithm))
    let ofGradient: Vector<Element> = [byX, byY, 0]
    let μ = τ / steepness
    var column = move * normal
    column.add(-μ * ofGradient.dot(ray), ray)
    let across: Element = μ * ofGradient.dot(q) + τ * bend * qTurn * nTurn * move
    column.add(-across / stiffness, q)
    column.scale(by: scale)
    L.fill(
      free: [1, 1, 1], normal: normal, root: max((1 / stiffness).squareRoot(), .ulpOfOne), line: ray, columns: [column],
      inRange: false, kinkDistance: min(size, τ) * scale)
  }

  /// At the apex, on an edge, on the surface or inside.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 {
    let (x, y, z) = (w[0], w[1], w[2].magnitude)
    if w.nonzeroCount == 0 { return 0 }
    if z == 0 && (x <= 0 || y <= 0) { return 1 }
    let r = mean(max(0, x), max(0, y), λ[0])
    let slope = Element.hypot(1, Element.hypot(λ[0] * r / x, (1 - λ[0]) * r / y))
    return r - z <= 64 * .ulpOfOne * w.norm * slope ? 2 : 3
  }
}
