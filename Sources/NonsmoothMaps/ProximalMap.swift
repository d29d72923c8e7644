public import LinAlg

/// A function g(w, λ) that is known by its proximal map
/// `prox_{s g}(u) = argmin over w of g(w, λ) + ‖w − u‖²/(2s)`: a penalty or a constraint, the nonsmooth part of `f + g`. Convex unless it says otherwise
/// (``isConvex``).
///
/// A new penalty is one type that conforms to this, with a ``ProximalLinearization`` of its own or one of those that serve
/// many (``MaskLinearization``). Everything else, every way of solving and of differentiating, follows.
///
/// Source of what is needed of a proximal map: docs/Theory.md, "Any convex penalty".
public protocol ProximalMap<Element>: Sendable {
  associatedtype Element: Scalar
  associatedtype Linearization: ProximalLinearization<Element>

  /// The number of parameters, all of them entries of λ here: strengths, radii, bounds.
  var parameterCount: Int { get }

  /// Whether it is a function of p coordinates: false where it was made for another number. Any number will do unless it says otherwise.
  func admits(count p: Int) -> Bool

  /// Why these parameters are outside the domain (a negative strength), or nil.
  func violation(parameters λ: Vector<Element>) -> ParameterViolation?

  /// Whether g is convex for all λ of the domain. Then prox does not expand and D has eigenvalues in [0, 1].
  var isConvex: Bool { get }

  /// prox_{s g} is a single point for steps below this. Infinite for convex g.
  func stepLimit(parameters λ: Vector<Element>) -> Element

  /// The parameter that ``stepLimit(parameters:)`` depends on: the one to name where a step is too long.
  var stepLimitParameter: Int { get }

  /// A Lipschitz constant of prox_{s g}; infinite where it jumps. 1 for convex g.
  func expansion(step s: Element, parameters λ: Vector<Element>) -> Element

  /// g(w, λ); infinite where w violates a constraint.
  func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element

  /// u ← prox_{s g}(u). Allocates nothing where that can be helped.
  func apply(step s: Element, parameters λ: Vector<Element>, to u: inout Vector<Element>)

  /// Memory for the derivative at an argument of p entries.
  func makeLinearization(count p: Int) -> Linearization

  /// L ← one element of the conservative Jacobian of (u, λ) ↦ prox_{s g}(u), s held constant.
  ///
  /// - Parameter kink: which element where there are several; penalties document what it means for theirs.
  func linearize(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, kink: KinkRule, into L: Linearization)

  /// The same read off the value w = prox_{s g}(u), where w tells its piece under ``KinkRule/zero``; false, and L undefined, where
  /// it does not: then the argument is needed.
  func linearize(
    atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>, into L: Linearization
  ) -> Bool

  /// δⱼ ← a distance by which every coordinate j of u may move, all at once, within one piece (p entries); false, and δ undefined,
  /// where that is not known coordinate by coordinate.
  func margins(at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, into δ: inout Vector<Element>)
    -> Bool

  /// A bound on ‖w‖ over the w with g(w, λ) ≤ g(0, λ) + `excess`; nil where none is known.
  func normBound(excess: Element, parameters λ: Vector<Element>) -> Element?

  /// A hash of the piece that w lies on: two points with one signature share it, but for a chance of 2⁻⁶⁴.
  func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64
}

extension ProximalMap {
  /// Parameters must be finite and not negative.
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? {
    ParameterViolation.negative(in: λ, expected: "a number of at least 0")
  }

  public func admits(count p: Int) -> Bool { true }
  public var isConvex: Bool { true }
  public var stepLimitParameter: Int { 0 }
  public func stepLimit(parameters λ: Vector<Element>) -> Element { .infinity }
  public func expansion(step s: Element, parameters λ: Vector<Element>) -> Element { 1 }

  public func linearize(
    atSolution w: Vector<Element>, step s: Element, parameters λ: Vector<Element>, into L: Linearization
  ) -> Bool { false }

  public func margins(
    at u: Vector<Element>, step s: Element, parameters λ: Vector<Element>, into δ: inout Vector<Element>
  ) -> Bool { false }

  public func normBound(excess: Element, parameters λ: Vector<Element>) -> Element? { nil }

  /// The pattern of signs.
  public func signature(at w: Vector<Element>, parameters λ: Vector<Element>) -> UInt64 { w.signPattern }
}
