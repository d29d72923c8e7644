public import LinAlg
import NonsmoothMaps

/// The strength λ of a term (λ/2) ‖w‖² of a smooth function: a parameter, or given once and for all.
public enum Ridge<Element: Scalar>: Sendable, Equatable {
  /// One entry of λ.
  case parameter
  /// Given, at least 0.
  case fixed(Element)

  /// No such term.
  public static var none: Ridge { .fixed(0) }

  var parameterCount: Int { self == .parameter ? 1 : 0 }

  package func value(_ λ: Vector<Element>) -> Element {
    switch self {
    case .parameter:
      // More of them would be those of the whole map, and the first one somebody else's.
      precondition(λ.count == 1, "Ridge: a smooth function with one parameter was given \(λ.count)")
      return λ[0]
    case .fixed(let value): return value
    }
  }

  func violation(_ λ: Vector<Element>) -> ParameterViolation? {
    ParameterViolation.negative(in: λ, expected: "a strength of at least 0")
  }

  func requireDomain() {
    if case .fixed(let value) = self { precondition(value >= 0, "Ridge: a strength cannot be negative (\(value))") }
  }

  /// r ← r + α wᵀv where λ is a parameter: the mixed derivative of (λ/2) ‖w‖² is w.
  func addMixedDerivativeAdjoint(
    _ v: Vector<Element>, at w: Vector<Element>, scale α: Element, to r: inout Vector<Element>
  ) { if self == .parameter { r[0] += α * w.dot(v) } }

  /// x ← x + α μ w where λ is a parameter.
  func addMixedDerivative(
    _ μ: Vector<Element>, at w: Vector<Element>, scale α: Element, to x: inout Vector<Element>
  ) { if self == .parameter { x.add(α * μ[0], w) } }
}
