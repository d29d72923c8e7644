public import LinAlg

/// The outer objective E(w, λ) of a bilevel problem `min over λ of f(λ) = E(w(λ), λ)`.
///
/// Its hypergradient is `∇f = ∇_λ E + w'(λ)ᵀ ∇_w E`.
public protocol OuterObjective<Element> {
  associatedtype Element: Scalar

  /// E(w, λ).
  func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element

  /// stateGradient ← ∇_w E (p entries) and parameterGradient ← ∇_λ E (m entries) at (w, λ).
  ///
  /// - Parameter support: where given, only these entries of ∇_w E are needed; the others may hold anything finite.
  func gradient(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset?,
    state stateGradient: inout Vector<Element>,
    parameters parameterGradient: inout Vector<Element>)

  /// A Lipschitz constant of the entries of ∇_w E(·, λ) on `support` where w changes on it alone, or nil where none is known; the
  /// error bound needs it.
  func gradientLipschitzConstant(on support: IndexSubset) -> Element?

  /// A Lipschitz constant of w ↦ ∇_λ E(w, λ), 0 where E does not depend on λ, nil where none is known; the error bound needs
  /// it.
  var parameterGradientLipschitzConstant: Element? { get }

  /// Bounds on the rounding errors of what ``gradient(at:parameters:support:state:parameters:)`` writes, in the Euclidean norm: of the
  /// entries of ∇_w E on `support`, and of ∇_λ E. nil where none are known; the error bound needs them, since a gradient that is a
  /// cancelling sum has few correct digits.
  func gradientRoundingErrors(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset
  ) -> (state: Element, parameters: Element)?
}

extension OuterObjective {
  public func gradientLipschitzConstant(on support: IndexSubset) -> Element? { nil }
  public var parameterGradientLipschitzConstant: Element? { nil }
  public func gradientRoundingErrors(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset
  ) -> (state: Element, parameters: Element)? { nil }
}

/// An outer objective given by two closures.
public struct ClosureObjective<Element: Scalar>: OuterObjective {
  private let valueAt: (Vector<Element>, Vector<Element>) -> Element
  private let gradientsAt: (Vector<Element>, Vector<Element>) -> (state: Vector<Element>, parameters: Vector<Element>)

  /// - Parameters:
  ///   - value: E(w, λ).
  ///   - gradients: (∇_w E, ∇_λ E) at (w, λ), of p and m entries.
  public init(
    value: @escaping (_ w: Vector<Element>, _ λ: Vector<Element>) -> Element,
    gradients:
      @escaping (_ w: Vector<Element>, _ λ: Vector<Element>) -> (
        state: Vector<Element>, parameters: Vector<Element>
      )
  ) {
    valueAt = value
    gradientsAt = gradients
  }

  public func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element { valueAt(w, λ) }

  public func gradient(
    at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset?,
    state stateGradient: inout Vector<Element>,
    parameters parameterGradient: inout Vector<Element>
  ) {
    let gradients = gradientsAt(w, λ)
    stateGradient.copy(from: gradients.state)
    parameterGradient.copy(from: gradients.parameters)
  }
}
