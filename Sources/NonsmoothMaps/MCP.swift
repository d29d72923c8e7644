public import LinAlg

/// The minimax concave penalty `g(w, λ) = Σ h(wⱼ)`, h(w) = λ₀|w| − w²/(2λ₁) for |w| ≤ λ₀λ₁ and λ₀²λ₁/2 beyond: not convex, and constant for large
/// entries, which it does not bias.
///
/// With t = sλ₀ prox is 0 for |u| ≤ t, (|u| − t)/(1 − s/λ₁) with the sign of u up to |u| = λ₀λ₁, and u beyond. D has the slope 1/(1 − s/λ₁), above
/// 1, in the middle. Single valued for
/// steps below the concavity λ₁.
///
/// C.-H. Zhang: Nearly unbiased variable selection under minimax concave penalty. Ann. Stat. 38 (2010).
public struct MCP<Element: Scalar>: PiecewiseLinearMap {
  public init() {}
  public var parameterCount: Int { 2 }
  public var isConvex: Bool { false }

  /// A strength of at least 0, a concavity above 0.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    if let violation = ParameterViolation.negative(in: λ, expected: "a number of at least 0") { return violation }
    return λ[1] > 0 ? nil : ParameterViolation(index: 1, value: Double(λ[1]), expected: "a concavity above 0")
  }

  public var stepLimitParameter: Int { 1 }
  public func stepLimit(parameters λ: Vector<Element>) -> Element { λ[1] }
  public func expansion(step s: Element, parameters λ: Vector<Element>) -> Element {
    s < λ[1] ? λ[1] / (λ[1] - s) : .infinity
  }

  public func term(_ w: Element, parameters λ: Vector<Element>) -> Element {
    let (n, strength, γ) = (w.magnitude, λ[0], λ[1])
    return n <= strength * γ ? n * (strength - n / γ / 2) : strength * strength * γ / 2
  }

  /// - Precondition: s is below the concavity.
  public func pieces(step s: Element, parameters λ: Vector<Element>, into pieces: inout LinearPieces<Element>) {
    let (strength, γ) = (λ[0], λ[1])
    precondition(!(s >= γ), "MCP: the step \(s) must be below the concavity \(γ)")
    let (t, edge, m) = (s * strength, strength * γ, γ / (γ - s))
    let growth = (Element(0), -s / γ / (γ - s))
    pieces.add(end: -edge, slope: 1, anchor: -edge, value: -edge, shift: (0, 0))
    pieces.add(end: -t, slope: m, anchor: -t, value: 0, shift: (s * m, 0), growth: growth)
    pieces.add(end: t, slope: 0, anchor: 0, value: 0, shift: (0, 0))
    pieces.add(end: edge, slope: m, anchor: t, value: 0, shift: (-s * m, 0), growth: growth)
    pieces.add(end: .infinity, slope: 1, anchor: edge, value: edge, shift: (0, 0))
  }
}
