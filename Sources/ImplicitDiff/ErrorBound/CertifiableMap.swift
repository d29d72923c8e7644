public import LinAlg

/// A map that can bound how far a state is from its exact fixed point, so that the error of a derivative can be bounded.
public protocol CertifiableMap<Element>: FixedPointMap {
  /// What w and the piece that was linearized at it say of the exact solution w*; nil where they say nothing.
  ///
  /// Every rounding error of what is computed for it is counted in.
  func solutionBounds(
    at w: Vector<Element>, parameters λ: Vector<Element>, linearization: Linearization
  ) -> SolutionBounds<Element>?

  /// What is known of the error of the hypergradient A2ᵀ v + ∇_λ E for the computed adjoint v, on pieces of any kind: where
  /// ``solutionBounds(at:parameters:linearization:)`` says nothing.
  ///
  /// - Throws: why nothing is known.
  func certificate(
    at w: Vector<Element>, parameters λ: Vector<Element>, linearization: Linearization, adjoint v: Vector<Element>,
    objective: some OuterObjective<Element>
  ) throws(NoBound<Element>) -> Certificate<Element>
}

extension CertifiableMap {
  public func certificate(
    at w: Vector<Element>, parameters λ: Vector<Element>, linearization: Linearization, adjoint v: Vector<Element>,
    objective: some OuterObjective<Element>
  ) throws(NoBound<Element>) -> Certificate<Element> { throw .penaltyHasNoBound }
}

/// Two bounds on one solution: by the strong convexity that is known for nothing, and by one that has to be looked for.
public struct SolutionBounds<Element: Scalar> {
  /// The gradient of F's smooth part at w, as computed, p entries.
  public var gradient: Vector<Element>
  /// By what is known, as a ridge; nil where nothing is.
  public var known: SolutionBound<Element>?
  /// By what a factorization on the support finds; nil where that finds nothing better. Computed when called.
  public var found: () -> SolutionBound<Element>?

  public init(
    gradient: Vector<Element>, known: SolutionBound<Element>?, found: @escaping () -> SolutionBound<Element>?
  ) {
    self.gradient = gradient
    self.known = known
    self.found = found
  }
}

/// The exact solution as far as a computed one tells, for a map of the form `w − s ∇F(w)` on the piece of the support S.
public struct SolutionBound<Element: Scalar>: Sendable {
  /// ‖d‖, d the gradient of F at w on the piece: what is missing to the optimality conditions.
  public var optimalityResidual: Element
  /// μ, a strong-convexity modulus of F on the support between w and w*.
  public var strongConvexity: Element
  /// e, a bound on ‖w − w*‖ where ``stateErrorIsProven``.
  public var stateError: Element
  /// Whether ``stateError`` is a bound: where ``isIdentified``, and with strong convexity everywhere also where the piece is not.
  public var stateErrorIsProven: Bool
  /// Whether w* is proven to lie on w's piece.
  public var isIdentified: Bool
  /// A lower bound on the distance from w, along the support, to the nearest change of the piece.
  public var kinkDistance: Element
  /// L_H with ‖H(w) − H(w')‖ ≤ L_H ‖w − w'‖ on the support.
  public var hessianLipschitzConstant: Element
  /// A bound on the rounding error of H_SS z for ‖z‖ = 1.
  public var hessianRounding: Element
  /// L_P with ‖∂_λ∇F(w) − ∂_λ∇F(w')‖ ≤ L_P ‖w − w'‖ on the piece: 1 where λ has a ridge's strength.
  public var mixedDerivativeLipschitzConstant: Element
  /// A bound on the rounding error of ∂_λ∇F as it is multiplied by, in the Frobenius norm.
  public var mixedDerivativeRounding: Element

  public init(
    optimalityResidual: Element, strongConvexity: Element, stateError: Element, isIdentified: Bool,
    kinkDistance: Element, hessianLipschitzConstant: Element, hessianRounding: Element,
    mixedDerivativeLipschitzConstant: Element, mixedDerivativeRounding: Element = 0
  ) {
    self.optimalityResidual = optimalityResidual
    self.strongConvexity = strongConvexity
    self.stateError = stateError
    stateErrorIsProven = isIdentified
    self.isIdentified = isIdentified
    self.kinkDistance = kinkDistance
    self.hessianLipschitzConstant = hessianLipschitzConstant
    self.hessianRounding = hessianRounding
    self.mixedDerivativeLipschitzConstant = mixedDerivativeLipschitzConstant
    self.mixedDerivativeRounding = mixedDerivativeRounding
  }
}
