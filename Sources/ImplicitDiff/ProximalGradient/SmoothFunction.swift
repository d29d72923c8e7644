public import LinAlg

/// The smooth part f(w, λ) of `f + g`: convex and twice differentiable in w.
///
/// A new function is one type that conforms to this, also outside this package. Functions of a linear model, f(w) = F(X w), come with
/// `LinearModel` in Models: there a new loss says only what it is for one score. A function may own scratch memory, so it is used by one task at
/// a time.
public protocol SmoothFunction<Element>: AnyObject {
  associatedtype Element: Scalar
  associatedtype Hessian: SupportedHessian<Element>

  /// p.
  var stateCount: Int { get }
  /// The number of parameters, all of them entries of λ here; 0 where f has none.
  var parameterCount: Int { get }

  /// Why these parameters are outside the domain, or nil.
  func violation(parameters λ: Vector<Element>) -> ParameterViolation?

  /// f(w, λ).
  func value(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element
  /// g ← ∇f(w, λ), p entries.
  func gradient(at w: Vector<Element>, parameters λ: Vector<Element>, into g: inout Vector<Element>)

  /// Memory for ∇²f at a point.
  func makeHessian() -> Hessian
  /// H ← ∇²f(w, λ), g ← ∇f(w, λ).
  func linearize(
    at w: Vector<Element>, parameters λ: Vector<Element>, into H: Hessian, gradient g: inout Vector<Element>)
  /// H ← ∇²f(w, λ) where w is zero outside `support`: a function of a linear model reads those columns alone.
  func fillHessian(at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset, into H: Hessian)

  /// x ← x + α ∂_λ∇f(w, λ) μ, for the point that H was filled at.
  func addMixedDerivative(
    _ μ: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: Hessian, scale α: Element,
    to x: inout Vector<Element>)
  /// r ← r + α (∂_λ∇f(w, λ))ᵀ v, `parameterCount` entries.
  func addMixedDerivativeAdjoint(
    _ v: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: Hessian, scale α: Element,
    to r: inout Vector<Element>)

  /// Bounds on the eigenvalues of ∇²f(w, λ) over all w; asked for where a step size is.
  func curvatureBounds(parameters λ: Vector<Element>) -> (smallest: Element, largest: Element)

  /// Whether a step beyond 2/largest surely expands somewhere: true where bounds are eigenvalues, false where they may be far off. A factor of 1
  /// or more then says nothing of the map.
  var curvatureBoundsAreAttained: Bool { get }

  /// A model from below, f(w, λ) ≥ f(0, λ) − excess + (curvature/2) ‖w‖² for all w, that costs at most an evaluation of f; nil where none is known. It bounds
  /// how far the minimizer can be.
  func lowerModel(parameters λ: Vector<Element>) -> (excess: Element, curvature: Element)?

  /// ‖∂_λ∇f(w, λ)‖_F, or a bound on it; nil where nobody counted: then it takes a product per parameter.
  func mixedDerivativeFrobeniusNorm(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element?

  /// How large the terms are that make up ∇f(w, λ), in norm: the rounding errors of ∇f are measured by it.
  func gradientMagnitude(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element
}

extension SmoothFunction {
  public func violation(parameters λ: Vector<Element>) -> ParameterViolation? { ParameterViolation.notFinite(in: λ) }

  public func fillHessian(at w: Vector<Element>, parameters λ: Vector<Element>, support: IndexSubset, into H: Hessian) {
    var gradient = Vector<Element>.zeros(stateCount)
    linearize(at: w, parameters: λ, into: H, gradient: &gradient)
  }

  public func addMixedDerivative(
    _ μ: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: Hessian, scale α: Element,
    to x: inout Vector<Element>
  ) {
    precondition(parameterCount == 0, "\(Self.self): a function with parameters needs its mixed derivative")
  }

  public func addMixedDerivativeAdjoint(
    _ v: Vector<Element>, at w: Vector<Element>, parameters λ: Vector<Element>, hessian H: Hessian, scale α: Element,
    to r: inout Vector<Element>
  ) {
    precondition(parameterCount == 0, "\(Self.self): a function with parameters needs its mixed derivative")
  }

  public var curvatureBoundsAreAttained: Bool { true }
  public func lowerModel(parameters λ: Vector<Element>) -> (excess: Element, curvature: Element)? { nil }
  public func mixedDerivativeFrobeniusNorm(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element? {
    parameterCount == 0 ? 0 : nil
  }

  public func gradientMagnitude(at w: Vector<Element>, parameters λ: Vector<Element>) -> Element {
    curvatureBounds(parameters: λ).largest * w.norm
  }
}
