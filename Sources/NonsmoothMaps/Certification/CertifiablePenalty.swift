public import LinAlg

/// A penalty that can say how far an argument of its proximal map is from the next piece, and how its derivative varies until there: with a
/// smooth function that bounds its gradient, solutions and derivatives have error bounds.
///
/// One that is piecewise linear needs no more than ``piece(at:value:step:parameters:linearization:)`` with its rounding errors
/// (``PieceBound``); docs/Theory.md, "Error bound on any piece", derives what follows.
public protocol CertifiablePenalty<Element>: ProximalMap {
  /// What is known of prox_{s g} near u; nil where nothing is.
  ///
  /// - Parameters:
  ///   - u: finite, p entries.
  ///   - x: prox_{s g}(u) as computed.
  ///   - L: the linearization at u, by ``KinkRule/zero``.
  func piece(
    at u: Vector<Element>, value x: Vector<Element>, step s: Element, parameters λ: Vector<Element>,
    linearization L: Linearization
  ) -> PieceBound<Element>?

  /// A modulus of strong convexity of g, 0 where there is none.
  func strongConvexity(parameters λ: Vector<Element>) -> Element

  /// Whether ``conditions(at:gradient:parameters:linearization:)`` may say something; asked first, since it takes a gradient.
  var hasConditions: Bool { get }

  /// Conditions entry by entry, sharper than a distance, for w on the piece that L was filled at and with a derivative that is constant there;
  /// nil where w does not lie on it, or the penalty knows none.
  func conditions(
    at w: Vector<Element>, gradient: RoundedGradient<Element>, parameters λ: Vector<Element>,
    linearization L: Linearization
  ) -> OptimalityConditions<Element>?
}

extension CertifiablePenalty {
  public func strongConvexity(parameters λ: Vector<Element>) -> Element { 0 }

  public var hasConditions: Bool { false }

  public func conditions(
    at w: Vector<Element>, gradient: RoundedGradient<Element>, parameters λ: Vector<Element>,
    linearization L: Linearization
  ) -> OptimalityConditions<Element>? { nil }
}
