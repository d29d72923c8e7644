public import LinAlg

/// The smoothly clipped absolute deviation `g(w, λ) = Σ h(wⱼ)` with strength λ₀ and a = λ₁ > 2: h(w) = λ₀|w| for |w| ≤ λ₀, a quadratic from there to
/// |w| = aλ₀, and λ₀²(a + 1)/2 beyond. Not
/// convex.
///
/// prox thresholds softly by t = sλ₀ up to |u| = λ₀ + t, is ((a − 1)|u| − aλ₀s)/(a − 1 − s) with the sign of u up to |u| = aλ₀, and u beyond. D has
/// the slope (a − 1)/(a − 1 − s), above 1,
/// there. Single valued for steps below a − 1.
///
/// J. Fan, R. Li: Variable selection via nonconcave penalized likelihood and its oracle properties. J. Am. Stat. Assoc. 96 (2001).
public struct SCAD<Element: Scalar>: PiecewiseLinearMap {
  public init() {}
  public var parameterCount: Int { 2 }
  public var isConvex: Bool { false }

  /// A strength of at least 0, an a above 2.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    if let violation = ParameterViolation.negative(in: λ, expected: "a number of at least 0") { return violation }
    return λ[1] > 2 ? nil : ParameterViolation(index: 1, value: Double(λ[1]), expected: "a number above 2")
  }

  public var stepLimitParameter: Int { 1 }
  public func stepLimit(parameters λ: Vector<Element>) -> Element { λ[1] - 1 }
  public func expansion(step s: Element, parameters λ: Vector<Element>) -> Element {
    s < λ[1] - 1 ? (λ[1] - 1) / (λ[1] - 1 - s) : .infinity
  }

  public func term(_ w: Element, parameters λ: Vector<Element>) -> Element {
    let (n, strength, a) = (w.magnitude, λ[0], λ[1])
    if n <= strength { return strength * n }
    // The slope falls linearly from the strength at `strength` to 0 at a · strength.
    if n <= a * strength {
      let x = n - strength
      return strength * strength + x * (strength - x / (a - 1) / 2)
    }
    return strength * strength * (a + 1) / 2
  }

  /// - Precondition: s is below a − 1.
  public func pieces(step s: Element, parameters λ: Vector<Element>, into pieces: inout LinearPieces<Element>) {
    let (strength, b) = (λ[0], λ[1] - 1)
    precondition(!(s >= b), "SCAD: the step \(s) must be below \(b)")
    let (t, bend, edge, m) = (s * strength, strength * (1 + s), strength * (b + 1), b / (b - s))
    let growth = (Element(0), -s / b / (b - s))
    let shift = (-s * (b + 1) / (b - s), t / b / (b - s))
    pieces.add(end: -edge, slope: 1, anchor: -edge, value: -edge, shift: (0, 0))
    pieces.add(end: -bend, slope: m, anchor: -edge, value: -edge, shift: (-shift.0, -shift.1), growth: growth)
    pieces.add(end: -t, slope: 1, anchor: -t, value: 0, shift: (s, 0))
    pieces.add(end: t, slope: 0, anchor: 0, value: 0, shift: (0, 0))
    pieces.add(end: bend, slope: 1, anchor: t, value: 0, shift: (-s, 0))
    pieces.add(end: edge, slope: m, anchor: edge, value: edge, shift: shift, growth: growth)
    pieces.add(end: .infinity, slope: 1, anchor: edge, value: edge, shift: (0, 0))
  }
}
