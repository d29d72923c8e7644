public import LinAlg

/// `g((x, y), λ) = λ x log(x/y)`, jointly convex on x, y ≥ 0, with 0 log(0/y) = 0: the relative entropy of one pair; of many it is a ``SeparableSum`` of this
/// one, `SeparableSum(each: RelativeEntropy(), of: pairs)`.
///
/// With t = sλ and ρ = x/y, prox is y = u₂ + tρ, x = ρ y for the root of tρ² + u₂ρ + t log ρ + t − u₁, which grows with ρ where y > 0; zero where
/// −u₂ ≥ t e^{u₁/t − 1}. D has eigenvalue 1 along (ρ, 1) and x/(x + t(1 + ρ²)) across. On the boundary of the zeros all rules of ``KinkRule`` take zero.
///
/// P. L. Combettes, C. L. Müller: Perspective functions: proximal calculus and applications in high-dimensional statistics. J. Math. Anal. Appl. 457 (2018).
public struct RelativeEntropy<Element: Scalar>: ProximalMap {
  public init() {}
  public var parameterCount: Int { 1 }
  public func admits(count p: Int) -> Bool { p == 2 }

  /// At a strength of 0 prox is the projection on a quadrant, whose B does not exist at its edges.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    if let violation = ParameterViolation.notFinite(in: λ) { return violation }
    return λ[0] > 0 ? nil : ParameterViolation(index: 0, value: Double(λ[0]), expected: "a strength above 0")
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    let (x, y) = (w[0], w[1])
    if (x + y).isNaN { return .nan }
    if x < 0 || y < 0 || (y == 0 && x > 0) { return .infinity }
    return x == 0 ? 0 : λ[0] * x * (Element.log(x) - Element.log(y))
  }

  /// log ρ at (a, b) = u/t; nil where prox is zero.
  private func root(_ a: Element, _ b: Element) -> Element? {
    // exp(2ξ) + b exp(ξ) + ξ + 1 − a grows with ξ = log ρ where exp(ξ) + b > 0.
    var low = -Element.greatestFiniteMagnitude.squareRoot()
    if b < 0 {
      low = Element.log(-b)
      if low >= a - 1 { return nil }
    }
    // Beyond the root: by the terms that are surely above 0 there.
    var high = max(low, a - 1, 1)
    high = max(low, min(high, Element.log(.greatestFiniteMagnitude) / 2))
    if b >= 0 { low = max(low, min(a - 2 - b, -1)) }
    while true {
      let middle = low / 2 + high / 2
      if middle <= low || middle >= high || high - low <= .ulpOfOne / 4 { return middle }
      let ρ = Element.exp(middle)
      if ρ * (ρ + b) + middle + 1 < a { low = middle } else { high = middle }
    }
  }

  /// x, y and ρ over max(1, ρ) with 1 over that; nil where prox is zero.
  private func solve(
    _ u: Vector<Element>, _ t: Element
  ) -> (x: Element, y: Element, ratio: (Element, Element), log: Element)? {
    guard let ξ = root(u[0] / t, u[1] / t) else { return nil }
    let ρ = Element.exp(ξ)
    // Of the two equations the one with less cancellation gives the point.
    let x = max(0, u[0] - t * (1 + ξ))
    let y = max(0, u[1] + t * ρ)
    let size = Element.hypot(1, ρ)
    // The point on the ray (ρ, 1) nearest to both.
    let along = (x * ρ + y) / size
    return (along * (ρ / size), along / size, (ρ / size, 1 / size), ξ)
  }

  public func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>) {
    if u.firstNonFinite != nil { return u.fill(.nan) }
    guard let found = solve(u, s * λ[0]) else { return u.fill(0) }
    (u[0], u[1]) = (found.x, found.y)
  }

  public func makeLinearization(count p: Int) -> ComplementLinearization<Element> {
    ComplementLinearization(count: p)
  }

  public func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule,
    into L: ComplementLinearization<Element>
  ) {
    let t = s * λ[0]
    if u.firstNonFinite != nil { return L.fill(free: .zeros(2), kinkDistance: .nan) }
    guard let found = solve(u, t) else { return L.fill(free: .zeros(2), kinkDistance: nil) }
    let (x, (c, d)) = (found.x, found.ratio)
    // x/(x + t (1 + ρ²)), d = 1/√(1 + ρ²).
    let across = x * d * d / (x * d * d + t)
    let normal: Vector<Element> = [d, -c]
    let line: Vector<Element> = [c, d]
    // ∇g = (log ρ + 1, −ρ) = (u − w)/t, and B = −s D ∇g.
    let gradient: Vector<Element> = [found.log + 1, -Element.exp(found.log)]
    var column = (line.dot(gradient)) * line
    column.add(across * normal.dot(gradient), normal)
    column.scale(by: -s)
    // prox takes off u the projection on the scaled set whose support function g is: u is as far from that set as w from zero.
    L.fill(
      free: [1, 1], normal: nil, root: max(across.squareRoot(), .ulpOfOne), line: line, columns: [column],
      kinkDistance: Element.hypot(found.x, found.y))
  }

  /// Zero or not.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 { w.nonzeroCount == 0 ? 0 : 1 }
}
